import { expect, test } from "vitest";
import { evaluate } from "../../../src/engine/eager.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import type { AnyAgent } from "../../../src/rl/agent.ts";
import { normalNoise, rescaleRows, unscale, wanderingNoise } from "../../../src/rl/deep/continuous.ts";
import { ddpg } from "../../../src/rl/deep/ddpg.ts";
import { categorical, gaussian, squashed } from "../../../src/rl/deep/distributions.ts";
import { rescale } from "../../../src/rl/deep/policy.ts";
import { sac } from "../../../src/rl/deep/sac.ts";
import { drawCategorical, drawGaussian } from "../../../src/rl/deep/sampling.ts";
import { td3 } from "../../../src/rl/deep/td3.ts";
import { fastRandom } from "../../../src/rl/random.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { add, concat, constant, matmul, mul, relu, tanh } from "../../../src/tensor/ops.ts";
import { Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { engine, type Learned, onProbe } from "./learn.ts";
import { ENDS, MODES, Probe, probeStates } from "./probe.ts";

const t = (values: number[], shape = [values.length]): Tensor =>
  constant(ndarray(Float32Array.from(values), shape));
const numbers = async (x: Tensor): Promise<number[]> =>
  Array.from((await evaluate(x, await engine())).data as Float32Array);

test("log-probabilities of a squashed normal, also far out where 1 − tanh² is 0 in float32", async () => {
  const zero = t([0, 0], [2, 1]);
  const one = t([0.5, 10], [2, 1]);
  const { action, logProb } = squashed(one, one, zero);
  expect((await numbers(action))[0]).toBeCloseTo(0.462117, 5);
  const found = await numbers(logProb);
  // log N(0.5) − log(1 − tanh² 0.5); log N(10) − log(1 − tanh² 10)
  expect(found[0]).toBeCloseTo(-0.80371, 4);
  expect(found[1]).toBeCloseTo(-32.305235, 3);
});

test("categorical with a mask: what is not available has no probability, in samples, entropy and mode", async () => {
  const logits = t([9, 1, 1, 0, 0, Math.log(3)], [2, 3]);
  const policy = categorical(logits, t([0, 1, 1, 1, 0, 1], [2, 3]));
  expect(await numbers(policy.entropy())).toEqual([
    expect.closeTo(Math.LN2, 5),
    expect.closeTo(-(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75)), 5),
  ]);
  expect(await numbers(policy.mode())).toEqual([1, 2]);
  const chosen = constant(ndarray(Int32Array.of(2, 0)));
  expect(await numbers(policy.logProb(chosen))).toEqual([
    expect.closeTo(Math.log(0.5), 5),
    expect.closeTo(Math.log(0.25), 5),
  ]);
  const many = categorical(
    add(mul(t([0], [1, 1]), t(Array(3000).fill(0), [1000, 3])), t([5, 0, Math.log(3)])),
    t(Array.from({ length: 1000 }, () => [0, 1, 1]).flat(), [1000, 3]),
  );
  const drawn = await numbers(many.sample(Key.seed(0)));
  expect(drawn).not.toContain(0);
  expect(drawn.filter((a) => a === 2).length / 1000).toBeCloseTo(0.75, 1);
});

test("gaussian: log-probability and entropy of two actions", async () => {
  const policy = gaussian(t([1, 2], [1, 2]), t([0, Math.log(2)]));
  expect((await numbers(policy.logProb(t([1.5, 0], [1, 2]))))[0]).toBeCloseTo(
    -0.125 - 0.5 - Math.LN2 - Math.log(2 * Math.PI),
    5,
  );
  expect((await numbers(policy.entropy()))[0]).toBeCloseTo(1 + Math.log(2 * Math.PI) + Math.LN2, 5);
});

test("draws on the host have the probabilities that the graph gives them", async () => {
  const rows = 2000;
  const logits = Float32Array.from({ length: 3 * rows }, (_, i) => [9, 0, Math.log(3)][i % 3]!);
  const masks = Uint8Array.from({ length: 3 * rows }, (_, i) => Number(i % 3 > 0));
  const [a, logp] = [new Int32Array(rows), new Float32Array(rows)];
  drawCategorical(logits, masks, fastRandom(0), a, logp);
  const mask = constant(ndarray(Float32Array.from(masks), [rows, 3]));
  const policy = categorical(constant(ndarray(logits, [rows, 3])), mask);
  expect(a.filter((x) => x === 2).length / rows).toBeCloseTo(0.75, 1);
  expect(a).not.toContain(0);
  const same = await numbers(policy.logProb(constant(ndarray(a))));
  for (const [i, x] of same.entries()) expect(logp[i]).toBeCloseTo(x, 5);

  const means = Float32Array.from({ length: 2 * rows }, (_, i) => i % 2);
  const logStd = Float32Array.of(0, -1);
  const [u, logq] = [new Float32Array(2 * rows), new Float32Array(rows)];
  drawGaussian(means, logStd, fastRandom(1), u, logq);
  const normal = gaussian(constant(ndarray(means, [rows, 2])), constant(ndarray(logStd)));
  const again = await numbers(normal.logProb(constant(ndarray(u, [rows, 2]))));
  for (const [i, x] of again.entries()) expect(logq[i]).toBeCloseTo(x, 3);
  const second = Array.from({ length: rows }, (_, i) => u[2 * i + 1]! - 1);
  expect(Math.sqrt(second.reduce((sum, v) => sum + v * v, 0) / rows)).toBeCloseTo(Math.exp(-1), 1);
});

