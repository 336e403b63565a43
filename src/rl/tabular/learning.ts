import { UserError } from "../../errors.ts";
import { checkDiscount } from "../mdp/reward-process.ts";
import { checkTask, type TabularTask } from "./task.ts";

/** An episode's index, return and length; where each step is watched, those so far. */
export interface Episode {
  /** 0, 1, 2 … */
  readonly episode: number;
  readonly steps: number;
  /** The sum of its rewards, not discounted. */
  readonly return: number;
  /** What the step just taken has changed; undefined where the episode is over. */
  readonly update?: TdUpdate;
}

/** S, A, R, S′ and the error δ by which the value of S, or of (S, A), was wrong. */
export interface TdUpdate {
  readonly S: number;
  readonly A: number;
  readonly R: number;
  readonly next: number;
  readonly delta: number;
}

export interface Watch {
  /** Yield after every step, too, with its update: to draw a method while it learns. */
  watch?: boolean;
}

/**
 * A learning method: an iterator over episodes that returns the learned result. The caller decides when to
 * inspect, save or stop; the tables passed to it change in place.
 */
export type Learning<Result> = Generator<Episode, Result, undefined>;

/** Runs a method to its end. */
export function finish<Result>(learning: Learning<Result>, onEpisode?: (episode: Episode) => void): Result {
  for (;;) {
    const { done, value } = learning.next();
    if (done) return value;
    onEpisode?.(value);
  }
}

/** A table of action values Q(s, a) at s · actions + a, with a row of zeros for the terminal state. */
export function actionTable(task: TabularTask, initial = 0): Float64Array {
  const Q = new Float64Array((task.states + 1) * task.actions).fill(initial);
  return Q.fill(0, task.states * task.actions);
}

/** A table of state values V(s), with a 0 for the terminal state appended. */
export function stateTable(task: TabularTask, initial = 0): Float64Array {
  const V = new Float64Array(task.states + 1).fill(initial);
  V[task.states] = 0;
  return V;
}

/** A constant step size, or a function of the number of updates of the entry: `(n) => 1 / n` averages. */
export type StepSize = number | ((n: number) => number);

/** α of each entry of a table; `counts` are its numbers of updates. */
export function stepSizes(
  alpha: StepSize,
  size: number,
  counts: Int32Array = new Int32Array(size),
): (index: number) => number {
  if (typeof alpha === "number") {
    if (!(alpha > 0 && alpha <= 1))
      throw new UserError(`the step size alpha must lie in 0 … 1, not ${alpha}`);
    return () => alpha;
  }
  return (index) => alpha(++counts[index]!);
}

/** Checks the common options and the task. @throws UserError naming the invalid option */
export function checkLearning(options: { gamma: number; episodes: number }, task?: TabularTask): void {
  if (task !== undefined) checkTask(task);
  checkDiscount(options.gamma);
  if (!(options.episodes >= 0))
    throw new UserError(`the number of episodes must be ≥ 0, not ${options.episodes}`);
}
