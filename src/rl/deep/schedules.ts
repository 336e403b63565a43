import type { Schedule } from "../../optim/optimizer.ts";
import { clamp, mul, sub } from "../../tensor/ops.ts";

/** From `start` to `end` in a straight line over the first `share` of `total` steps, then `end`. */
export function ramp(step: number, total: number, start: number, end: number, share = 1): number {
  const progress = share === 0 ? 1 : Math.min(step / (share * total), 1);
  return start + (end - start) * progress;
}

/** How many multiples of `every` lie in (before, after]: how often something is due that happens every so many steps. */
export const due = (before: number, after: number, every: number): number =>
  Math.floor(after / every) - Math.floor(before / every);

/** A learning rate that goes linearly from `lr` to lr · lrFinal over the steps of the environment. */
export const lrSchedule =
  ({ lr, lrFinal }: { readonly lr: number; readonly lrFinal: number }, steps: number): Schedule =>
  (step) =>
    mul(sub(1, mul(clamp(mul(step, 1 / steps), 0, 1), 1 - lrFinal)), lr);
