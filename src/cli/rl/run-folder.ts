import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { UserError, unknownName } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import type { Finite } from "./shared.ts";

/** config.json of a run that holds a table of action values. */
export const TabularRun = z.strictObject({
  kind: z.literal("tabular"),
  galatea: z.string(),
  algorithm: z.string(),
  env: z.string(),
  envOptions: z.record(z.string(), z.unknown()),
  maxSteps: z.number(),
  seed: z.int().min(0),
  settings: z.record(z.string(), z.union([z.number(), z.string()])),
});

export type TabularRun = z.output<typeof TabularRun>;

const Values = z.strictObject({
  states: z.int(),
  actions: z.int(),
  episodes: z.int(),
  /** Q(s, a) at s · actions + a. */
  Q: z.array(z.number()),
});

/** A folder under runs/ that does not exist yet. */
export async function freeFolder(base: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join("runs", n === 1 ? base : `${base}-${n}`);
    if (!(await isRun(path))) return path;
  }
}

export async function isRun(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length > 0;
  } catch {
    return false;
  }
}

export async function createFolder(path: string, config: TabularRun): Promise<void> {
  if (await isRun(path))
    throw new UserError(`${path} is not empty: it may hold another run. Choose another folder with --out`);
  await mkdir(path, { recursive: true });
  await writeFileAtomic(join(path, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
}

export async function saveValues(
  path: string,
  { model }: Finite,
  Q: Float64Array,
  episodes: number,
): Promise<void> {
  const { states, actions } = model;
  const table = Array.from(Q.subarray(0, states * actions));
  await writeFileAtomic(
    join(path, "values.json"),
    `${JSON.stringify({ states, actions, episodes, Q: table })}\n`,
  );
}

/** A run by its folder, or by its name under runs/. */
export async function openFolder(name: string): Promise<{ path: string; run: TabularRun; Q: Float64Array }> {
  for (const path of [name, join("runs", name)]) {
    const text = await readIfThere(join(path, "config.json"));
    if (text === undefined) continue;
    const run = parse(TabularRun, text, join(path, "config.json"), "a run of `galatea rl train`");
    const file = join(path, "values.json");
    const stored = await readIfThere(file);
    if (stored === undefined)
      throw new UserError(`${path} holds no values.json: the run was stopped before it saved anything`);
    const values = parse(Values, stored, file, "a table of action values");
    if (values.Q.length !== values.states * values.actions) {
      throw new UserError(
        `${file}: ${values.Q.length} values for ${values.states} states × ${values.actions} actions`,
      );
    }
    const Q = new Float64Array(values.Q.length + values.actions);
    Q.set(values.Q);
    return { path, run, Q };
  }
  throw unknownName("run", name, await runNames());
}

async function runNames(): Promise<string[]> {
  try {
    const names = await readdir("runs");
    const found = await Promise.all(
      names.map(async (name) =>
        (await readIfThere(join("runs", name, "values.json"))) === undefined ? [] : [basename(name)],
      ),
    );
    return found.flat();
  } catch {
    return [];
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function parse<S extends z.ZodType>(schema: S, text: string, path: string, what: string): z.output<S> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UserError(
      `${path} is not JSON: it was cut short or changed by hand. Train again, or restore the file.`,
    );
  }
  const result = schema.safeParse(data);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new UserError(`${path} is not ${what}: ${issue!.path.join(".") || "it"}: ${issue!.message}`);
  }
  return result.data;
}
