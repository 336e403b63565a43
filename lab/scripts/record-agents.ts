/** Records the agents that play while the engine loads: npx tsx --tsconfig lab/tsconfig.json lab/scripts/record-agents.ts [NAME…] */
import { writeFile } from "node:fs/promises";
import { createEngine } from "../../src/index.node.ts";
import { AGENT_NAMES, AGENTS } from "../src/agents/algorithms.ts";
import { PLACES } from "../src/agents/envs.ts";
import type { Episode } from "../src/agents/episode.ts";
import { Learning } from "../src/agents/learning.ts";
import type { Recording } from "../src/agents/recorded.ts";
import { returnsOf } from "../src/agents/returns.ts";

/** Parts of a run after which an episode is recorded; steps of one, and points of the curve. */
const FRAMES = [0, 0.12, 0.5];
const [STEPS, POINTS] = [80, 100] as const;

const thousandths = (values: Iterable<number>): number[] => Array.from(values, (v) => Math.round(1000 * v));

const engine = await createEngine({ threads: 1 });
const wanted = process.argv.slice(2);
for (const name of AGENT_NAMES.filter((each) => wanted.length === 0 || wanted.includes(each)))
  for (const env of AGENTS[name].envs) {
    const live = await Learning.open({ name, env, seed: 0, options: {} }, engine);
    const [steps, values]: [number[], number[]] = [[], []];
    const episodes: Recording["episodes"][number][] = [];
    for (const share of FRAMES) {
      for (let last = false, step = 0; !last && step < share * live.steps; ) {
        const made = await live.next();
        [step, last = false] = [made.step, made.last];
        if (made.metrics.return === undefined) continue;
        steps.push(step);
        values.push(made.metrics.return);
      }
      let episode: Episode | undefined;
      await live.ask({ episode: { seed: [0, 0], exploring: false } }, (part) => {
        if ("episode" in part) ({ episode } = part);
      });
      const { learned, states, actions, said } = episode!;
      const count = Math.min(STEPS, actions.length);
      const names = Object.keys(said[0]!);
      const { map } = await live.look();
      episodes.push({
        learned,
        states: thousandths(states.slice(0, count + 1).flatMap((state) => [...state])),
        actions: (PLACES[env].actions > 0 ? [...actions] : thousandths(actions)).slice(0, count),
        said: Object.fromEntries(
          names.map((of) => [of, thousandths(said.slice(0, count + 1).flatMap((one) => one[of]!))]),
        ),
        push: thousandths(map.push),
      });
    }
    await live.dispose();
    const every = Math.max(1, Math.ceil(steps.length / POINTS));
    const { mean } = returnsOf({ steps, values });
    const kept = steps.map((_, i) => i).filter((i) => i % every === 0);
    const curve = { steps: kept.map((i) => steps[i]!), values: kept.map((i) => Math.round(mean[i]!)) };
    const file = new URL(`../src/agents/recorded/${name}-${env}.json`, import.meta.url);
    await writeFile(file, `${JSON.stringify({ curve, episodes } satisfies Recording)}\n`);
    console.log(`${name} on ${env}: ${curve.values.at(-1)}`);
  }
