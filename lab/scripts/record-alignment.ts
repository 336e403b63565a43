/** Records what plays on the page of RL for GPT while it loads: npx tsx --tsconfig lab/tsconfig.json lab/scripts/record-alignment.ts */
import { writeFile } from "node:fs/promises";
import { createEngine } from "../../src/index.node.ts";
import { type AlignLook, Alignment } from "../src/alignment/alignment.ts";
import type { AlignRecording } from "../src/alignment/recorded.ts";
import { METHODS, REWARDS, USUAL } from "../src/alignment/setup.ts";

/** Steps at which a run is looked at, for the first prompt. */
const STEPS = [0, 5, 10, 20, 30, 45, 60, 80, 110, 150, 200];

const engine = await createEngine({ threads: 1 });
const short = (_: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(1e4 * value) / 1e4 : value;

for (const method of METHODS)
  for (const reward of REWARDS) {
    const live = await Alignment.open({ ...USUAL, method, reward }, engine, () => undefined);
    const frames: AlignLook[] = [];
    let step = 0;
    for (const until of STEPS) {
      while (step < until) ({ step } = await live.next());
      frames.push(await live.look({ prompt: 0 }));
    }
    const { prompts, ...opened } = live.opened;
    const recording: AlignRecording = { opened: { ...opened, prompts: prompts.slice(0, 1) }, frames };
    const text = `${JSON.stringify(recording, short)}\n`;
    await writeFile(new URL(`../src/alignment/recorded/${method}-${reward}.json`, import.meta.url), text);
    console.log(`${method}-${reward}.json: ${text.length} bytes`);
    await live.dispose();
  }
