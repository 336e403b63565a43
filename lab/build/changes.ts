/** What changes in the code from one algorithm to the next. */
import { isComment } from "./source.ts";

/** A line that stays, goes or comes; `skipped` stands for lines that stay and are not shown. */
export interface Change {
  readonly kind: "same" | "removed" | "added" | "skipped";
  readonly text: string;
}

/** With a smaller share of common lines, two programs are two programs, and comparing them tells nothing. */
const ALIKE = 0.25;
/** Lines that are shown around a change. */
const AROUND = 2;

/** One of the shortest ways from one list of lines to another, by their longest common subsequence. */
function edits(from: readonly string[], to: readonly string[]): Change[] {
  // common[i][j]: how many lines from[i …] and to[j …] have in common, in order.
  const common = Array.from({ length: from.length + 1 }, () => new Uint16Array(to.length + 1));
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--)
      common[i]![j] =
        from[i] === to[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    if (i < from.length && from[i] === to[j]) {
      changes.push({ kind: "same", text: from[i++]! });
      j++;
    } else if (i < from.length && (j === to.length || common[i + 1]![j]! >= common[i]![j + 1]!))
      changes.push({ kind: "removed", text: from[i++]! });
    else changes.push({ kind: "added", text: to[j++]! });
  }
  return changes;
}

/** Lines that tell something by themselves: a closing brace is common to all programs. */
const telling = (lines: readonly string[]): number => lines.filter((line) => /\w/.test(line)).length;

const codeOf = (part: string): string[] =>
  part.split("\n").filter((line) => line.trim() !== "" && !isComment(line));

/** The lines that change between two parts, with some around them; nothing where the parts have little in common. */
export function changesOf(from: string, to: string): readonly Change[] | undefined {
  const [a, b] = [codeOf(from), codeOf(to)];
  const all = edits(a, b);
  const same = telling(all.filter(({ kind }) => kind === "same").map(({ text }) => text));
  if ((2 * same) / (telling(a) + telling(b)) < ALIKE) return undefined;
  const near = all.map((_, i) =>
    all.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(({ kind }) => kind !== "same"),
  );
  return all.flatMap((change, i): Change[] => {
    if (near[i]) return [change];
    return i === 0 || near[i - 1] ? [{ kind: "skipped", text: "" }] : [];
  });
}
