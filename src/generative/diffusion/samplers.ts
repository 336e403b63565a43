/**
 * DDPM, DDIM and DPM-Solver++. All are one update rule from x_t to x_s (s < t), and differ only in its weights:
 *
 *   x_s = x·x_t + x0·x̂₀ + epsilon·ε̂ + previous·x̂₀(of the previous step) + noise·z,   z ~ N(0, 1)
 *
 * A sampler is then a function from a noise schedule and a trajectory to weights, in float64; where the first and last
 * steps differ, their weights differ, and no branch is needed.
 */
import { lookup, UserError } from "../../errors.ts";
import type { Operand } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Level, NoiseSchedule } from "./schedule.ts";
import type { Step, Trajectory } from "./trajectory.ts";

/** The weight of each part of the update. */
export interface Weights<N = number> {
  readonly x: N;
  readonly x0: N;
  readonly epsilon: N;
  readonly previous: N;
  readonly noise: N;
}

/** One step: the network's time, the noise levels before and after it, and the weights. */
export interface PlannedStep {
  readonly t: number;
  /** Level of x_t, with which a prediction gives x̂₀ and ε̂. */
  readonly level: Level;
  /** Level of x after the step. */
  readonly next: Level;
  readonly weights: Weights;
}

/** All the steps of a sampler. */
export interface SamplingPlan {
  /** For people: "ddim, η = 0". */
  readonly name: string;
  readonly steps: readonly PlannedStep[];
  /** Whether x̂₀ is clipped to the range of images by default. */
  readonly clipX0: boolean;
}

export interface Parts {
  readonly x: Tensor;
  readonly x0: Tensor;
  readonly epsilon: Tensor;
  readonly previous?: Tensor | undefined;
  readonly noise?: Tensor | undefined;
}

const NOTHING: Weights = { x: 0, x0: 0, epsilon: 0, previous: 0, noise: 0 };

/** The update rule above. Parts that are absent, or whose weight is the number 0, are left out of the graph. */
export function update(parts: Parts, weights: Weights<Operand>): Tensor {
  const terms = (Object.keys(NOTHING) as (keyof Weights)[]).flatMap((name) => {
    const [part, weight] = [parts[name], weights[name]];
    return part === undefined || weight === 0 ? [] : [part.mul(weight)];
  });
  return terms.reduce((sum, term) => sum.add(term));
}

/** A plan with one step per step of the trajectory; weights that `weigh` does not give are zero. */
function plan(
  name: string,
  schedule: NoiseSchedule,
  { steps }: Trajectory,
  weigh: (step: Step, level: Level, next: Level, i: number) => Partial<Weights>,
): SamplingPlan {
  return {
    name,
    // At t near T an error in ε̂ is 1/√ᾱ_t times as large in x̂₀ (157 for the linear schedule): unclipped, a small network's
    // samples diverge into noise. The DDIM paper's own code clips σ̂ only; diffusers and guided-diffusion clip all.
    clipX0: true,
    steps: steps.map((step, i) => {
      const [level, next] = [schedule.level(step.t), schedule.level(step.prev)];
      return { t: step.t, level, next, weights: { ...NOTHING, ...weigh(step, level, next, i) } };
    }),
  };
}

/**
 * Variance of p(x_s | x_t) (Ho et al. 2020, section 3.2): `fixed-small` is that of the posterior q(x_s | x_t, x₀),
 * optimal where the data are one point; `fixed-large` that of the noise between s and t, optimal where they are N(0, 1).
 */
export const VARIANCES = {
  "fixed-small": (schedule: NoiseSchedule, { t, prev }: Step): number => schedule.posterior(t, prev).variance,
  "fixed-large": (schedule: NoiseSchedule, { t, prev }: Step): number => schedule.beta(t, prev),
} as const;
export type Variance = keyof typeof VARIANCES;

/** The standard deviation of a step's noise; the step to the image adds none (algorithm 2, line 3). */
const deviation = (schedule: NoiseSchedule, step: Step, variance: Variance): number =>
  step.prev < 0 ? 0 : Math.sqrt(lookup("variance", VARIANCES, variance)(schedule, step));

/**
 * Ancestral sampling (Ho et al. 2020, "Denoising diffusion probabilistic models", algorithm 2, over any trajectory):
 * x_s ~ N(mean of q(x_s | x_t, x̂₀), variance), eq. 7.
 */
