import type { Rng } from "../random.ts";
import {
  checkLearning,
  type Learning,
  type StepSize,
  stateTable,
  stepSizes,
  type Watch,
} from "./learning.ts";
import type { Rule } from "./rules.ts";
import type { TabularTask } from "./task.ts";

/** Options of the methods that predict v_π. */
export interface PredictionOptions {
  /** π, also the behaviour policy. It must not depend on action values (`fixedPolicy`, `equiprobable`). */
  policy: Rule;
  episodes: number;
  gamma: number;
  alpha: StepSize;
  rng: Rng;
  /** Initial values, updated in place (states + 1 entries, the last 0); zeros by default. */
  V?: Float64Array;
}

/** Prediction has no action values. */
export const NO_Q = new Float64Array(0);

/**
 * Tabular TD(0) (Sutton & Barto, section 6.1, eq. 6.2): each value moves towards the next one.
 *   V(S) ← V(S) + α [R + γ V(S′) − V(S)].
 */
export function* tdPrediction(
  task: TabularTask,
  options: PredictionOptions & Watch,
): Learning<{ V: Float64Array }> {
  const { policy, episodes, gamma, rng, V = stateTable(task), watch } = options;
  checkLearning(options, task);
  const alpha = stepSizes(options.alpha, V.length);
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let G = 0;
    let steps = 0;
    do {
      const A = policy.choose(task, NO_Q, S, rng);
      const next = task.step(A);
      const R = task.reward;
      const delta = R + gamma * V[next]! - V[S]!;
      V[S]! += alpha(S) * delta;
      G += R;
      steps++;
      if (watch) yield { episode, steps, return: G, update: { S, A, R, next, delta } };
      S = next;
    } while (!task.terminated && !task.truncated);
    yield { episode, steps, return: G };
  }
  return { V };
}
