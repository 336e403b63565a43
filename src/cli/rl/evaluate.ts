import { z } from "zod";
import type { AnyAgent } from "../../rl/agent.ts";
import { meanAndError, playEpisodes, playerOf } from "../../rl/evaluation.ts";
import { gameOf } from "../../rl/games/opponent.ts";
import { mistakes, samplePositions } from "../../rl/games/players.ts";
import { solved } from "../../rl/games/solve.ts";
import { npRandom } from "../../rl/random.ts";
import { Cli } from "../command.ts";
import type { Shell } from "../common.ts";
import { Interrupted, Printer, table } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { short } from "../progress.ts";
import { openTrained, Simulations } from "./session.ts";
import { parseEnvOptions } from "./shared.ts";

const EvaluateOptions = z.strictObject({
  episodes: z.int().min(0).default(100).describe("episodes to play, without exploring"),
  best: z.boolean().default(false).describe("the best checkpoint by evaluation, not the newest"),
  seed: z.int().min(0).default(0).describe("seed of the environment, and of the positions that are drawn"),
  envOptions: z
    .string()
    .optional()
    .describe("options of the environment over those of training, such as opponent=exact"),
  simulations: Simulations,
  positions: z
    .int()
    .min(0)
    .default(10_000)
    .describe(
      "of a game that is small enough to be solved: positions in which mistakes are counted, drawn by chance; all where there are no more",
    ),
  json: z.boolean().default(false).describe("print one JSON object instead of text"),
});

export function evaluateCommand(shell: Shell): Cli {
  const command = new Cli("evaluate")
    .summary("how well the learned policy of a run does")
    .description(
      "Play episodes with the greedy policy of a run, without exploring: the mean return with its standard error, and the mean " +
        "length. In a game of two that can be solved also the policy's mistakes: positions in which its move loses value " +
        "against best play, for the network alone and, where the agent searches, with search.",
    )
    .argument("<run>", "folder of the run, or its name under runs/")
    .action((name: string, parsed: Record<string, unknown>) => run(name, parsed, shell)) as Cli;
  addOptions(command, EvaluateOptions, "Options:");
  return command.examples(
    ["galatea rl evaluate ppo-CartPole-v1 --best", "100 episodes"],
    ["galatea rl evaluate alphazero-TicTacToe-v0 --positions 5000", "and mistakes in all positions"],
    [
      "galatea rl evaluate dqn-TicTacToe-v0 --env-options opponent=exact",
      "against another opponent than in training",
    ],
  );
}

async function run(name: string, parsed: Record<string, unknown>, { catalog, io }: Shell): Promise<void> {
  const options = pickOptions(EvaluateOptions, parsed);
  const { episodes, best, seed, positions, json } = options;
  const printer = new Printer(io, json);
  const trained = await openTrained(name, { catalog, best, envOptions: parseEnvOptions(options.envOptions) });
  const { agent, config, checkpoint, makeEnv } = trained;
  try {
    const policy = await trained.policy(options.simulations);
    const rows: [string, string][] = [["run", `${trained.path}, ${config.unit} ${checkpoint.step}`]];
    const result: Record<string, unknown> = { command: "evaluate", run: trained.path, step: checkpoint.step };

    if (episodes > 0) {
      const bar = printer.progress("episodes", episodes, { unit: "episode" });
      const played = await playEpisodes(policy, makeEnv(), {
        episodes,
        seed,
        done: (n) => {
          if (io.signal.aborted) throw new Interrupted();
          bar.update(n);
        },
      }).finally(() => bar.stop());
      const { mean, error } = meanAndError(played.returns);
      const length = meanAndError(played.lengths).mean;
      rows.push(
        ["return", `${short(mean)} ± ${short(error)} (mean and its standard error, ${episodes} episodes)`],
        ["length", short(length)],
      );
      Object.assign(result, {
        episodes,
        return: mean,
        standardError: Number.isFinite(error) ? error : null,
        length,
      });
    }

    const game = gameOf(makeEnv());
    if (game?.numbering && positions > 0) {
      const known = solved(game);
      const counted: object[] = [];
      for (const simulations of walks(agent, config.options, options.simulations)) {
        const player = playerOf(game, await trained.policy(simulations));
        const asked = Math.min(positions, known.undecided);
        const bar = printer.progress(`mistakes, ${named(simulations)}`, asked, { unit: "position" });
        const { wrong, of } = await mistakes(
          known,
          player,
          samplePositions(known, positions, npRandom(seed)),
          (n) => {
            if (io.signal.aborted) throw new Interrupted();
            bar.update(n);
          },
        ).finally(() => bar.stop());
        counted.push({ ...(simulations !== undefined && { simulations }), wrong, of, share: wrong / of });
        const all = of === known.undecided ? "all" : `${of} of the`;
        rows.push([
          `mistakes, ${named(simulations)}`,
          `${wrong} (${((100 * wrong) / of).toFixed(2)} %) in ${all} ${known.undecided} positions`,
        ]);
      }
      result.positions = known.undecided;
      result.mistakes = counted;
    }
    printer.line(table(rows));
    printer.object(result);
  } finally {
    await trained.close();
  }
}

/** Of an agent that searches: the network alone, and the search. */
const walks = (agent: AnyAgent, own: unknown, asked: number | undefined): (number | undefined)[] => {
  if (!agent.searches) return [undefined];
  const trained = (agent.options.parse(own) as { simulations: number }).simulations;
  return [...new Set([0, asked ?? trained])];
};

const named = (simulations: number | undefined): string =>
  simulations === undefined
    ? "the policy"
    : simulations === 0
      ? "the network alone"
      : `${simulations} simulations`;
