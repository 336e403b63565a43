import { actionTable, checkLearning, type Learning, stepSizes } from "./learning.ts";
import { checkSteps } from "./n-step-td.ts";
import type { ControlOptions } from "./q-learning.ts";
import { epsilonGreedy, type Rule } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/**
 * n-step Sarsa (Sutton & Barto, section 7.2, eq. 7.5), and with another `target` its off-policy form with
 * importance sampling (section 7.3, eq. 7.11):
 *   Q(S_τ, A_τ) ← Q(S_τ, A_τ) + α ρ_{τ+1:τ+n} [G_{τ:τ+n} − Q(S_τ, A_τ)].
 */
export function* nStepSarsa(
  task: TabularTask,
  options: ControlOptions & { n: number; target?: Rule },
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, rng, n, behaviour = epsilonGreedy(0.1), Q = actionTable(task) } = options;
  const { target = behaviour } = options;
  checkLearning(options, task);
  checkSteps(n);
  const alpha = stepSizes(options.alpha, Q.length);
  const size = n + 1;
  const states = new Int32Array(size);
  const actions = new Int32Array(size);
  const rewards = new Float64Array(size);
  for (let episode = 0; episode < episodes; episode++) {
    states[0] = task.reset();
    actions[0] = behaviour.choose(task, Q, states[0]!, rng);
    let T = Infinity;
    let total = 0;
    for (let t = 0, tau = 1 - n; tau < T - 1 || T === Infinity; t++) {
      if (t < T) {
        const next = task.step(actions[t % size]!);
        const j = (t + 1) % size;
        states[j] = next;
        rewards[j] = task.reward;
        total += task.reward;
        if (task.terminated || task.truncated) T = t + 1;
        actions[j] = task.terminated ? 0 : behaviour.choose(task, Q, next, rng);
      }
      tau = t - n + 1;
      if (tau >= 0) {
        const last = Math.min(tau + n, T);
        let rho = 1;
        if (target !== behaviour) {
          for (let i = tau + 1; i <= Math.min(tau + n, T - 1); i++) {
            const S = states[i % size]!;
            const A = actions[i % size]!;
            rho *= target.probability(task, Q, S, A) / behaviour.probability(task, Q, S, A);
          }
        }
        let G = Q[states[last % size]! * task.actions + actions[last % size]!]!;
        for (let i = last; i > tau; i--) G = rewards[i % size]! + gamma * G;
        const i = states[tau % size]! * task.actions + actions[tau % size]!;
        Q[i]! += alpha(i) * rho * (G - Q[i]!);
      }
    }
    yield { episode, steps: T, return: total };
  }
  return { Q };
}
