import type { Rng } from "../random.ts";
import { checkLearning, type Learning, type StepSize, stateTable, stepSizes } from "./learning.ts";
import type { Rule } from "./rules.ts";
import type { TabularTask } from "./task.ts";
import { NO_Q } from "./td-prediction.ts";

/** S_0, A_0, R_1, S_1 … of one episode; S has one entry more than A and R. */
export interface Trajectory {
  readonly S: number[];
  readonly A: number[];
  readonly R: number[];
}

/** Plays one episode from S₀ = `state`, with A₀ = `action` if it is given (exploring starts). */
export function generateEpisode(
  task: TabularTask,
  policy: Rule,
  Q: Float64Array,
  rng: Rng,
  state: number = task.reset(),
  action?: number,
): Trajectory {
  const S = [state];
  const A: number[] = [];
  const R: number[] = [];
  do {
    const s = S[S.length - 1]!;
    const a = A.length === 0 && action !== undefined ? action : policy.choose(task, Q, s, rng);
    S.push(task.step(a));
    A.push(a);
    R.push(task.reward);
  } while (!task.terminated && !task.truncated);
  return { S, A, R };
}

/** The episode's index, return and length. */
export function told(episode: number, { R }: Trajectory): { episode: number; steps: number; return: number } {
  return { episode, steps: R.length, return: R.reduce((sum, r) => sum + r, 0) };
}

/** firsts[t]: whether t is the first visit of its key in the episode. */
export function firstVisits(keys: readonly number[], T: number): boolean[] {
  const seen = new Set<number>();
  return Array.from({ length: T }, (_, t) => {
    const first = !seen.has(keys[t]!);
    seen.add(keys[t]!);
    return first;
  });
}

/**
 * Monte Carlo prediction (Sutton & Barto, section 5.1): a value is the average of the returns that followed.
 * First-visit by default, every-visit with `visits: "every"`; a constant `alpha` forgets old returns (eq. 6.1).
 */
export function* monteCarloPrediction(
  task: TabularTask,
  options: {
    policy: Rule;
    episodes: number;
    gamma: number;
    rng: Rng;
    visits?: "first" | "every";
    /** (n) => 1 / n by default: the plain average. */
    alpha?: StepSize;
    V?: Float64Array;
  },
): Learning<{ V: Float64Array }> {
  const { policy, episodes, gamma, rng, visits = "first", V = stateTable(task) } = options;
  checkLearning(options, task);
  const alpha = stepSizes(options.alpha ?? ((n) => 1 / n), V.length);
  for (let episode = 0; episode < episodes; episode++) {
    const trajectory = generateEpisode(task, policy, NO_Q, rng);
    const { S, R } = trajectory;
    const counted = visits === "every" ? undefined : firstVisits(S, R.length);
    let G = 0;
    for (let t = R.length - 1; t >= 0; t--) {
      G = R[t]! + gamma * G;
      const s = S[t]!;
      if (counted === undefined || counted[t]) V[s]! += alpha(s) * (G - V[s]!);
    }
    yield told(episode, trajectory);
  }
  return { V };
}
