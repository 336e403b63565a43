/** Song et al. (2021), "Denoising diffusion implicit models". */
import { UserError } from "../../errors.ts";
import { deviation } from "./ddpm.ts";
import { NOTHING, type Plan } from "./plan.ts";
import type { NoiseSchedule } from "./schedule.ts";
import type { Trajectory } from "./trajectory.ts";

/** How random a step is: 0 not at all, 1 as in DDPM with its smaller variance; σ̂ has the mean of 1 and the larger variance. */
export type Eta = number | "sigma-hat";

/**
 * Eq. 12: x_s = √ᾱ_s·x̂₀ + √(1 − ᾱ_s − σ²)·ε̂ + σ·z with σ = η·√((1 − ᾱ_s)/(1 − ᾱ_t))·√(1 − ᾱ_t/ᾱ_s) (eq. 16). With
 * `sigma-hat` z counts σ̂ = √(1 − ᾱ_t/ᾱ_s) instead, as in the σ̂ rows of table 1.
 * @throws UserError where η is below 0, or so large that 1 − ᾱ_s − σ² is.
 */
export function ddim(schedule: NoiseSchedule, { steps }: Trajectory, { eta = 0 }: { eta?: Eta } = {}): Plan {
  const hat = eta === "sigma-hat";
  const scale = hat ? 1 : eta;
  if (!(scale >= 0))
    throw new UserError(`eta is 0 (deterministic) to 1 (as random as DDPM), or sigma-hat, not ${eta}`);
  return {
    name: `ddim, η = ${hat ? "σ̂" : eta}`,
    // At t near T an error in ε̂ counts 1/√ᾱ_t times in x̂₀ (157 for the linear schedule): unclipped, a small network's
    // images run away into noise. The paper's own code clips σ̂ only; diffusers and guided-diffusion clip all.
    clip: true,
    steps: steps.map((step) => {
      const [level, next] = [schedule.level(step.t), schedule.level(step.prev)];
      const sigma = scale * Math.sqrt(schedule.posterior(step.t, step.prev).variance);
      const direction = next.noise ** 2 - sigma ** 2;
      if (direction < 0)
        throw new UserError(
          `eta ${eta} is too large: from t = ${step.t} to ${step.prev} it asks for more noise than there may be; 1 is always possible`,
        );
      const noise = hat ? deviation(schedule, step, "fixed-large") : sigma;
      const weights = { ...NOTHING, x0: next.signal, epsilon: Math.sqrt(direction), noise };
      return { t: step.t, level, next, weights };
    }),
  };
}

/**
 * The deterministic steps backwards, image to noise (section 4.3): x_t = √ᾱ_t·x̂₀ + √(1 − ᾱ_t)·ε̂ with x̂₀ and ε̂ read at
 * the earlier time. An image has no noise to read; its x̂₀ is the image, and ε̂ what the network says of the first
 * time on the way.
 */
export function ddimEncode(schedule: NoiseSchedule, { steps }: Trajectory): Plan {
  return {
    name: "ddim encoding",
    clip: false,
    steps: steps.toReversed().map(({ t: later, prev: earlier }) => {
      const next = schedule.level(later);
      const weights = { ...NOTHING, [earlier < 0 ? "x" : "x0"]: next.signal, epsilon: next.noise };
      const t = earlier < 0 ? later : earlier;
      return { t, level: schedule.level(t), next, weights };
    }),
  };
}
