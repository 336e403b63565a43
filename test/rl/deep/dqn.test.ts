import { expect, test } from "vitest";
import { evaluate } from "../../../src/engine/eager.ts";
import { asEnv } from "../../../src/rl/adopt.ts";
import { type DqnOptions, dqn, headOf, qNetwork } from "../../../src/rl/deep/dqn.ts";
import { spacesOfEnv } from "../../../src/rl/deep/policy.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import type { Checkpoint } from "../../../src/train/checkpoint.ts";
import { engine, type Learned, onProbe } from "./learn.ts";
import { ENDS, MODES, Probe, probeStates, valueOf0 } from "./probe.ts";

const SMALL = {
  hidden: [16],
  lr: 0.02,
  lrFinal: 0.1,
  gamma: 0.5,
  batchSize: 32,
  learningStarts: 20,
  trainEvery: 1,
  gradientSteps: 1,
  targetEvery: 10,
  explore: 0,
  epsilonFinal: 0.5,
};

/** q(0, ·) and q(1, ·) as a checkpoint has them. */
async function valuesIn({ tensors }: Checkpoint, own: Record<string, unknown>): Promise<number[]> {
  const options = dqn.options.parse(own) as DqnOptions;
  const network = qNetwork(options, spacesOfEnv(asEnv(new Probe("both")) as never, "dqn"));
  network.loadStateDict(tensors.weights);
  const q = headOf(options).expectation(network.forward(constant(ndarray(probeStates, [2, 3]))));
  return Array.from((await evaluate(q, await engine())).data as Float32Array);
}

const last = ({ saved }: Learned): Checkpoint => saved.at(-1)!;

test.each(ENDS.flatMap((end) => MODES.map((mode) => [end, mode] as const)))(
  "%s episodes, autoreset %s: the values of both states",
  async (end, mode) => {
    const learned = await onProbe(dqn, SMALL, { end, mode, steps: 600 });
    const [a, b, c, d] = await valuesIn(last(learned), SMALL);
    const v = valueOf0(end);
    for (const [found, want] of [
      [a, v],
      [b, v],
      [c, 0],
      [d, 1],
    ] as const)
      expect(found).toBeCloseTo(want, 1);
  },
);

test.each([
  ["double", { double: true }],
  ["dueling", { dueling: true }],
  ["three steps", { n: 3 }],
  ["prioritized", { prioritized: true }],
  ["c51", { values: "c51", atoms: 21, low: -1, high: 2 }],
  ["quantiles", { values: "quantiles", atoms: 5 }],
  ["noisy", { noisy: true }],
  [
    "all at once",
    { double: true, dueling: true, n: 3, prioritized: true, noisy: true, values: "c51", low: -1, high: 2 },
  ],
])("%s: the same values", async (_, part) => {
  const options = { ...SMALL, ...part };
  const learned = await onProbe(dqn, options, { end: "truncated", steps: 600 });
  const [a, b, , d] = await valuesIn(last(learned), options);
  expect(a).toBeCloseTo(0.5, 1);
  expect(b).toBeCloseTo(0.5, 1);
  expect(d).toBeCloseTo(1, 1);
});
