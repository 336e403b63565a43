import {
  actionTable,
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
export function sweep(
  { model, gamma = 1 }: Pose,
  onSweep?: (v: Float64Array) => void,
): (s: number) => number {
  const { v } = valueIteration(model, {
    gamma,
    ...(onSweep && { onSweep: (_: number, __: number, now: Float64Array) => onSweep(now) }),
  });
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
function bootstrap(pose: Pose, episodes: number, seed: number): (s: number) => number {
  const { v, learning } = stepByStep(pose, episodes, seed);
  if (learning) finish(learning);
  return v;
}

/** The same, one episode each time that `learning` is asked; nothing is to be learned where nothing can be done. */
export function stepByStep({ model, start, gamma = 1, certain }: Pose, episodes: number, seed: number) {
  if (isTerminal(model, start)) return { v: () => 0, learning: undefined };
  const rng = fastRandom([seed, 2]);
  const task = new ModelTask(model, rng);
  const alpha = certain ? 1 : (n: number) => 1 / n ** 0.85;
  const Q = actionTable(task);
  const learning = qLearning(task, { episodes, gamma, alpha, rng, behaviour: equiprobable, Q });
  return { v: (s: number) => maxValue(task, Q, s), learning };
}
