import { expect, test } from "vitest";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import type { Setting } from "../../../src/rl/agent.ts";
import { a2c } from "../../../src/rl/deep/a2c.ts";
import { ppo } from "../../../src/rl/deep/ppo.ts";
import { make } from "../../../src/rl/make.ts";
import type { Checkpoint, TrainEvent } from "../../../src/train/checkpoint.ts";
import type { Communicator } from "../../../src/train/parallel/communicator.ts";
import { ranksOf } from "../../train/ranks.ts";

const engine = nodeEngine({ threads: 1 });

const settingOf = (ranks: Communicator, more: Partial<Setting<never>> = {}) => ({
  options: ppo.options.parse({ envs: 4, horizon: 8, batchSize: 16, epochs: 2, hidden: [8] }) as never,
  makeEnv: () => make("CartPole-v1"),
  learnsFrom: "environment" as const,
  maxSteps: 500,
  steps: 128,
  seed: 3,
  engine: () => engine,
  logEvery: 32,
  sampleEvery: 64,
  checkpointEvery: 64,
  evaluationEpisodes: 2,
  ranks,
  ...more,
});

async function learned(size: number, more: Partial<Setting<never>> = {}) {
  const saved: Checkpoint[] = [];
  const store = { save: async (c: Checkpoint) => `${saved.push(c)}` };
  const events = await Promise.all(
    ranksOf(size).map(async (one) => {
      const list: TrainEvent[] = [];
      const setting = settingOf(one, { ...more, store: one.rank === 0 ? store : undefined });
      for await (const event of ppo.learn(setting)) list.push(event);
      return list;
    }),
  );
  return { saved, events };
}

test("two ranks learn with one policy, each in half of the environments; checkpoints compare them", async () => {
  const { saved, events } = await learned(2);
  const numbers = events.map((list) =>
    list.flatMap((e) => (e.kind === "step" ? [[e.step, e.metrics.policy_loss, e.metrics.kl]] : [])),
  );
  expect(numbers[0]).toEqual(numbers[1]);
  expect(numbers[0]!.map(([step]) => step)).toEqual([32, 64, 96, 128]);
  expect(events[0]!.filter((e) => e.kind === "validation")).toHaveLength(2);
  expect(events[1]!.filter((e) => e.kind === "validation")).toHaveLength(0);
  expect(events[1]!.at(-1)).toMatchObject({ kind: "done", step: 128, finished: true });
  // On another number of ranks it goes on, in new episodes.
  const more = await learned(1, { from: saved.at(-1)!, steps: 160 });
  expect(more.events[0]!.at(-1)).toMatchObject({ kind: "done", step: 160, finished: true });
});

test("what the ranks do not divide, and what would be each one's own, is refused", async () => {
  await expect(learned(3)).rejects.toThrow(/^4 environments \(option `envs`\) cannot be shared by 3 ranks/);
  await expect(learned(2, { steps: 129 })).rejects.toThrow(/^129 steps cannot be shared by 2 ranks/);
  const options = ppo.options.parse({ envs: 4, normalizeObservation: true }) as never;
  await expect(learned(2, { options })).rejects.toThrow(/leave option `normalizeObservation` out/);
  const [one] = ranksOf(2);
  const alone = a2c.learn({ ...settingOf(one!), options: a2c.options.parse({}) as never });
  await expect(alone.next()).rejects.toThrow(/^a2c does not learn on several processes together/);
});
