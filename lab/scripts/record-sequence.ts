/** Records what plays on the pages of sequences while the engine loads: npx tsx --tsconfig lab/tsconfig.json lab/scripts/record-sequence.ts */
import { writeFile } from "node:fs/promises";
import { createEngine } from "../../src/index.node.ts";
import { someNames } from "../build/names.ts";
import { type Candidate, NameWriter } from "../src/sequence/gpt.ts";
import { type PackedLook, packed } from "../src/sequence/packed.ts";
import { Pairs } from "../src/sequence/pairs.ts";
import type { GptFrame, GptRecording, PairRecording } from "../src/sequence/recorded.ts";
import { SOURCE, TASK_NAMES, type TaskName, VARIANT_NAMES } from "../src/sequence/variants.ts";

/** Steps at which a run is looked at. */
const [PAIRS, GPT] = [
  [1, 30, 60, 100, 200, 400],
  [1, 20, 50, 100, 200, 300, 450, 700, 1000],
] as const;
/** Names that are written at each look. */
const COUNT = 6;

const engine = await createEngine({ threads: 1 });

/** Numbers to three digits behind the point, as pages show them. */
const short = <V>(value: V): V =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === "number" ? Math.round(1000 * v) / 1000 : v)));

async function write(name: string, recording: PairRecording | GptRecording): Promise<void> {
  const text = `${JSON.stringify(short(recording))}\n`;
  await writeFile(new URL(`../src/sequence/recorded/${name}.json`, import.meta.url), text);
  console.log(`${name}.json: ${text.length} bytes`);
}

for (const variant of VARIANT_NAMES) {
  const tasks = {} as Record<TaskName, PackedLook[]>;
  let parameters = 0;
  for (const task of TASK_NAMES) {
    const live = await Pairs.open({ variant, task, seed: 0, options: {} }, engine);
    ({ parameters } = live);
    const looks: PackedLook[] = (tasks[task] = []);
    let step = 0;
    for (const until of PAIRS) {
      while (step < until) ({ step } = await live.next());
      looks.push(packed(await live.look({ source: SOURCE })));
    }
    await live.dispose();
  }
  await write(variant, { parameters, tasks });
}

const { names } = await someNames();
const writer = await NameWriter.open({ seed: 0, names: "all", options: {} }, engine, names);
const frames: GptFrame[] = [];
let step = 0;
for (const until of GPT) {
  while (step < until) ({ step } = await writer.next());
  const { numbers } = await writer.look();
  const written: string[] = [];
  let first: readonly Candidate[] = [];
  let open = "";
  await writer.ask(
    { prompt: "", temperature: 1, topK: 0, topP: 1, seed: 0, count: COUNT },
    ({ text, candidates, last }) => {
      if (written.length === 0 && open === "") first = candidates;
      open += text;
      if (!last) return;
      written.push(open);
      open = "";
    },
    () => true,
  );
  frames.push({ step, loss: numbers["heldOut/loss"]!, names: written, candidates: first });
}
await write("gpt", { opened: writer.opened, frames });
await writer.dispose();
