import { UserError } from "../../errors.ts";
import type { Rng } from "../random.ts";

/** A method of choosing among k arms with unknown rewards. */
export interface BanditMethod {
  /** A_t. */
  choose(): number;
  /** Learns from the reward of an arm. */
  learn(arm: number, reward: number): void;
  /** Resets the estimates. */
  reset(): void;
}

/** The index of a largest entry, ties broken uniformly at random. */
function argmax(x: Float64Array, rng: Rng): number {
  let best = -Infinity;
  let arm = 0;
  let ties = 0;
  for (let a = 0; a < x.length; a++) {
    const value = x[a]!;
    if (value > best) {
      best = value;
      arm = a;
      ties = 1;
    } else if (value === best && rng.random() * ++ties < 1) {
      arm = a;
    }
  }
  return arm;
}

/**
 * ε-greedy on estimates Q (Sutton & Barto, section 2.4): Q ← Q + α (R − Q), α = 1/n unless it is given
 * (section 2.5). `initial` > 0 makes the first estimates optimistic (section 2.6).
 */
export function epsilonGreedyBandit(
  k: number,
  { epsilon, alpha, initial = 0 }: { epsilon: number; alpha?: number; initial?: number },
  rng: Rng,
): BanditMethod {
  if (!(epsilon >= 0 && epsilon <= 1)) throw new UserError(`epsilon must lie in 0 … 1, not ${epsilon}`);
  const Q = new Float64Array(k).fill(initial);
  const n = new Uint32Array(k);
  return {
    choose: () => (epsilon > 0 && rng.random() < epsilon ? Math.floor(rng.random() * k) : argmax(Q, rng)),
    learn: (a, R) => {
      n[a]!++;
      Q[a]! += (alpha ?? 1 / n[a]!) * (R - Q[a]!);
    },
    reset: () => {
      Q.fill(initial);
      n.fill(0);
    },
  };
}

/** Upper confidence bounds (section 2.7, eq. 2.10): argmax Q(a) + c √(ln t / N(a)); untried arms come first. */
export function ucbBandit(k: number, { c }: { c: number }, rng: Rng): BanditMethod {
  if (!(c >= 0)) throw new UserError(`c must be ≥ 0, not ${c}`);
  const Q = new Float64Array(k);
  const n = new Uint32Array(k);
  const bound = new Float64Array(k);
  let t = 0;
  return {
    choose: () => {
      t++;
      const log = Math.log(t);
      for (let a = 0; a < k; a++) bound[a] = n[a] === 0 ? Infinity : Q[a]! + c * Math.sqrt(log / n[a]!);
      return argmax(bound, rng);
    },
    learn: (a, R) => {
      n[a]!++;
      Q[a]! += (R - Q[a]!) / n[a]!;
    },
    reset: () => {
      t = 0;
      Q.fill(0);
      n.fill(0);
    },
  };
}

/**
 * Gradient bandit (section 2.8, eq. 2.12): preferences H, chosen by softmax.
 *   H(a) ← H(a) + α (R − R̄) (1[a = A] − π(a)), with R̄ the average of all rewards, or 0 without baseline.
 */
export function gradientBandit(
  k: number,
  { alpha, baseline = true }: { alpha: number; baseline?: boolean },
  rng: Rng,
): BanditMethod {
  if (!(alpha > 0)) throw new UserError(`alpha must be > 0, not ${alpha}`);
  const H = new Float64Array(k);
  const pi = new Float64Array(k);
  let average = 0;
  let t = 0;
  return {
    choose: () => {
      let max = -Infinity;
      for (let a = 0; a < k; a++) max = Math.max(max, H[a]!);
      let total = 0;
      for (let a = 0; a < k; a++) total += pi[a] = Math.exp(H[a]! - max);
      for (let a = 0; a < k; a++) pi[a]! /= total;
      let u = rng.random();
      for (let a = 0; a < k - 1; a++) {
        u -= pi[a]!;
        if (u < 0) return a;
      }
      return k - 1;
    },
    learn: (A, R) => {
      t++;
      if (baseline) average += (R - average) / t;
      for (let a = 0; a < k; a++) H[a]! += alpha * (R - average) * ((a === A ? 1 : 0) - pi[a]!);
    },
    reset: () => {
      H.fill(0);
      average = 0;
      t = 0;
    },
  };
}

/**
 * Thompson sampling (1933) for arms with normal rewards of known deviation: an arm is chosen with the
 * probability that it is the best, by drawing one value for each arm from its posterior N(μ, 1/τ).
 */
export function thompsonBandit(
  k: number,
  { prior = 1, noise = 1 }: { prior?: number; noise?: number },
  rng: Rng,
): BanditMethod {
  if (!(prior > 0 && noise > 0))
    throw new UserError(`both deviations must be > 0, not ${prior} and ${noise}`);
  const precision = new Float64Array(k).fill(1 / prior ** 2);
  const mean = new Float64Array(k);
  const draw = new Float64Array(k);
  return {
    choose: () => {
      for (let a = 0; a < k; a++) draw[a] = rng.normal(mean[a]!, 1 / Math.sqrt(precision[a]!));
      return argmax(draw, rng);
    },
    learn: (a, R) => {
      const more = 1 / noise ** 2;
      mean[a]! += ((R - mean[a]!) * more) / (precision[a]! + more);
      precision[a]! += more;
    },
    reset: () => {
      precision.fill(1 / prior ** 2);
      mean.fill(0);
    },
  };
}
