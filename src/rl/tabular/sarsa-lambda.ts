import { actionTable, checkLearning, type Learning, type Watch } from "./learning.ts";
import type { ControlOptions } from "./q-learning.ts";
import { epsilonGreedy } from "./rules.ts";
import type { TabularTask } from "./task.ts";
import { checkLambda, type TraceKind, Traces } from "./traces.ts";

/**
 * Sarsa(λ) (Sutton & Barto, section 12.7, for a table): Sarsa's TD error also updates all pairs visited before,
 * by their traces. Dutch traces make it true online Sarsa(λ).
 */
export function* sarsaLambda(
  task: TabularTask,
  options: Omit<ControlOptions, "alpha"> & Watch & { alpha: number; lambda: number; traces?: TraceKind },
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, alpha, lambda, rng, watch } = options;
  const { behaviour = epsilonGreedy(0.1), Q = actionTable(task), traces: kind = "replacing" } = options;
  checkLearning(options, task);
  checkLambda(lambda);
  const traces = new Traces(Q.length, kind);
  const online = kind === "dutch" ? 1 : 0;
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let A = behaviour.choose(task, Q, S, rng);
    let old = 0;
    let G = 0;
    let steps = 0;
    traces.clear();
    do {
      const next = task.step(A);
      const R = task.reward;
      const nextA = task.terminated ? 0 : behaviour.choose(task, Q, next, rng);
      const i = S * task.actions + A;
      const value = Q[i]!;
      const nextValue = Q[next * task.actions + nextA]!;
      const delta = R + gamma * nextValue - value;
      const correction = online * (value - old);
      traces.visit(i, gamma * lambda, alpha);
      traces.update(Q, alpha * (delta + correction));
      Q[i]! -= alpha * correction;
      old = nextValue;
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
