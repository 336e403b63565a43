import type { Rng } from "../random.ts";
import { actionTable, checkLearning, type Learning, type StepSize, stepSizes } from "./learning.ts";
import { Memory } from "./memory.ts";
import { firstVisits, generateEpisode, type Trajectory, told } from "./monte-carlo.ts";
import { epsilonGreedy, greedy, type Rule, randomAction } from "./rules.ts";
import type { ModelTask, TabularTask } from "./task.ts";

export interface MonteCarloControlOptions {
  episodes: number;
  gamma: number;
  rng: Rng;
  /** (n) => 1 / n by default: the plain average of all returns. */
  alpha?: StepSize;
  Q?: Float64Array;
  memory?: Memory;
}

/** Averages the first-visit returns of an episode into Q, for both methods below. */
function learnReturns(
  Q: Float64Array,
  actions: number,
  { S, A, R }: Trajectory,
  gamma: number,
  alpha: (i: number) => number,
): void {
  const pairs = A.map((a, t) => S[t]! * actions + a);
  const first = firstVisits(pairs, R.length);
  let G = 0;
  for (let t = R.length - 1; t >= 0; t--) {
    G = R[t]! + gamma * G;
    const i = pairs[t]!;
    if (first[t]) Q[i]! += alpha(i) * (G - Q[i]!);
  }
}

/**
 * On-policy first-visit Monte Carlo control (Sutton & Barto, section 5.4): the ε-soft behaviour policy is the
 * one being improved.
 */
export function* monteCarloControl(
  task: TabularTask,
  options: MonteCarloControlOptions & { behaviour?: Rule },
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, rng, behaviour = epsilonGreedy(0.1), Q = actionTable(task) } = options;
  checkLearning(options, task);
  const { memory = new Memory() } = options;
  const visits = memory.ints("visits", () => new Int32Array(Q.length));
  const alpha = stepSizes(options.alpha ?? ((n) => 1 / n), Q.length, visits);
  for (let episode = 0; episode < episodes; episode++) {
    const trajectory = generateEpisode(task, behaviour, Q, rng);
    learnReturns(Q, task.actions, trajectory, gamma, alpha);
    yield told(episode, trajectory);
  }
  return { Q };
}

/**
 * Monte Carlo control with exploring starts (section 5.3): episodes start in a random state (of `starts`, all by
 * default) with a random action and then follow the greedy policy, so no further exploration is needed.
 */
export function* monteCarloExploringStarts(
  task: ModelTask,
  options: MonteCarloControlOptions & { starts?: ArrayLike<number> },
): Learning<{ Q: Float64Array }> {
  const { episodes, gamma, rng, Q = actionTable(task) } = options;
  const {
    starts = [...Array(task.states).keys()].filter((s) => task.optionPtr[s]! < task.optionPtr[s + 1]!),
  } = options;
  checkLearning(options, task);
  const { memory = new Memory() } = options;
  const visits = memory.ints("visits", () => new Int32Array(Q.length));
  const alpha = stepSizes(options.alpha ?? ((n) => 1 / n), Q.length, visits);
  for (let episode = 0; episode < episodes; episode++) {
    const S0 = task.resetTo(starts[Math.floor(rng.random() * starts.length)]!);
    const trajectory = generateEpisode(task, greedy, Q, rng, S0, randomAction(task, S0, rng));
    learnReturns(Q, task.actions, trajectory, gamma, alpha);
    yield told(episode, trajectory);
  }
  return { Q };
}
