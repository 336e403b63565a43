import { Cli } from "./command.ts";
import type { Shell } from "./common.ts";
import { compareCommand } from "./rl/compare.ts";
import { evaluateCommand } from "./rl/evaluate.ts";
import { exportCommand } from "./rl/export.ts";
import { figureCommand } from "./rl/figure.ts";
import { listCommand } from "./rl/list.ts";
import { playCommand } from "./rl/play.ts";
import { solveCommand } from "./rl/solve.ts";
import { trainCommand } from "./rl/train.ts";

/** `galatea rl …`: finite decision processes, exact solvers and learning methods. */
export async function rlCommand(shell: Shell, args: readonly string[]): Promise<Cli> {
  const rl = new Cli("rl").description(
    "Reinforcement learning: environments, exact solvers, the methods of Sutton & Barto, and deep agents. " +
      "`solve` needs the model of an environment, `train` learns from samples of it.",
  ) as Cli;
  const { io } = shell;
  const agents = await shell.catalog.agents();
  const commands = [
    listCommand(agents, io),
    solveCommand(io),
    trainCommand(agents, shell, args),
    figureCommand(io),
    compareCommand(io),
    playCommand(shell),
    evaluateCommand(shell),
    exportCommand(shell),
  ];
  for (const command of commands) rl.addCommand(command);
  return rl.examples(
    ["galatea rl list", "all environments, solvers, algorithms and figures"],
    ["galatea rl solve value-iteration --env FrozenLake-v1", "the exact optimum"],
    ["galatea rl train q-learning --env CliffWalking-v1", "learn from samples, into a run folder"],
    ["galatea rl play runs/q-learning-CliffWalking-v1", "watch the learned policy"],
    ["galatea rl evaluate runs/ppo-CartPole-v1", "its mean return, with the standard error"],
    ["galatea rl figure 6.4", "a figure of the book as PNG and CSV"],
    ["galatea rl compare", "dynamic programming, Monte Carlo and TD on one process"],
  );
}
