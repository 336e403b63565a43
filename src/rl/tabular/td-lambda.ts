import { checkLearning, type Learning, stateTable } from "./learning.ts";
import type { TabularTask } from "./task.ts";
import { NO_Q, type PredictionOptions } from "./td-prediction.ts";
import { checkLambda, type TraceKind, Traces } from "./traces.ts";

/**
 * TD(λ) (Sutton & Barto, section 12.2): every TD error also updates the states visited before, by their traces.
 *   δ = R + γ V(S′) − V(S);  V ← V + α δ z.
 * With dutch traces it is true online TD(λ) (section 12.5), which equals the online λ-return algorithm exactly:
 *   V ← V + α (δ + V(S) − V_old) z − α (V(S) − V_old) e_S.
 */
export function* tdLambda(
  task: TabularTask,
  options: Omit<PredictionOptions, "alpha"> & { alpha: number; lambda: number; traces?: TraceKind },
): Learning<{ V: Float64Array }> {
  const { policy, episodes, gamma, alpha, lambda, rng, V = stateTable(task) } = options;
  const kind = options.traces ?? "accumulating";
  checkLearning(options, task);
  checkLambda(lambda);
  const traces = new Traces(V.length, kind);
  const online = kind === "dutch" ? 1 : 0;
  for (let episode = 0; episode < episodes; episode++) {
    let S = task.reset();
    let old = 0;
    let G = 0;
    let steps = 0;
    traces.clear();
    do {
      const next = task.step(policy.choose(task, NO_Q, S, rng));
      const R = task.reward;
      const value = V[S]!;
      const nextValue = V[next]!;
      const delta = R + gamma * nextValue - value;
      const correction = online * (value - old);
      traces.visit(S, gamma * lambda, alpha);
      traces.update(V, alpha * (delta + correction));
      V[S]! -= alpha * correction;
      old = nextValue;
      S = next;
      G += R;
      steps++;
    } while (!task.terminated && !task.truncated);
    yield { episode, steps, return: G };
  }
  return { V };
}
