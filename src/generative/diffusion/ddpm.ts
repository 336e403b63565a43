/** Ho et al. (2020), "Denoising diffusion probabilistic models": algorithm 2 over any trajectory. */
import { lookup } from "../../errors.ts";
import { NOTHING, type Plan } from "./plan.ts";
import type { NoiseSchedule } from "./schedule.ts";
import type { Step, Trajectory } from "./trajectory.ts";

/**
 * Variance of p(x_s | x_t), section 3.2: `fixed-small` is that of the posterior q(x_s | x_t, x₀), right where the data
 * are one point; `fixed-large` that of the noise between s and t, right where they are N(0, 1).
 */
export const VARIANCES = {
  "fixed-small": (schedule: NoiseSchedule, { t, prev }: Step): number => schedule.posterior(t, prev).variance,
  "fixed-large": (schedule: NoiseSchedule, { t, prev }: Step): number => schedule.beta(t, prev),
} as const;
export type Variance = keyof typeof VARIANCES;

/** The step to the image draws nothing: algorithm 2, line 3. */
export const deviation = (schedule: NoiseSchedule, step: Step, variance: Variance): number =>
  step.prev < 0 ? 0 : Math.sqrt(lookup("variance", VARIANCES, variance)(schedule, step));

/** Ancestral sampling: x_s ~ N(mean of q(x_s | x_t, x̂₀) (eq. 7), variance). */
export function ddpm(
  schedule: NoiseSchedule,
  { steps }: Trajectory,
  { variance = "fixed-large" }: { variance?: Variance } = {},
): Plan {
  return {
    name: `ddpm, ${variance} variance`,
    clip: true,
    steps: steps.map((step) => {
      const { x0, x } = schedule.posterior(step.t, step.prev);
      const noise = deviation(schedule, step, variance);
      const [level, next] = [schedule.level(step.t), schedule.level(step.prev)];
      return { t: step.t, level, next, weights: { ...NOTHING, x0, x, noise } };
    }),
  };
}
