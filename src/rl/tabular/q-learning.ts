import type { Rng } from "../random.ts";
import {
  actionTable,
  checkLearning,
  type Learning,
  type StepSize,
  stepSizes,
  type Watch,
} from "./learning.ts";
import type { Memory } from "./memory.ts";
import { epsilonGreedy, maxValue, type Rule } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/** Options of the one-step control methods. */
export interface ControlOptions {
  episodes: number;
  gamma: number;
  alpha: StepSize;
  rng: Rng;
  /** The behaviour policy; 0.1-greedy by default. */
  behaviour?: Rule;
  /** Initial values, updated in place; zeros by default. */
  Q?: Float64Array;
  /** State kept from episode to episode; pass that of an earlier run to continue it. */
  memory?: Memory;
}

/**
 * Q-learning: off-policy TD control (Sutton & Barto, section 6.5, eq. 6.8). Whatever the behaviour policy, the target
 * policy is the greedy one:
 *   Q(S, A) ← Q(S, A) + α [R + γ max_a Q(S′, a) − Q(S, A)].
 */
export function* qLearning(
  task: TabularTask,
  options: ControlOptions & Watch,
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, rng, behaviour = epsilonGreedy(0.1), Q = actionTable(task), watch } = options;
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
      const delta = R + gamma * maxValue(task, Q, next) - Q[i]!;
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
