import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { readIfThere, writeFileAtomic } from "../../files/node.ts";
import { Memory } from "../../rl/tabular/memory.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import type { RunFolder } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import type { Finite } from "./shared.ts";

/** values.json: a table of action values for other programs; runs of the first tabular format have only this. */
const Values = z.strictObject({
  states: z.int(),
  actions: z.int(),
  episodes: z.int(),
  /** Q(s, a) at s · actions + a. */
  Q: z.array(z.number()),
});

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

/** The table of a run of the first format; undefined where there is none. It can be played, but not trained further. */
export async function oldCheckpoint({ path, config }: RunFolder<AgentRun>): Promise<Checkpoint | undefined> {
  const file = join(path, "values.json");
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const { states, actions, episodes, Q } = parse(text, file);
  if (Q.length !== states * actions)
    throw new UserError(`${file}: ${Q.length} values for ${states} states × ${actions} actions`);
  const memory = new Memory();
  memory.floats("Q", () => Float64Array.from([...Q, ...Array.from({ length: actions }, () => 0)]));
  return { step: episodes, seed: config.seed, seconds: 0, tensors: { weights: memory.dict() }, progress: {} };
}

function parse(text: string, file: string): z.output<typeof Values> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UserError(
      `${file} is not JSON: it was cut short or changed by hand. Train again, or restore the file.`,
    );
  }
  const result = Values.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UserError(
    `${file} is not a table of action values: ${issue!.path.join(".") || "it"}: ${issue!.message}`,
  );
}
