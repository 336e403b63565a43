import { expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import type { AnyAgent } from "../../../src/rl/agent.ts";
import { a2c } from "../../../src/rl/deep/a2c.ts";
import { multiCategorical } from "../../../src/rl/deep/distributions.ts";
import { dqn } from "../../../src/rl/deep/dqn.ts";
import { ppo } from "../../../src/rl/deep/ppo.ts";
import { sac } from "../../../src/rl/deep/sac.ts";
import { drawMultiCategorical } from "../../../src/rl/deep/sampling.ts";
import type { EnvLike } from "../../../src/rl/env.ts";
import { npRandom } from "../../../src/rl/random.ts";
import { Box, MultiDiscrete } from "../../../src/rl/spaces.ts";
import { AutoresetMode, VectorEnv } from "../../../src/rl/vector.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { engine, learn } from "./learn.ts";

/** Each of two choices pays by itself, in the one state that there is: the first 1 for its last action, the second for its first. */
class Two implements EnvLike<Float32Array, Int32Array> {
  readonly id = "Two-v0";
  readonly observationSpace = new Box(0, 1, [1]);
  readonly actionSpace = new MultiDiscrete([2, 3], [0, 5]);
  readonly #mask: boolean;
  constructor(mask = false) {
    this.#mask = mask;
  }
  reset() {
    const info: Record<string, unknown> = this.#mask
      ? {
          action_mask: [
            [1, 0],
            [1, 1, 1],
          ],
        }
      : {};
    return { observation: Float32Array.of(1), info };
  }
  step(action: Int32Array) {
    if (!this.actionSpace.contains(action)) throw new Error(`not an action: ${String(action)}`);
    return {
      observation: Float32Array.of(1),
      reward: (action[0] === 1 ? 1 : 0) + (action[1] === 5 ? 1 : 0),
      terminated: true,
      truncated: false,
      info: {},
    };
  }
  snapshot() {
    return {};
  }
  restore() {
    // There is nothing to restore.
  }
}
const makeEnv = () => asEnv(new Two()) as never;
const makeVec = (n: number) =>
  new VectorEnv(() => new Two() as never, n, { autoresetMode: AutoresetMode.DISABLED });

const LOGITS = [0.5, -0.2, 1, 0, 2, /* second row */ 0, 3, 0.1, 0.2, 0.3];
const softmax = (x: number[]): number[] => {
  const e = x.map(Math.exp);
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
const P = [0, 1].map((i) => [
  softmax(LOGITS.slice(5 * i, 5 * i + 2)),
  softmax(LOGITS.slice(5 * i + 2, 5 * i + 5)),
]);

test("log-probabilities and entropies of choices add up, and the likeliest action is that of each choice", async () => {
  const of = compile(
    (x, a) => {
      const d = multiCategorical(x as never, [2, 3]);
      return { logProb: d.logProb(a as never), entropy: d.entropy(), mode: d.mode() };
    },
    { engine: await engine() },
  ) as unknown as (
    x: unknown,
    a: unknown,
  ) => Promise<Record<"logProb" | "entropy" | "mode", { data: Float32Array; shape: number[] }>>;
  const actions = [1, 2, 0, 1];
  const { logProb, entropy, mode } = await of(
    ndarray(Float32Array.from(LOGITS), [2, 5]),
    ndarray(Int32Array.from(actions), [2, 2]),
  );
  for (const i of [0, 1]) {
    const [p, q] = P[i] as [number[], number[]];
    expect(logProb.data[i]).toBeCloseTo(Math.log(p[actions[2 * i]!]! * q[actions[2 * i + 1]!]!), 5);
    const H = [...p, ...q].reduce((sum, x) => sum - x * Math.log(x), 0);
    expect(entropy.data[i]).toBeCloseTo(H, 5);
  }
  expect(mode.shape).toEqual([2, 2]);
  expect(Array.from(mode.data, Number)).toEqual([0, 2, 1, 2]);
});

test("draws on the host have those probabilities, and say them", () => {
  const counts = new Map<string, number>();
  const rng = npRandom(0);
  const actions = new Int32Array(4);
  const logProbs = new Float32Array(2);
  for (let k = 0; k < 4000; k++) {
    drawMultiCategorical(Float32Array.from(LOGITS), [2, 3], rng, actions, logProbs);
    const [a, b] = [actions[2]!, actions[3]!];
    expect(logProbs[1]).toBeCloseTo(Math.log(P[1]![0]![a]! * P[1]![1]![b]!), 5);
    counts.set(`${a} ${b}`, (counts.get(`${a} ${b}`) ?? 0) + 1);
  }
  for (const a of [0, 1])
    for (const b of [0, 1, 2])
      expect(Math.abs((counts.get(`${a} ${b}`) ?? 0) / 4000 - P[1]![0]![a]! * P[1]![1]![b]!)).toBeLessThan(
        0.03,
      );
});

const AGENTS: readonly (readonly [string, AnyAgent, object])[] = [
  ["ppo", ppo, { hidden: [8], envs: 4, horizon: 8, batchSize: 32, epochs: 4, lr: 0.01 }],
  ["a2c", a2c, { hidden: [8], envs: 4, lr: 0.02 }],
];

test.each(AGENTS)(
  "%s learns several choices at once, each by itself, and resumes bit for bit",
  async (_, agent, options) => {
    const how = { makeEnv, makeVec, steps: 1500, logEvery: 300 };
    const whole = await learn(agent, options as never, how);
    const last = whole.saved.at(-1)!;
    const policy = await agent.policy(last, { options: agent.options.parse(options), makeEnv, engine });
    expect(Array.from((await policy.act(Float32Array.of(1), {}, undefined)) as Int32Array)).toEqual([1, 5]);
    const first = await learn(agent, options as never, { ...how, stopAt: 600 });
    const second = await learn(agent, options as never, { ...how, from: first.saved.at(-1)! });
    expect(second.saved.at(-1)!.tensors).toEqual(last.tensors);
  },
);

test("who cannot choose several at once says who can; masks of such choices are refused", async () => {
  await expect(learn(dqn, {}, { makeEnv, makeVec })).rejects.toThrow(
    "dqn chooses among discrete actions (Discrete), but Two-v0 has several choices at once (MultiDiscrete): take ppo or a2c there",
  );
  await expect(learn(sac, {}, { makeEnv, makeVec })).rejects.toThrow("take ppo or a2c there");
  const masked = { makeEnv: () => asEnv(new Two(true)) as never, makeVec };
  await expect(learn(ppo, {}, masked)).rejects.toThrow(
    "Two-v0: reset() gave an action mask, and masks are heeded for Discrete actions alone, not for MultiDiscrete([2 3], start=[0 5])",
  );
});