test("actions between −1 and 1, and those of an environment", async () => {
  const space = {
    kind: "continuous",
    size: 2,
    low: Float64Array.of(-2, 0),
    high: Float64Array.of(2, 10),
  } as const;
  const a = t([-2, 5, 1, 10], [2, 2]);
  expect(await numbers(unscale(a, space))).toEqual([-1, 0, 0.5, 1]);
  expect(await numbers(rescale(unscale(a, space), space))).toEqual([-2, 5, 1, 10]);
  const out = new Float32Array(4);
  rescaleRows([-1, 0, 7, -7], space, out);
  expect([...out]).toEqual([-2, 5, 2, 0]);
});

test("wandering noise goes on in its direction, normal noise does not; both have their deviation", () => {
  const course = (noise: { add(x: Float32Array): void }): number[] =>
    Array.from({ length: 4000 }, () => {
      const x = new Float32Array(1);
      noise.add(x);
      return x[0]!;
    });
  const correlation = (x: readonly number[]): number => {
    const square = x.reduce((sum, v) => sum + v * v, 0);
    return x.slice(1).reduce((sum, v, i) => sum + v * x[i]!, 0) / square;
  };
  const plain = course(normalNoise(0.3, fastRandom(0)));
  expect(Math.abs(correlation(plain))).toBeLessThan(0.05);
  expect(Math.sqrt(plain.reduce((s, v) => s + v * v, 0) / 4000)).toBeCloseTo(0.3, 1);
  expect(correlation(course(wanderingNoise(0.3, fastRandom(0), 1)))).toBeGreaterThan(0.95);
});

const SMALL = { hidden: [24], lr: 0.01, gamma: 0.5, batchSize: 32, learningStarts: 60, tau: 0.05 };
const AGENTS: readonly (readonly [string, AnyAgent, Record<string, unknown>, string])[] = [
  ["ddpg", ddpg, { ...SMALL, sigma: 0.3 }, ""],
  ["td3", td3, { ...SMALL, sigma: 0.3, smoothing: 0.05 }, ""],
  ["sac", sac, { ...SMALL, alpha: 0.01, learnAlpha: false }, "networks."],
];

/** The first critic's value of both states at action a, and the actor's actions, both from the weights alone. */
async function found({ saved }: Learned, prefix: string): Promise<{ q: number[]; action: number[] }> {
  const { weights } = saved.at(-1)!.tensors;
  const mlp = (at: string, x: Tensor): Tensor => {
    const layer = (name: string, h: Tensor): Tensor => {
      const [w, b] = ["weight", "bias"].map((part) =>
        constant(weights[`${prefix}${at}.${name}.${part}`] as NdArray),
      );
      return add(matmul(h, w!, { transB: true }), b!);
    };
    return layer("last", relu(layer("hidden.0", x)));
  };
  const x = t([...probeStates], [2, 3]);
  const mean = (await numbers(mlp("actor", x))).filter((_, i, all) => all.length === 2 || i % 2 === 0);
  const action = tanh(t(mean, [2, 1]));
  const q = await numbers(mlp("critics.networks.0", concat([x, action], 1)));
  return { q, action: (await numbers(action)).map((a) => 3 * a) };
}

test.each(
  AGENTS.flatMap(([name, ...rest]) =>
    ENDS.flatMap((end) => MODES.map((mode) => [name, end, mode, ...rest] as const)),
  ),
)(
  "%s, %s episodes, autoreset %s: the values of both states, and the best action",
  async (_, end, mode, agent, options, prefix) => {
    const { q, action } = await found(
      await onProbe(agent, options, { end, mode, continuous: true, steps: 900 }),
      prefix,
    );
    expect(Math.abs(action[1]! - 0.5)).toBeLessThan(0.4);
    expect(Math.abs(q[1]! - 1)).toBeLessThan(0.25);
    expect(Math.abs(q[0]! - (end === "truncated" ? 0.5 * q[1]! : 0))).toBeLessThan(0.2);
  },
);

test("sac learns its temperature until the entropy is −1", async () => {
  const { saved, events } = await onProbe(
    sac,
    { ...SMALL, alpha: 0.5 },
    { end: "both", continuous: true, steps: 900 },
  );
  const last = events.filter((e) => e.kind === "step").at(-1)!;
  expect(last.metrics.entropy!).toBeGreaterThan(-1.7);
  expect(last.metrics.entropy!).toBeLessThan(-0.3);
  expect(Object.keys(saved.at(-1)!.tensors.weights)).toContain("temperature.log_alpha");
});

test("continuous agents refuse discrete actions, and bounds that are infinite", () => {
  const how = { options: sac.options.parse({}) };
  expect(() => sac.check!({ ...how, makeEnv: () => asEnv(new Probe("both")) as never })).toThrow(
    "sac takes continuous actions (a Box of floats), but Probe-v0 has discrete actions (Discrete): take dqn or ppo there",
  );
  class Endless extends Probe {
    override readonly actionSpace = new (Object.getPrototypeOf(
      new Probe("both", true).actionSpace,
    ).constructor)(-Infinity, Infinity, [1]);
  }
  expect(() =>
    td3.check!({ options: td3.options.parse({}), makeEnv: () => asEnv(new Endless("both")) as never }),
  ).toThrow("td3 needs actions between finite bounds");
});
