/** What the page of agents asks to break can be broken, and is not by itself. */
import { afterAll, expect, test } from "vitest";
import { AGENTS, type AgentName, type AgentSetting } from "../../lab/src/agents/algorithms.ts";
import { type AgentKinds, Learning } from "../../lab/src/agents/learning.ts";
import { lessonOf } from "../../lab/src/agents/lessons/index.ts";
import type { Seen } from "../../lab/src/agents/lessons/seen.ts";
import { returnsOf } from "../../lab/src/agents/returns.ts";
import { standing } from "../../lab/src/experiment/tasks.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** Which of the agent's tasks were done within so many steps. */
async function doneBy(name: AgentName, steps: number, options: AgentSetting["options"]): Promise<boolean[]> {
  const setting: AgentSetting = { name, env: AGENTS[name].envs[0]!, seed: 0, options };
  const { tasks } = lessonOf(name, setting.env)!;
  const live = await Learning.open(setting, engine);
  const series = { steps: [] as number[], values: {} as Record<string, number[]> };
  const done = tasks.map(() => false);
  for (let step = 0; step < steps; ) {
    const stepped = await live.next();
    ({ step } = stepped);
    series.steps.push(step);
    for (const [of, value] of Object.entries(stepped.metrics))
      (series.values[of] ??= [])[series.steps.length - 1] = value;
    const now = standing<AgentSetting, AgentKinds["look"]>({
      step,
      setting,
      look: undefined,
      drawn: 0,
      series,
    });
    const { mean } = returnsOf({ steps: series.steps, values: series.values.return ?? [] });
    const seen: Seen = { ...now, mean: mean.at(-1) };
    for (const [i, task] of tasks.entries()) done[i] ||= task.done(seen);
  }
  await live.dispose();
  return done;
}

test.each<[AgentName, number, number, AgentSetting["options"]]>([
  ["ppo", 0, 2000, { lr: 0.01, epochs: 20, clip: 1 }],
  ["ppo", 1, 2000, { clip: 0.001 }],
  ["ppo", 2, 8500, { epochs: 1 }],
  ["a2c", 0, 4000, { lr: 0.1 }],
  ["a2c", 1, 8500, { entropy: 100 }],
  ["reinforce", 2, 10_500, { gamma: 0 }],
  ["double-dqn", 0, 8000, { lr: 0.1 }],
  ["dqn", 1, 5500, { targetEvery: 100_000 }],
  ["dqn", 2, 6000, { replay: 64 }],
  ["ddpg", 0, 2500, { lr: 0.01, tau: 1 }],
  ["sac", 0, 2500, { lr: 0.01, tau: 1 }],
  ["td3", 1, 3200, { tau: 0.0001 }],
  ["sac", 2, 4200, { gamma: 0 }],
])(
  "%s, task %i: done within %i steps by %j",
  async (name, at, steps, options) => {
    expect((await doneBy(name, steps, options))[at]).toBe(true);
  },
  60_000,
);

test.each<[AgentName, number]>([
  ["ppo", 12_000],
  ["a2c", 12_000],
  ["dqn", 8000],
  ["sac", 4200],
])(
  "%s: within %i steps none is done by itself",
  async (name, steps) => {
    expect(await doneBy(name, steps, {})).toEqual([false, false, false]);
  },
  60_000,
);
