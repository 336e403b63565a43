import { actionTable, checkLearning, type Learning, stepSizes, type Watch } from "./learning.ts";
import type { ControlOptions } from "./q-learning.ts";
import { epsilonGreedy } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/**
 * Sarsa: on-policy TD control (Sutton & Barto, section 6.4, eq. 6.7). The behaviour policy is also the target
 * policy: A′ is the action it takes next.
 *   Q(S, A) ← Q(S, A) + α [R + γ Q(S′, A′) − Q(S, A)].
 */
export function* sarsa(task: TabularTask, options: ControlOptions & Watch): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, rng, behaviour = epsilonGreedy(0.1), Q = actionTable(task), watch } = options;
  checkLearning(options, task);
  const alpha = stepSizes(options.alpha, Q.length);
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let A = behaviour.choose(task, Q, S, rng);
    let G = 0;
    let steps = 0;
    do {
      const next = task.step(A);
      const R = task.reward;
      const nextA = task.terminated ? 0 : behaviour.choose(task, Q, next, rng);
      const i = S * task.actions + A;
      const delta = R + gamma * Q[next * task.actions + nextA]! - Q[i]!;
      Q[i]! += alpha(i) * delta;
      G += R;
      steps++;
      if (watch) yield { episode, steps, return: G, update: { S, A, R, next, delta } };
      S = next;
      A = nextA;
    } while (!task.terminated && !task.truncated);
    yield { episode, steps, return: G };
  }
  return { Q };
}
