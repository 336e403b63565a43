/** The training loss of diffusion models. */
import { UserError } from "../../errors.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { bernoulli, cast, constant, less, normal, randint, where } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Losses } from "../../train/task.ts";
import { type DiffusionModel, nullLabel } from "./model.ts";
import { type LevelOf, noised, PARAMETERIZATIONS, type Prediction } from "./prediction.ts";
import type { Level, NoiseSchedule } from "./schedule.ts";

/** The weight of each time: `plain` is 1 on the error of the prediction (Ho et al. 2020, eq. 14). */
export type Weighting = "plain" | { readonly minSnr: number };

/** Converts a weight on the error of x₀ into one on the error of each kind of prediction (Hang et al. 2023, section 3.4). */
const PER_X0: Readonly<Record<Prediction, (snr: number) => number>> = {
  epsilon: (snr) => 1 / snr,
  x0: () => 1,
  v: (snr) => 1 / (snr + 1),
};

/** The weight of the error at each t: min(SNR, γ) on the error of x₀ (Hang et al. 2023, eq. 8), for each kind of prediction. */
export function lossWeights(schedule: NoiseSchedule, kind: Prediction, weighting: Weighting): Float64Array {
  if (weighting === "plain") return schedule.table(() => 1);
  const { minSnr: gamma } = weighting;
  if (!(gamma > 0))
    throw new UserError(`min-SNR weighting needs gamma above 0 (5 in the paper), not ${gamma}`);
  return schedule.table((s, t) => Math.min(s.snr(t), gamma) * PER_X0[kind](s.snr(t)));
}

/** A value for each time, looked up at t [N], to broadcast over x [N, ...]. */
export function atTimes(values: Float64Array, t: Tensor, rank: number): Tensor {
  const picked = constant(ndarray(Float32Array.from(values))).gather(t);
  return picked.reshape(t.shape[0]!, ...Array<number>(rank - 1).fill(1));
}

/** The levels of noise at t [N], to broadcast over x [N, ...]. */
export function levelsAt(schedule: NoiseSchedule, t: Tensor, rank: number): LevelOf<Tensor> {
  const at = (part: keyof Level): Tensor =>
    atTimes(
      schedule.table((s, i) => s.level(i)[part]),
      t,
      rank,
    );
  return { signal: at("signal"), noise: at("noise") };
}

export interface LossOptions {
  readonly weighting?: Weighting;
  /** Probability of dropping a label, for classifier-free guidance (Ho and Salimans 2022, algorithm 1). */
  readonly labelDropout?: number;
}

/**
 * Algorithm 1 of Ho et al. (2020) for any prediction: x₀ [N, ...] in [−1, 1], labels [N] where the model has classes;
 * times are drawn uniformly, one per example.
 */
export function diffusionLoss(
  model: DiffusionModel,
  x0: Tensor,
  labels: Tensor | undefined,
  key: Key,
  { weighting = "plain", labelDropout = 0 }: LossOptions = {},
): Losses {
  const { network, schedule, prediction: kind } = model;
  if (!sameShape(x0.shape.slice(1), model.shape))
    throw new UserError(
      `this model takes images ${showShape(model.shape)}, not a batch of ${showShape(x0.shape)}`,
    );
  const count = x0.shape[0]!;
  const t = randint(key.split("t"), 0, schedule.T, [count]);
  const epsilon = normal(key.split("noise"), x0.shape);
  const level = levelsAt(schedule, t, x0.rank);
  const shown = dropLabels(model, labels, labelDropout, key.split("labels"));
  const predicted = network.forward(
    noised(x0, epsilon, level),
    cast(t, "float32"),
    shown,
    key.split("network"),
  );
  if (predicted.shape[1] !== x0.shape[1])
    throw new UserError(
      `the network predicts ${predicted.shape[1]} channels, but the images have ${x0.shape[1]}: a variance (learn_sigma) can be loaded, but not trained; build the network without it`,
    );
  const target = PARAMETERIZATIONS[kind].target(x0, epsilon, level);
  const errors = predicted.sub(target).square();
  if (weighting === "plain") return { loss: errors.mean() };
  const weights = atTimes(lossWeights(schedule, kind, weighting), t, x0.rank);
  return { loss: errors.mul(weights).mean(), mse: errors.mean() };
}

/** Labels, each replaced by the null label with probability p. */
function dropLabels(
  model: DiffusionModel,
  labels: Tensor | undefined,
  p: number,
  key: Key,
): Tensor | undefined {
  if (!(p >= 0 && p <= 1)) throw new UserError(`label dropout is a probability from 0 to 1, not ${p}`);
  if (model.classes === 0) return undefined;
  if (!labels) throw new UserError(`this model has ${model.classes} classes, but the data have no labels`);
  const y = cast(labels, "int32");
  if (p === 0) return y;
  const none = nullLabel(model);
  if (none === undefined)
    throw new UserError(
      "label dropout needs a null label: give the network one label more than there are classes",
    );
  return where(less(0, bernoulli(key, p, y.shape)), none, y);
}
