import { expect, test } from "vitest";
import { evaluate } from "../../../src/engine/eager.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import { QNetwork } from "../../../src/rl/deep/dqn.ts";
import { maxima } from "../../../src/rl/deep/exploration.ts";
import { spacesOfEnv } from "../../../src/rl/deep/policy.ts";
import { pqn } from "../../../src/rl/deep/pqn.ts";
import { advantages } from "../../../src/rl/deep/returns.ts";
import { inPieces } from "../../../src/rl/deep/rollout.ts";
import { expected } from "../../../src/rl/deep/values.ts";
import { AutoresetMode } from "../../../src/rl/vector.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import { engine, type Learned, onProbe } from "./learn.ts";
import { ENDS, MODES, Probe, probeStates, valueOf0 } from "./probe.ts";

const SMALL = {
  hidden: [16],
  lr: 0.02,
  lrFinal: 0.05,
  gamma: 0.5,
  envs: 4,
  horizon: 8,
  batchSize: 16,
  epochs: 4,
  explore: 0,
  epsilonFinal: 0.5,
};

/** q(0, ·) and q(1, ·) as the last checkpoint has them. */
async function valuesIn({ saved }: Learned): Promise<number[]> {
  const spaces = spacesOfEnv(asEnv(new Probe("both")) as never, "pqn");
  const network = new QNetwork(spaces, 2, expected, {
    hidden: [16],
    activation: "relu",
    norm: true,
    dueling: false,
  });
  network.loadStateDict(saved.at(-1)!.tensors.weights);
  const q = expected.expectation(network.forward(constant(ndarray(probeStates, [2, 3]))));
  return Array.from((await evaluate(q, await engine())).data as Float32Array);
}

const wanted = (v: number): readonly number[] => [v, v, 0, 1];

test.each(ENDS.flatMap((end) => MODES.map((mode) => [end, mode] as const)))(
  "%s episodes, autoreset %s: the values of both states",
  async (end, mode) => {
    const found = await valuesIn(await onProbe(pqn, SMALL, { end, mode, steps: 1500 }));
    for (const [i, value] of wanted(valueOf0(end)).entries()) expect(found[i]).toBeCloseTo(value, 1);
  },
);

test.each([0, 1])("the same values with λ = %s", async (lambda) => {
  const how = { end: "truncated", mode: AutoresetMode.DISABLED, steps: 1500 } as const;
  const found = await valuesIn(await onProbe(pqn, { ...SMALL, lambda }, how));
  for (const [i, value] of wanted(0.5).entries()) expect(found[i]).toBeCloseTo(value, 1);
});

test("targets are those of the paper: G = R + γ[(1 − λ) max Q(S′, ·) + λ G′]", () => {
  const [gamma, lambda] = [0.9, 0.65];
  const rewards = [1, -2, 3, 0.5];
  const best = [0.3, 2, -1, 4, 1.5];
  let G = best[4]!;
  const targets = rewards
    .map((_, i) => 3 - i)
    .map((t) => (G = rewards[t]! + gamma * ((1 - lambda) * best[t + 1]! + lambda * G)))
    .reverse();
  const none = new Uint8Array(4);
  const A = advantages(
    {
      steps: 4,
      envs: 1,
      rewards,
      values: best.slice(0, 4),
      nextValues: best.slice(1),
      terminated: none,
      truncated: none,
      valid: none.slice().fill(1),
    },
    gamma,
    lambda,
  );
  for (const [t, target] of targets.entries()) expect(A[t]! + best[t]!).toBeCloseTo(target, 5);
});

test("the best value is among the available actions", () => {
  const q = Float32Array.of(1, 5, 3, -2, -4, -3, 7, 8, 9);
  const out = (masks?: Uint8Array) => Array.from(maxima(q, masks, new Float32Array(3)));
  expect(out()).toEqual([5, -2, 9]);
  expect(out(Uint8Array.of(1, 0, 1, 0, 1, 1, 0, 0, 0))).toEqual([3, -3, 0]);
});

test("rows in pieces: every row once, what fills the last piece up is cut off", async () => {
  const spaces = spacesOfEnv(asEnv(new Probe("both")) as never, "pqn");
  const rows = Float32Array.from({ length: 15 }, (_, i) => i);
  const sizes: number[] = [];
  const said = await inPieces(rows, 2, spaces, async ({ data, shape }) => {
    sizes.push(shape[0]!);
    const sums = Array.from({ length: shape[0]! }, (_, i) => data[3 * i]! as number);
    return ndarray(Float32Array.from(sums.flatMap((x) => [x, -x])), [shape[0]!, 2]);
  });
  expect(sizes).toEqual([2, 2, 2]);
  expect(Array.from(said)).toEqual([0, -0, 3, -3, 6, -6, 9, -9, 12, -12]);
});
