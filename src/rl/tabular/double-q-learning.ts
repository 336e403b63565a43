import { actionTable, checkLearning, type Learning, stepSizes, type Watch } from "./learning.ts";
import { Memory } from "./memory.ts";
import type { ControlOptions } from "./q-learning.ts";
import { epsilonGreedy, greedyAction } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/**
 * Double Q-learning (Sutton & Barto, section 6.7, eq. 6.10; van Hasselt 2010): one table chooses the greedy
 * action, the other evaluates it, which removes the maximisation bias.
 *   Q₁(S, A) ← Q₁(S, A) + α [R + γ Q₂(S′, argmax_a Q₁(S′, a)) − Q₁(S, A)], or the other way round.
 */
export function* doubleQLearning(
  task: TabularTask,
  options: ControlOptions & Watch & { Q1?: Float64Array; Q2?: Float64Array },
): Learning<{ Q1: Float64Array; Q2: Float64Array; Q: Float64Array }> {
  const { episodes, gamma, rng, behaviour = epsilonGreedy(0.1), watch } = options;
  const { memory = new Memory(), Q = actionTable(task) } = options;
  const { Q1 = memory.floats("Q1", () => actionTable(task)) } = options;
  const { Q2 = memory.floats("Q2", () => actionTable(task)) } = options;
  checkLearning(options, task);
  // The behaviour policy uses the mean of both tables, which is also the result.
  Q.forEach((_, i) => {
    Q[i] = (Q1[i]! + Q2[i]!) / 2;
  });
  const alpha1 = stepSizes(options.alpha, Q1.length);
  const alpha2 = stepSizes(options.alpha, Q2.length);
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let G = 0;
    let steps = 0;
    do {
      const A = behaviour.choose(task, Q, S, rng);
      const next = task.step(A);
      const R = task.reward;
      const i = S * task.actions + A;
      const first = rng.random() < 0.5;
      const [learner, judge] = first ? [Q1, Q2] : [Q2, Q1];
      const best = task.terminated ? 0 : greedyAction(task, learner, next, rng);
      const delta = R + gamma * judge[next * task.actions + best]! - learner[i]!;
      learner[i]! += (first ? alpha1(i) : alpha2(i)) * delta;
      Q[i] = (Q1[i]! + Q2[i]!) / 2;
      G += R;
      steps++;
      if (watch) yield { episode, steps, return: G, update: { S, A, R, next, delta } };
      S = next;
    } while (!task.terminated && !task.truncated);
    yield { episode, steps, return: G };
  }
  return { Q1, Q2, Q };
}
