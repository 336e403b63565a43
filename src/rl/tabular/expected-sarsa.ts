import { actionTable, checkLearning, type Learning, stepSizes, type Watch } from "./learning.ts";
import type { ControlOptions } from "./q-learning.ts";
import { epsilonGreedy, type Rule } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/**
 * Expected Sarsa (Sutton & Barto, section 6.6, eq. 6.9): the expectation over the target policy's next action
 * replaces Sarsa's sample.
 *   Q(S, A) ← Q(S, A) + α [R + γ Σ_a π(a | S′) Q(S′, a) − Q(S, A)].
 * With the target = the behaviour policy it is on-policy; with a greedy target it is Q-learning.
 */
export function* expectedSarsa(
  task: TabularTask,
  options: ControlOptions & Watch & { target?: Rule },
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, rng, behaviour = epsilonGreedy(0.1), Q = actionTable(task), watch } = options;
  const { target = behaviour } = options;
  checkLearning(options, task);
  const alpha = stepSizes(options.alpha, Q.length);
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let G = 0;
    let steps = 0;
    do {
      const A = behaviour.choose(task, Q, S, rng);
      const next = task.step(A);
      const R = task.reward;
      const i = S * task.actions + A;
      const delta = R + gamma * target.expected(task, Q, next) - Q[i]!;
      Q[i]! += alpha(i) * delta;
      G += R;
      steps++;
      if (watch) yield { episode, steps, return: G, update: { S, A, R, next, delta } };
      S = next;
    } while (!task.terminated && !task.truncated);
    yield { episode, steps, return: G };
  }
  return { Q };
}
