/**
 * Noise schedules. Time runs from 0 (the paper's 1) to T−1, and −1 is the image itself: ᾱ₋₁ = 1. Everything is
 * float64 on the host.
 */
import { UserError, unknownName } from "../../errors.ts";

/** Amounts of signal and noise in x_t = signal·x₀ + noise·ε (Ho et al. 2020, eq. 4); their squares sum to 1. */
export interface Level {
  /** √ᾱ_t */
  readonly signal: number;
  /** √(1 − ᾱ_t) */
  readonly noise: number;
}

/** q(x_s | x_t, x₀) = N(x0·x₀ + x·x_t, variance) for s < t (Ho et al. 2020, eqs. 6 and 7, for any pair). */
export interface Posterior {
  readonly x0: number;
  readonly x: number;
  readonly variance: number;
}

export class NoiseSchedule {
  readonly name: string;
  /** The number of steps of the forward process. */
  readonly T: number;
  /** ᾱ₋₁ = 1, ᾱ₀, … ᾱ_{T−1}. */
  readonly #alphaBars: Float64Array;

  /** @param betas β₀ … β_{T−1}, each the variance of one step of noise: 0 < β < 1. */
  constructor(name: string, betas: Float64Array) {
    const bad = betas.findIndex((beta) => !(beta > 0 && beta < 1));
    if (bad >= 0)
      throw new UserError(
        `noise schedule ${name}: beta at step ${bad} is ${betas[bad]}; each must lie between 0 and 1`,
      );
    this.name = name;
    this.T = betas.length;
    this.#alphaBars = new Float64Array(betas.length + 1).fill(1);
    for (const [t, beta] of betas.entries()) this.#alphaBars[t + 1] = this.#alphaBars[t]! * (1 - beta);
  }

  /** ᾱ_t = Π_{i ≤ t} (1 − β_i), for −1 ≤ t < T. */
  alphaBar(t: number): number {
    const value = this.#alphaBars[t + 1];
    if (value === undefined)
      throw new RangeError(`noise schedule ${this.name}: step ${t} is not among -1 … ${this.T - 1}`);
    return value;
  }

  /** Variance of the noise added from s to t: 1 − ᾱ_t / ᾱ_s; β_t where s = t−1. */
  beta(t: number, s = t - 1): number {
    return 1 - this.alphaBar(t) / this.alphaBar(s);
  }

  level(t: number): Level {
    const alphaBar = this.alphaBar(t);
    return { signal: Math.sqrt(alphaBar), noise: Math.sqrt(1 - alphaBar) };
  }

  /** Signal-to-noise ratio ᾱ / (1 − ᾱ); infinite at t = −1. */
  snr(t: number): number {
    const alphaBar = this.alphaBar(t);
    return alphaBar / (1 - alphaBar);
  }

  /** λ_t = ln(√ᾱ / √(1 − ᾱ)), half the log of the signal-to-noise ratio (Lu et al. 2022, DPM-Solver). */
  lambda(t: number): number {
    return 0.5 * Math.log(this.snr(t));
  }

  posterior(t: number, s = t - 1): Posterior {
    const [now, before, beta] = [this.alphaBar(t), this.alphaBar(s), this.beta(t, s)];
    return {
      x0: (Math.sqrt(before) * beta) / (1 - now),
      x: (Math.sqrt(now / before) * (1 - before)) / (1 - now),
      variance: ((1 - before) / (1 - now)) * beta,
    };
  }

  /** A quantity at each step 0 … T−1, for tables in graphs and for plots: `schedule.table((s, t) => s.snr(t))`. */
  table(quantity: (schedule: NoiseSchedule, t: number) => number): Float64Array {
    return Float64Array.from({ length: this.T }, (_, t) => quantity(this, t));
  }
}

/** Schedules defined by ᾱ could have β = 1 in the last step: Nichol and Dhariwal clip β to this. */
const MAX_BETA = 0.999;

function requireSteps(T: number): number {
  if (!Number.isSafeInteger(T) || T < 1)
    throw new UserError(`a noise schedule has a whole number of steps, 1 or more, not ${T}`);
  return T;
}

const fraction = (t: number, T: number): number => (T === 1 ? 1 : t / (T - 1));

export interface BetaRange {
  readonly T?: number;
  /** 0.1 / T when left out: 1e-4 at T = 1000. */
  readonly betaStart?: number;
  /** 20 / T when left out: 0.02 at T = 1000. */
  readonly betaEnd?: number;
}

function betasBetween(
  name: string,
  { T = 1000, betaStart = 0.1 / T, betaEnd = Math.min(20 / T, MAX_BETA) }: BetaRange,
  between: (start: number, end: number, u: number) => number,
): NoiseSchedule {
  const length = requireSteps(T);
  return new NoiseSchedule(
    name,
    Float64Array.from({ length }, (_, t) => between(betaStart, betaEnd, fraction(t, T))),
  );
}

/** Ho et al. (2020), section 4: β grows linearly. */
export const linear = (range: BetaRange = {}): NoiseSchedule =>
  betasBetween("linear", range, (start, end, u) => start + (end - start) * u);

/** Rombach et al. (2022): √β grows linearly. */
export const scaledLinear = (range: BetaRange = {}): NoiseSchedule =>
  betasBetween("scaled-linear", range, (a, b, u) => (Math.sqrt(a) + (Math.sqrt(b) - Math.sqrt(a)) * u) ** 2);

/** β from ᾱ at u = 0 … 1: β_t = 1 − ᾱ((t+1)/T) / ᾱ(t/T) (Nichol and Dhariwal 2021, section 3.2). */
function fromAlphaBar(name: string, T: number, alphaBar: (u: number) => number): NoiseSchedule {
  const beta = (t: number): number => Math.min(1 - alphaBar((t + 1) / T) / alphaBar(t / T), MAX_BETA);
  return new NoiseSchedule(
    name,
    Float64Array.from({ length: requireSteps(T) }, (_, t) => beta(t)),
  );
}

/** Nichol and Dhariwal (2021), eq. 17: ᾱ(u) = cos²(π/2·(u + s) / (1 + s)), up to a factor. */
export const cosine = ({ T = 1000, s = 0.008 }: { T?: number; s?: number } = {}): NoiseSchedule =>
  fromAlphaBar("cosine", T, (u) => Math.cos(((u + s) / (1 + s)) * (Math.PI / 2)) ** 2);

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Chen (2023), algorithm 1: ᾱ(u) falls like a sigmoid from `start` to `end`, at temperature `tau`. */
export function sigmoid({ T = 1000, start = -3, end = 3, tau = 1 }: SigmoidOptions = {}): NoiseSchedule {
  const [first, last] = [logistic(start / tau), logistic(end / tau)];
  return fromAlphaBar("sigmoid", T, (u) =>
    Math.max((last - logistic((u * (end - start) + start) / tau)) / (last - first), 1e-9),
  );
}

export interface SigmoidOptions {
  readonly T?: number;
  readonly start?: number;
  readonly end?: number;
  readonly tau?: number;
}

export const SCHEDULES = {
  linear,
  "scaled-linear": scaledLinear,
  cosine,
  sigmoid,
} as const satisfies Record<string, (options?: { T?: number }) => NoiseSchedule>;

export type ScheduleName = keyof typeof SCHEDULES;

/** The schedule of this name with T steps and its authors' other settings. */
export function noiseSchedule(name: ScheduleName, T = 1000): NoiseSchedule {
  if (!Object.hasOwn(SCHEDULES, name)) throw unknownName("noise schedule", name, Object.keys(SCHEDULES));
  return SCHEDULES[name]({ T });
}
