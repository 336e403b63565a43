/**
 * DDPM, DDIM and DPM-Solver++ beside one another. All are one update rule from x_t to x_s (s < t), and differ in its weights:
 *
 *   x_s = x·x_t + x0·x̂₀ + epsilon·ε̂ + previous·x̂₀(of the step before) + noise·z,   z ~ N(0, 1)
 *
 * A sampler is then a function from a noise schedule and a trajectory to weights, in float64; first and last steps
 * that differ lie in these numbers and in no branch.
 */
import { lookup, UserError } from "../../errors.ts";
import type { Operand } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Level, NoiseSchedule } from "./schedule.ts";
import type { Step, Trajectory } from "./trajectory.ts";

/** What each part of the update counts. */
export interface Weights<N = number> {
  readonly x: N;
  readonly x0: N;
  readonly epsilon: N;
  readonly previous: N;
  readonly noise: N;
}

/** One step: the time that the network is given, the levels of noise before and after it, and the weights. */
export interface PlannedStep {
  readonly t: number;
  /** How noisy x_t is: what turns a prediction into x̂₀ and ε̂. */
  readonly level: Level;
  /** How noisy x is after the step. */
  readonly next: Level;
  readonly weights: Weights;
}

/** All the steps of a sampler. */
export interface SamplingPlan {
  /** For people: "ddim, η = 0". */
  readonly name: string;
  readonly steps: readonly PlannedStep[];
  /** Whether x̂₀ should be held to the range of images unless the caller says otherwise. */
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

/** A plan of one step for each of the trajectory's; its weights are zero where `weigh` does not name them. */
function plan(
  name: string,
  schedule: NoiseSchedule,
  { steps }: Trajectory,
  weigh: (step: Step, level: Level, next: Level, i: number) => Partial<Weights>,
): SamplingPlan {
  return {
    name,
    // At t near T an error in ε̂ counts 1/√ᾱ_t times in x̂₀ (157 for the linear schedule): unclipped, a small network's
    // images run away into noise. The DDIM paper's own code clips σ̂ only; diffusers and guided-diffusion clip all.
    clipX0: true,
    steps: steps.map((step, i) => {
      const [level, next] = [schedule.level(step.t), schedule.level(step.prev)];
      return { t: step.t, level, next, weights: { ...NOTHING, ...weigh(step, level, next, i) } };
    }),
  };
}

/**
 * Variance of p(x_s | x_t) (Ho et al. 2020, section 3.2): `fixed-small` is that of the posterior q(x_s | x_t, x₀), right
 * where the data are one point; `fixed-large` that of the noise between s and t, right where they are N(0, 1).
 */
export const VARIANCES = {
  "fixed-small": (schedule: NoiseSchedule, { t, prev }: Step): number => schedule.posterior(t, prev).variance,
  "fixed-large": (schedule: NoiseSchedule, { t, prev }: Step): number => schedule.beta(t, prev),
} as const;
export type Variance = keyof typeof VARIANCES;

/** The step to the image draws nothing: algorithm 2, line 3. */
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

/** How random a step is: 0 not at all, 1 as in DDPM with its smaller variance; σ̂ has the mean of 1 and the larger variance. */
export type Eta = number | "sigma-hat";

/**
 * Song et al. (2021), "Denoising diffusion implicit models", eq. 12: x_s = √ᾱ_s·x̂₀ + √(1 − ᾱ_s − σ²)·ε̂ + σ·z with
 * σ = η·√((1 − ᾱ_s)/(1 − ᾱ_t))·√(1 − ᾱ_t/ᾱ_s) (eq. 16). With `sigma-hat` z counts σ̂ = √(1 − ᾱ_t/ᾱ_s) instead, as in the
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
        `eta ${eta} is too large: from t = ${step.t} to ${step.prev} it asks for more noise than there may be; 1 is always possible`,
      );
    const noise = hat ? deviation(schedule, step, "fixed-large") : sigma;
    return { x0: next.signal, epsilon: Math.sqrt(direction), noise };
  });
}

/**
 * DDIM's deterministic steps backwards, image to noise (section 4.3): x_t = √ᾱ_t·x̂₀ + √(1 − ᾱ_t)·ε̂ with x̂₀ and ε̂ of the
 * earlier time. An image has no noise to find; its x̂₀ is the image, and ε̂ what the network predicts at the first time on
 * the way.
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
 * with D = (1 + 1/2r)·x̂₀(t) − 1/2r·x̂₀(before), h = λ_s − λ_t and r = h_before / h. The first step has no step before it, and
 * the last has h = ∞: there D = x̂₀(t), which is the solver of first order (and DDIM with η = 0).
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
