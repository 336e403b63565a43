import { closest, distance } from "fastest-levenshtein";

/**
 * An error whose message is meant for the person who runs the program: what was wrong, what was expected,
 * what to do. The command line prints the message alone; any other error is a defect and keeps its stack.
 */
export class UserError extends Error {
  override name = "UserError";
}

/** `unknown data set "mnits". Known: mnist, fashion-mnist, folder:PATH. Did you mean "mnist"?` */
export function unknownName(kind: string, got: string, known: readonly string[]): UserError {
  // Letters in the wrong order are the likeliest slip: "vea" means "vae" and not "ae".
  const letters = (name: string): string => Array.from(name).sort().join("");
  const swapped = known.find((name) => letters(name) === letters(got));
  const nearest = swapped ?? (known.length > 0 ? closest(got, [...known]) : undefined);
  const near = nearest !== undefined && distance(got, nearest) <= Math.max(2, nearest.length / 3);
  const hint = near ? ` Did you mean "${nearest}"?` : "";
  return new UserError(`unknown ${kind} "${got}". Known: ${known.join(", ") || "none yet"}.${hint}`);
}

/** The value of `key` in `table`. @throws UserError that lists the known keys. */
export function lookup<T>(kind: string, table: Readonly<Record<string, T>>, key: string): T {
  if (!Object.hasOwn(table, key)) throw unknownName(kind, key, Object.keys(table));
  return table[key] as T;
}
