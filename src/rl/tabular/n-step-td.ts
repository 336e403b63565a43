import { UserError } from "../../errors.ts";
import { checkLearning, type Learning, stateTable, stepSizes } from "./learning.ts";
import type { TabularTask } from "./task.ts";
import { NO_Q, type PredictionOptions } from "./td-prediction.ts";

/** Throws unless n is a whole number ≥ 1. */
export function checkSteps(n: number): void {
  if (!(Number.isInteger(n) && n >= 1)) throw new UserError(`n must be a whole number ≥ 1, not ${n}`);
}

/**
 * n-step TD prediction (Sutton & Barto, section 7.1, eq. 7.2): n rewards, then the value of the state reached.
 *   V(S_τ) ← V(S_τ) + α [R_{τ+1} + … + γ^{n−1} R_{τ+n} + γ^n V(S_{τ+n}) − V(S_τ)].
 * n = 1 is TD(0); n beyond the episode's length is constant-α Monte Carlo.
 */
export function* nStepTd(
  task: TabularTask,
  options: PredictionOptions & { n: number },
): Learning<{ V: Float64Array }> {
  const { policy, episodes, gamma, rng, n, V = stateTable(task) } = options;
  checkLearning(options, task);
  checkSteps(n);
  const alpha = stepSizes(options.alpha, V.length);
  // S_t and R_t are stored at t mod (n + 1).
  const states = new Int32Array(n + 1);
  const rewards = new Float64Array(n + 1);
  for (let episode = 0; episode < episodes; episode++) {
    states[0] = task.reset();
    let T = Infinity;
    let total = 0;
    for (let t = 0, tau = 1 - n; tau < T - 1 || T === Infinity; t++) {
      if (t < T) {
        const next = task.step(policy.choose(task, NO_Q, states[t % (n + 1)]!, rng));
        states[(t + 1) % (n + 1)] = next;
        rewards[(t + 1) % (n + 1)] = task.reward;
        total += task.reward;
        if (task.terminated || task.truncated) T = t + 1;
      }
      tau = t - n + 1;
      if (tau >= 0) {
        const last = Math.min(tau + n, T);
        let G = V[states[last % (n + 1)]!]!;
        for (let i = last; i > tau; i--) G = rewards[i % (n + 1)]! + gamma * G;
        const S = states[tau % (n + 1)]!;
        V[S]! += alpha(S) * (G - V[S]!);
      }
    }
    yield { episode, steps: T, return: total };
  }
  return { V };
}
