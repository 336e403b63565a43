import type { Env } from "../env.ts";
import type { Rng, Seed } from "../random.ts";
import { checkLearning, type Learning } from "../tabular/learning.ts";
import { checkSteps } from "../tabular/n-step-td.ts";
import { checkLambda } from "../tabular/traces.ts";
import type { TileCoding } from "./tile-coding.ts";

/** q̂(s, a, w) = Σ of the weights of the active tiles; action a's weights begin at a · size. */
export function linearValue(
  w: Float64Array,
  coding: TileCoding,
  features: Int32Array,
  action: number,
): number {
  let sum = 0;
  const base = action * coding.size;
  for (let k = 0; k < features.length; k++) sum += w[base + features[k]!]!;
  return sum;
}

export interface LinearSarsaOptions {
  coding: TileCoding;
  actions: number;
  episodes: number;
  gamma: number;
  /** Step size of the whole estimate: each of the active tiles moves by alpha / tilings. */
  alpha: number;
  epsilon: number;
  rng: Rng;
  /** Seed of the environment's random numbers. */
  seed?: Seed;
  w?: Float64Array;
}

/** ε-greedy on q̂, ties broken at random. */
function chooseLinear(
  w: Float64Array,
  features: Int32Array,
  { coding, actions, epsilon, rng }: LinearSarsaOptions,
): number {
  if (epsilon > 0 && rng.random() < epsilon) return Math.floor(rng.random() * actions);
  let best = -Infinity;
  let action = 0;
  let ties = 0;
  for (let a = 0; a < actions; a++) {
    const q = linearValue(w, coding, features, a);
    if (q > best) {
      best = q;
      action = a;
      ties = 1;
    } else if (q === best && rng.random() * ++ties < 1) {
      action = a;
    }
  }
  return action;
}

/**
 * Episodic semi-gradient n-step Sarsa with linear q̂ (Sutton & Barto, sections 10.1 and 10.2):
 *   w ← w + α [G_{τ:τ+n} − q̂(S_τ, A_τ, w)] ∇q̂(S_τ, A_τ, w), where ∇q̂ is 1 on the active tiles.
 */
export function* linearSarsa(
  env: Env<ArrayLike<number>, number>,
  options: LinearSarsaOptions & { n?: number },
): Learning<{ w: Float64Array }> {
  const { coding, actions, episodes, gamma, n = 1, w = new Float64Array(actions * coding.size) } = options;
  checkLearning(options);
  checkSteps(n);
  const alpha = options.alpha / coding.active;
  const size = n + 1;
  const features = Array.from({ length: size }, () => new Int32Array(coding.active));
  const chosen = new Int32Array(size);
  const rewards = new Float64Array(size);
  for (let episode = 0; episode < episodes; episode++) {
    const first = env.reset(episode === 0 && options.seed !== undefined ? { seed: options.seed } : {});
    coding.encode(first.observation, features[0]);
    chosen[0] = chooseLinear(w, features[0]!, options);
    let T = Infinity;
    let terminated = false;
    let total = 0;
    for (let t = 0, tau = 1 - n; tau < T - 1 || T === Infinity; t++) {
      if (t < T) {
        const step = env.step(chosen[t % size]!);
        const j = (t + 1) % size;
        rewards[j] = step.reward;
        total += step.reward;
        terminated = step.terminated;
        if (step.terminated || step.truncated) T = t + 1;
        if (!step.terminated) {
          coding.encode(step.observation, features[j]);
          chosen[j] = chooseLinear(w, features[j]!, options);
        }
      }
      tau = t - n + 1;
      if (tau < 0) continue;
      const last = Math.min(tau + n, T);
      // The value after termination is 0; a truncated episode bootstraps from q̂.
      const ended = last === T && terminated;
      let G = ended ? 0 : linearValue(w, coding, features[last % size]!, chosen[last % size]!);
      for (let i = last; i > tau; i--) G = rewards[i % size]! + gamma * G;
      const x = features[tau % size]!;
      const a = chosen[tau % size]!;
      const step = alpha * (G - linearValue(w, coding, x, a));
      for (let k = 0; k < x.length; k++) w[a * coding.size + x[k]!]! += step;
    }
    yield { episode, steps: T, return: total };
  }
  return { w };
}

/**
 * Sarsa(λ) with binary features and replacing traces (section 12.7, the book's box for tile coding):
 * every TD error updates all recently visited tiles.
 */
export function* linearSarsaLambda(
  env: Env<ArrayLike<number>, number>,
  options: LinearSarsaOptions & { lambda: number },
): Learning<{ w: Float64Array }> {
  const { coding, actions, episodes, gamma, lambda, w = new Float64Array(actions * coding.size) } = options;
  checkLearning(options);
  checkLambda(lambda);
  const alpha = options.alpha / coding.active;
  const z = new Float64Array(w.length);
  const live = new Set<number>();
  let now = new Int32Array(coding.active);
  let next = new Int32Array(coding.active);
  for (let episode = 0; episode < episodes; episode++) {
    const first = env.reset(episode === 0 && options.seed !== undefined ? { seed: options.seed } : {});
    coding.encode(first.observation, now);
    let A = chooseLinear(w, now, options);
    for (const i of live) z[i] = 0;
    live.clear();
    let G = 0;
    for (let steps = 1; ; steps++) {
      const { observation, reward, terminated, truncated } = env.step(A);
      G += reward;
      let delta = reward - linearValue(w, coding, now, A);
      let nextA = 0;
      if (!terminated) {
        coding.encode(observation, next);
        nextA = chooseLinear(w, next, options);
        delta += gamma * linearValue(w, coding, next, nextA);
      }
      for (let k = 0; k < now.length; k++) {
        const i = A * coding.size + now[k]!;
        z[i] = 1;
        live.add(i);
      }
      for (const i of live) {
        w[i]! += alpha * delta * z[i]!;
        z[i]! *= gamma * lambda;
        if (Math.abs(z[i]!) < 1e-6) {
          z[i] = 0;
          live.delete(i);
        }
      }
      [now, next] = [next, now];
      A = nextA;
      if (terminated || truncated) {
        yield { episode, steps, return: G };
        break;
      }
    }
  }
  return { w };
}
