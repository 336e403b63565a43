/** Learning rates by step (0, 1, …), computed in the graph. Each works on one step or on a vector of them. */
import { evaluate } from "../engine/eager.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { ndarray } from "../tensor/ndarray.ts";
import * as ops from "../tensor/ops.ts";
import { add, broadcastTo, clamp, cos, floor, maximum, minimum, mul, pow, sub } from "../tensor/ops.ts";
import type { Schedule } from "./optimizer.ts";

export interface DecayOptions {
  /** The whole length in steps, warm-up included; afterwards the rate stays at its last value. */
  readonly steps: number;
  /** Steps of linear warm-up; none when left out. */
  readonly warmup?: number;
  /** The last rate as a fraction of the highest; 0 when left out. */
  readonly final?: number;
}

export const constant =
  (learningRate: number): Schedule =>
  (step) =>
    broadcastTo(ops.constant(learningRate), step.shape);

/** Rise linearly to `after`'s first rate, reached at step `steps` − 1; then `after`, counted from there. */
export function warmup(steps: number, after: Schedule): Schedule {
  if (!(steps >= 0)) throw new UserError(`warm-up takes 0 steps or more, not ${steps}`);
  if (steps === 0) return after;
  return (step) => mul(minimum(mul(add(step, 1), 1 / steps), 1), after(maximum(sub(step, steps), 0)));
}

/**
 * `before`, and over the last `share` of `steps` a linear fall to zero: weights come to rest, and a checkpoint from
 * before the fall can be trained longer (the WSD schedule of Hu et al. 2024, MiniCPM, section 4).
 */
export function cooldown(steps: number, share: number, before: Schedule): Schedule {
  if (!(share >= 0 && share <= 1)) throw new UserError(`a cool-down is a share from 0 to 1, not ${share}`);
  if (share === 0) return before;
  return (step) => mul(before(step), clamp(mul(sub(steps, step), 1 / (share * steps)), 0, 1));
}

/** From `learningRate` to its fraction `final`, along a curve from 1 (progress 0) to 0 (progress 1). */
function decay(
  learningRate: number,
  { steps, warmup: rise = 0, final = 0 }: DecayOptions,
  curve: (progress: ops.Operand) => ops.Operand,
): Schedule {
  if (!(steps > rise))
    throw new UserError(
      `a schedule of ${steps} steps leaves none after its warm-up of ${rise} (option \`warmup\`): train longer, or warm up for fewer steps`,
    );
  const fall: Schedule = (step) => {
    const progress = clamp(mul(step, 1 / (steps - rise)), 0, 1);
    return add(mul(curve(progress), learningRate * (1 - final)), learningRate * final);
  };
  return warmup(rise, fall);
}

/** Loshchilov and Hutter (2017), eq. 5, without restarts: ½·(1 + cos π·progress). */
export const cosine = (learningRate: number, options: DecayOptions): Schedule =>
  decay(learningRate, options, (progress) => add(mul(cos(mul(progress, Math.PI)), 0.5), 0.5));

export const linear = (learningRate: number, options: DecayOptions): Schedule =>
  decay(learningRate, options, (progress) => sub(1, progress));

/** learningRate·gamma^⌊step / every⌋. */
export const stepDecay =
  (
    learningRate: number,
    { every, gamma = 0.1 }: { readonly every: number; readonly gamma?: number },
  ): Schedule =>
  (step) =>
    // Half a step keeps the quotient away from the integer that rounding could miss.
    mul(pow(gamma, floor(mul(add(step, 0.5), 1 / every))), learningRate);

/** The rates at these steps, by running the schedule itself: for plots and logs. */
export async function ratesAt(
  schedule: Schedule,
  steps: readonly number[],
  engine?: Engine,
): Promise<Float32Array> {
  const rates = await evaluate(schedule(ops.constant(ndarray(Float32Array.from(steps)))), engine);
  return rates.data as Float32Array;
}
