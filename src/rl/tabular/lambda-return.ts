import { checkLearning, type Learning, stateTable, stepSizes } from "./learning.ts";
import type { TabularTask } from "./task.ts";
import { NO_Q, type PredictionOptions } from "./td-prediction.ts";
import { checkLambda } from "./traces.ts";

/**
 * The off-line λ-return algorithm (Sutton & Barto, section 12.1, eq. 12.4): after the episode every visited
 * state moves towards its λ-return, G_t = R + γ [(1 − λ) V(S_{t+1}) + λ G_{t+1}]. λ = 1 is Monte Carlo.
 */
export function* offlineLambdaReturn(
  task: TabularTask,
  options: PredictionOptions & { lambda: number },
): Learning<{ V: Float64Array }> {
  const { policy, episodes, gamma, lambda, rng, V = stateTable(task) } = options;
  checkLearning(options, task);
  checkLambda(lambda);
  const alpha = stepSizes(options.alpha, V.length);
  for (let episode = 0; episode < episodes; episode++) {
    const states = [task.reset()];
    const rewards: number[] = [];
    do {
      states.push(task.step(policy.choose(task, NO_Q, states.at(-1)!, rng)));
      rewards.push(task.reward);
    } while (!task.terminated && !task.truncated);
    const T = rewards.length;
    const returns = new Float64Array(T);
    let G = V[states[T]!]!;
    for (let t = T - 1; t >= 0; t--) {
      G = rewards[t]! + gamma * ((1 - lambda) * V[states[t + 1]!]! + lambda * G);
      returns[t] = G;
    }
    for (let t = 0; t < T; t++) {
      const S = states[t]!;
      V[S]! += alpha(S) * (returns[t]! - V[S]!);
    }
    yield { episode, steps: T, return: rewards.reduce((sum, r) => sum + r, 0) };
  }
  return { V };
}
