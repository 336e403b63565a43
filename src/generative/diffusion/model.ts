/** A diffusion model: a network, the noise it was trained against, and what it predicts. */
import { UserError } from "../../errors.ts";
import type { Module } from "../../nn/module.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { broadcastTo, cast, concat, constant, type Operand } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Kind } from "../examples.ts";
import { type Estimate, epsilonOf, type LevelOf, PARAMETERIZATIONS, type Prediction } from "./prediction.ts";
import { scalingOf } from "./scaling.ts";
import type { NoiseSchedule } from "./schedule.ts";

/** A network over noisy x [N, ...], times [N] (float32) and, where it has a label table, labels [N] (int32). */
export interface DiffusionNetwork extends Module {
  /** Rows of its label table; 0 for an unconditional network. */
  readonly labelCount: number;
  /** The prediction, of x's shape, or with twice its channels where it also predicts a variance (learn_sigma). */
  forward(x: Tensor, t: Tensor, labels?: Tensor, key?: Key): Tensor;
}

export interface DiffusionModel {
  readonly network: DiffusionNetwork;
  readonly schedule: NoiseSchedule;
  readonly prediction: Prediction;
  /** Shape of one x: [C, H, W] for images, [D] for points. */
  readonly shape: Shape;
  /** What an x is; images when left out, whose pixels lie in [−1, 1]. */
  readonly data?: Kind;
  /** The number of classes; 0 for an unconditional model. A further row of the label table is the null label. */
  readonly classes: number;
}

/** The label that stands for "no class" in a model trained with label dropout; undefined for others. */
export const nullLabel = ({ network, classes }: DiffusionModel): number | undefined =>
  classes > 0 && network.labelCount > classes ? classes : undefined;

/** One label for each of `count` images, as the network takes them. `label` is one class for all, or one for each. */
export function labelsFor(
  model: DiffusionModel,
  label: number | readonly number[] | undefined,
  count: number,
): NdArray<"int32"> | undefined {
  const { classes, network } = model;
  if (classes === 0) {
    if (label !== undefined)
      throw new UserError(
        `class ${String(label)} was asked for, but this model was trained without classes: leave the class out`,
      );
    return undefined;
  }
  const none = nullLabel(model);
  const wanted: readonly (number | undefined)[] =
    typeof label === "object" ? label : Array.from({ length: count }, () => label);
  if (wanted.length !== count)
    throw new UserError(
      `${wanted.length} classes were given for ${count} images: give one class, or one for each`,
    );
  const data = Int32Array.from(wanted, (c: number | undefined) => {
    if (c === undefined) {
      if (none !== undefined) return none;
      throw new UserError(
        `this model always needs a class (it was trained without label dropout): give one from 0 to ${classes - 1}`,
      );
    }
    if (!Number.isInteger(c) || c < 0 || c >= classes)
      throw new UserError(`unknown class ${c}: this model has classes 0 to ${classes - 1}`);
    return c;
  });
  if (network.labelCount < classes)
    throw new UserError(`the network has ${network.labelCount} labels, but the data have ${classes} classes`);
  return { data, shape: [count], dtype: "int32" };
}

/** @throws UserError where the model cannot be guided: it has no classes, or no prediction without them. */
export function requireGuidable(model: DiffusionModel, scale: number): void {
  const refused = `guidance scale ${scale} was asked for, but this model was trained without`;
  if (!Number.isFinite(scale) || scale < 0)
    throw new UserError(`the guidance scale is 0 or more (1 is no guidance), not ${scale}`);
  if (scale === 1) return;
  if (model.classes === 0)
    throw new UserError(`${refused} classes: leave the guidance out, or train with classes`);
  if (nullLabel(model) === undefined)
    throw new UserError(
      `${refused} label dropout, and guidance needs its prediction without a class: leave the guidance out, or train with label dropout`,
    );
}

export interface EstimateOptions {
  readonly labels?: Tensor | undefined;
  /** Scale w of classifier-free guidance; undefined or the number 1: none. */
  readonly guidance?: Operand | undefined;
  /** Clip x̂₀ to [−1, 1], where the data are bounded (images). */
  readonly clipX0?: boolean | undefined;
  /**
   * Where x̂₀ was clipped: recompute ε̂ from it (the default, as in OpenAI's guided-diffusion), or keep the network's, as
   * diffusers' DDIMScheduler does by default.
   */
  readonly useClippedModelOutput?: boolean | undefined;
}

/** x̂₀ and ε̂ from x_t [N, ...] at time t, for samplers. */
export function estimate(
  model: DiffusionModel,
  x: Tensor,
  t: Operand,
  level: LevelOf,
  { labels, guidance, clipX0 = false, useClippedModelOutput = true }: EstimateOptions = {},
): Estimate {
  const prediction = predict(model, x, t, labels, guidance === 1 ? undefined : guidance);
  const found = PARAMETERIZATIONS[model.prediction].estimate(x, prediction, level);
  if (!clipX0 || !scalingOf(model).bounded) return found;
  const x0 = found.x0.clamp(-1, 1);
  return { x0, epsilon: useClippedModelOutput ? epsilonOf(x, x0, level) : found.epsilon };
}

/**
 * The network's prediction, guided: u + w·(c − u) of its predictions with and without the class (Ho and Salimans 2022,
 * eq. 6, with w = 1 for no guidance). Both are made in one pass over a doubled batch. All parameterizations are affine in
 * ε given x_t, so guiding any of them guides ε.
 */
export function predict(
  model: DiffusionModel,
  x: Tensor,
  t: Operand,
  labels: Tensor | undefined,
  w: Operand | undefined,
): Tensor {
  const count = x.shape[0]!;
  const time = cast(broadcastTo(t, [count]), "float32");
  if (w === undefined) return withoutVariance(model, model.network.forward(x, time, labels));
  const none = nullLabel(model);
  if (none === undefined || !labels)
    throw new Error("guidance needs labels and a null label (see requireGuidable)");
  const nothing = broadcastTo(constant(none, "int32"), [count]);
  const both = withoutVariance(
    model,
    model.network.forward(concat([x, x], 0), concat([time, time], 0), concat([labels, nothing], 0)),
  );
  const [c, u] = [both.narrow(0, 0, count), both.narrow(0, count, 2 * count)];
  return u.add(c.sub(u).mul(w));
}

/** The prediction without the variance that learn_sigma adds. */
function withoutVariance({ shape }: DiffusionModel, out: Tensor): Tensor {
  const channels = shape[0]!;
  return out.shape[1] === channels ? out : out.narrow(1, 0, channels);
}