export function ddpm(
  schedule: NoiseSchedule,
  path: Trajectory,
  { variance = "fixed-large" }: { variance?: Variance } = {},
): SamplingPlan {
  return plan(`ddpm, ${variance} variance`, schedule, path, (step) => {
    const { x0, x } = schedule.posterior(step.t, step.prev);
    return { x0, x, noise: deviation(schedule, step, variance) };
  });
}

/** The randomness of a step: 0 is deterministic, 1 DDPM with its smaller variance; σ̂ has the mean of η = 1 and the larger variance. */
export type Eta = number | "sigma-hat";

/**
 * Song et al. (2021), "Denoising diffusion implicit models", eq. 12: x_s = √ᾱ_s·x̂₀ + √(1 − ᾱ_s − σ²)·ε̂ + σ·z with
 * σ = η·√((1 − ᾱ_s)/(1 − ᾱ_t))·√(1 − ᾱ_t/ᾱ_s) (eq. 16). With `sigma-hat` the weight of z is σ̂ = √(1 − ᾱ_t/ᾱ_s) instead, as in the
 * σ̂ rows of table 1.
 * @throws UserError where η is below 0, or so large that 1 − ᾱ_s − σ² is.
 */
export function ddim(
  schedule: NoiseSchedule,
  path: Trajectory,
  { eta = 0 }: { eta?: Eta } = {},
): SamplingPlan {
  const hat = eta === "sigma-hat";
  const scale = hat ? 1 : eta;
  if (!(scale >= 0))
    throw new UserError(`eta is 0 (deterministic) to 1 (as random as DDPM), or sigma-hat, not ${eta}`);
  return plan(`ddim, η = ${hat ? "σ̂" : eta}`, schedule, path, (step, _, next) => {
    const sigma = scale * Math.sqrt(schedule.posterior(step.t, step.prev).variance);
    const direction = next.noise ** 2 - sigma ** 2;
    if (direction < 0)
      throw new UserError(
        `eta ${eta} is too large: from t = ${step.t} to ${step.prev} it needs more noise than x has there; 1 is always possible`,
      );
    const noise = hat ? deviation(schedule, step, "fixed-large") : sigma;
    return { x0: next.signal, epsilon: Math.sqrt(direction), noise };
  });
}

/**
 * DDIM's deterministic steps backwards, image to noise (section 4.3): x_t = √ᾱ_t·x̂₀ + √(1 − ᾱ_t)·ε̂ with x̂₀ and ε̂ of the
 * earlier time. In the first step x̂₀ is the image itself, and ε̂ the network's prediction at the first time of the
 * trajectory.
 */
export function ddimEncode(schedule: NoiseSchedule, { steps }: Trajectory): SamplingPlan {
  return {
    name: "ddim encoding",
    clipX0: false,
    steps: steps.toReversed().map(({ t: later, prev: earlier }) => {
      const next = schedule.level(later);
      const weights = { ...NOTHING, [earlier < 0 ? "x" : "x0"]: next.signal, epsilon: next.noise };
      const t = earlier < 0 ? later : earlier;
      return { t, level: schedule.level(t), next, weights };
    }),
  };
}

/**
 * Lu et al. (2022), "DPM-Solver++", the multistep solver of second order (algorithm 2): x_s = σ_s/σ_t·x_t − α_s·(e^−h − 1)·D
 * with D = (1 + 1/2r)·x̂₀(t) − 1/2r·x̂₀(previous), h = λ_s − λ_t and r = h_previous / h. The first step has no previous one, and
 * the last has h = ∞: there D = x̂₀(t), which is the first-order solver (and DDIM with η = 0).
 */
export function dpmSolver(schedule: NoiseSchedule, path: Trajectory): SamplingPlan {
  return plan("dpm-solver++(2M)", schedule, path, ({ t, prev }, level, next, i) => {
    const h = schedule.lambda(prev) - schedule.lambda(t);
    const before = path.steps[i - 1];
    const ratio = before ? h / (schedule.lambda(t) - schedule.lambda(before.t)) / 2 : 0;
    const extra = Number.isFinite(ratio) ? ratio : 0;
    const gain = -next.signal * Math.expm1(-h);
    return {
      x: next.noise / level.noise,
      x0: gain * (1 + extra),
      previous: extra === 0 ? 0 : -gain * extra,
    };
  });
}
