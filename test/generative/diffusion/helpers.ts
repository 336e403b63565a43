import { compile } from "../../../src/engine/compile.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { nodeEngine } from "../../../src/engine/onnx/node.ts";
import {
  type Compile,
  type DiffusionModel,
  type DiffusionNetwork,
  type NoiseSchedule,
  PARAMETERIZATIONS,
  type Prediction,
  type SamplingPlan,
} from "../../../src/generative/diffusion/index.ts";
import { levelsAt } from "../../../src/generative/diffusion/losses.ts";
import { Module } from "../../../src/nn/module.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import { add, cast, constant, div, mul, reshape, square, sub } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

let engine: Promise<Engine> | undefined;
export const sharedEngine = (): Promise<Engine> => (engine ??= nodeEngine({ threads: 1 }));
export const compiler: Compile = (fn, name) => compile(fn, { engine: sharedEngine(), name: name ?? "test" });

export interface Gaussian {
  readonly mean: number;
  readonly deviation: number;
}

/** The best possible network for data N(mean, deviation²); class c shifts the mean by c, the null label by nothing. */
export class GaussianNetwork extends Module implements DiffusionNetwork {
  readonly labelCount: number;
  readonly #schedule: NoiseSchedule;
  readonly #data: Gaussian;
  readonly #kind: Prediction;

  constructor(schedule: NoiseSchedule, data: Gaussian, kind: Prediction, classes = 0) {
    super();
    this.labelCount = classes > 0 ? classes + 1 : 0;
    this.#schedule = schedule;
    this.#data = data;
    this.#kind = kind;
  }

  forward(x: Tensor, t: Tensor, labels?: Tensor): Tensor {
    const level = levelsAt(this.#schedule, cast(t, "int32"), x.rank);
    const shape = [x.shape[0]!, ...x.shape.slice(1).map(() => 1)];
    const { mean, deviation } = this.#data;
    const centre = labels ? add(reshape(cast(labels, "float32"), shape), mean) : constant(mean);
    const variance = add(mul(square(level.signal), deviation ** 2), square(level.noise));
    const epsilon = div(mul(sub(x, mul(level.signal, centre)), level.noise), variance);
    const x0 = add(
      mul(div(mul(sub(x, mul(level.signal, centre)), level.signal), variance), deviation ** 2),
      centre,
    );
    return PARAMETERIZATIONS[this.#kind].target(x0, epsilon, level);
  }
}

export const gaussianModel = (
  schedule: NoiseSchedule,
  data: Gaussian,
  prediction: Prediction = "epsilon",
  classes = 0,
): DiffusionModel => ({
  network: new GaussianNetwork(schedule, data, prediction, classes),
  schedule,
  prediction,
  shape: [1],
  classes,
});

/** x̂₀ and ε̂ of the best network, in float64. */
export function ideal(
  x: number,
  { signal, noise }: { signal: number; noise: number },
  { mean, deviation }: Gaussian,
): { x0: number; epsilon: number } {
  const variance = signal ** 2 * deviation ** 2 + noise ** 2;
  const off = x - signal * mean;
  return { x0: mean + (deviation ** 2 * signal * off) / variance, epsilon: (noise * off) / variance };
}

/** A plan in float64 on one number, with the noise of each step given. */
export function runIdeal(
  plan: SamplingPlan,
  x: number,
  data: Gaussian,
  z: (i: number) => number = () => 0,
): number {
  let previous = 0;
  for (const [i, { level, weights: w }] of plan.steps.entries()) {
    const { x0, epsilon } = ideal(x, level, data);
    const drawn = w.noise === 0 ? 0 : w.noise * z(i);
    x = w.x * x + w.x0 * x0 + w.epsilon * epsilon + w.previous * previous + drawn;
    previous = x0;
  }
  return x;
}

/** Mean and variance after a plan (of one step's memory) from x ~ N(mean, variance), by the affine recursion. */
export function moments(
  plan: SamplingPlan,
  start: { mean: number; variance: number },
  data: Gaussian,
): { mean: number; variance: number } {
  let { mean, variance } = start;
  for (const { level, weights: w } of plan.steps) {
    const at = (x: number): number => {
      const { x0, epsilon } = ideal(x, level, data);
      return w.x * x + w.x0 * x0 + w.epsilon * epsilon;
    };
    const slope = at(1) - at(0);
    mean = at(mean);
    variance = slope ** 2 * variance + w.noise ** 2;
  }
  return { mean, variance };
}

export const column = (...values: number[]): NdArray<"float32"> =>
  ndarray(Float32Array.from(values), [values.length, 1]);
