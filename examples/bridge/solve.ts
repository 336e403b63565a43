import {
  equiprobable,
  fastRandom,
  finish,
  isTerminal,
  ModelTask,
  maxValue,
  monteCarloExploringStarts,
  qLearning,
  valueIteration,
} from "galatea/rl";
import type { Pose, Problem } from "./problem.ts";

/** The same question answered four ways. */
export interface FourAnswers {
  readonly classic: number | boolean;
  readonly valueIteration: number | boolean;
  readonly monteCarlo: number | boolean;
  readonly qLearning: number | boolean;
}

/** Solves one input four ways. `episodes` is what the two learning methods see. */
export function fourWays<Input>(
  problem: Problem<Input>,
  input: Input,
  { episodes = 20_000, seed = 0 } = {},
): FourAnswers {
  const pose = problem.pose(input);
  return {
    classic: problem.classic(input),
    valueIteration: pose.answer(sweep(pose)),
    monteCarlo: pose.answer(returns(pose, episodes, seed)),
    qLearning: pose.answer(bootstrap(pose, episodes, seed)),
  };
}

/** Value iteration: the classic table without knowing the right order; sweeps until nothing changes. */
function sweep({ model, gamma = 1 }: Pose): (s: number) => number {
  const { v } = valueIteration(model, { gamma });
  return (s) => v[s]!;
}

/** Monte Carlo with exploring starts: play from anywhere to the end, learn from what came out. */
function returns(
  { model, start, gamma = 1, certain }: Pose,
  episodes: number,
  seed: number,
): (s: number) => number {
  const rng = fastRandom([seed, 1]);
  if (isTerminal(model, start)) return () => 0;
  const open = Array.from({ length: model.states }, (_, s) => s).filter((s) => !isTerminal(model, s));
  const task = new ModelTask(model, rng);
  // Where there is nothing to choose there is nothing to explore: all episodes start at the question.
  const starts = model.actions > 1 ? open : [start];
  // In a certain world the latest return is the truth about the present policy; else returns are averaged.
  const alpha = certain ? 1 : (n: number) => 1 / n;
  const { Q } = finish(monteCarloExploringStarts(task, { episodes, gamma, rng, alpha, starts }));
  return (s) => maxValue(task, Q, s);
}

/** Q-learning: one step at a time, a guess from the next guess; random moves teach it the greedy policy. */
function bootstrap(
  { model, start, gamma = 1, certain }: Pose,
  episodes: number,
  seed: number,
): (s: number) => number {
  if (isTerminal(model, start)) return () => 0;
  const rng = fastRandom([seed, 2]);
  const task = new ModelTask(model, rng);
  const alpha = certain ? 1 : (n: number) => 1 / n ** 0.85;
  const { Q } = finish(qLearning(task, { episodes, gamma, alpha, rng, behaviour: equiprobable }));
  return (s) => maxValue(task, Q, s);
}
