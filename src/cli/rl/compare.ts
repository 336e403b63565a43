import { join } from "node:path";
import { z } from "zod";
import { saveChart } from "../../plot/node.ts";
import { type Compared, compare } from "../../rl/compare.ts";
import { csv } from "../../rl/figures/index.ts";
import { Cli } from "../command.ts";
import { type Io, Printer } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { EnvOptions, Gamma, openFinite, parseEnvOptions, save, uninterrupted } from "./shared.ts";

const CompareCliOptions = EnvOptions.extend({
  env: z.string().default("RandomWalk19-v0").describe("the process, under its random policy"),
  gamma: Gamma.default(1).describe("discount factor γ"),
  alpha: z.number().positive().max(1).default(0.03).describe("step size of Monte Carlo and TD(0)"),
  episodes: z.int().min(1).default(1000).describe("episodes of a run"),
  runs: z.int().min(2).default(100).describe("runs, over which bias and variance are measured"),
  seed: z.int().min(0).default(0).describe("random seed"),
  out: z.string().default("figures").describe("folder for compare.png and compare.csv"),
  json: z.boolean().default(false).describe("print one JSON object instead of text"),
});

export function compareCommand(io: Io): Cli {
  const command = new Cli("compare")
    .summary("dynamic programming, Monte Carlo and TD on the same process")
    .description(
      "Estimate the same values by dynamic programming, Monte Carlo and TD(0), and show how they differ: whether the method " +
        "needs a model, bootstraps, waits for the end of an episode; and its measured bias, variance and cost.",
    )
    .action((parsed: Record<string, unknown>) => run(parsed, io)) as Cli;
  addOptions(command, CompareCliOptions, "Options:");
  return command.examples(
    ["galatea rl compare", "on the random walk of 19 states"],
    ["galatea rl compare --env FrozenLake-v1 --episodes 2000 --alpha 0.02", "on the lake"],
    ["galatea rl compare --alpha 0.1", "larger steps: faster, and more variance"],
  );
}

const yes = (is: boolean): string => (is ? "yes" : "no");
const digits = (x: number): string => (x === 0 ? "0" : x.toPrecision(2));

const ROWS: readonly (readonly [string, (x: Compared) => string])[] = [
  ["needs a model", (x) => yes(x.needsModel)],
  ["bootstraps", (x) => yes(x.bootstraps)],
  ["learns from", (x) => x.learnsFrom],
  ["waits for the end", (x) => yes(x.waitsForEnd)],
  ["bias² (measured)", (x) => digits(x.biasSquared)],
  ["variance (measured)", (x) => digits(x.variance)],
  ["RMS error", (x) => digits(x.rms)],
  ["values changed", (x) => x.backups.toLocaleString("en-US")],
  ["environment steps", (x) => x.steps.toLocaleString("en-US")],
  ["time of one run", (x) => `${x.ms.toFixed(2)} ms`],
];

async function run(parsed: Record<string, unknown>, io: Io): Promise<void> {
  const { env: id, envOptions, out, json, ...options } = pickOptions(CompareCliOptions, parsed);
  const printer = new Printer(io, json);
  const { model } = openFinite(id, parseEnvOptions(envOptions));
  const bar = printer.progress("runs", 2 * options.runs, { unit: "run" });
  const { methods, curves, chart } = await uninterrupted(() =>
    compare(model, id, { ...options, progress: (done) => bar.update(done) }),
  );
  bar.stop();
  const files = [join(out, "compare.png"), await save(out, "compare.csv", csv(curves))];
  await saveChart(files[0]!, chart);
  printer.object({ env: id, ...options, methods, files });
  const width = 22;
  printer.line(
    `${id}, random policy, γ = ${options.gamma}, α = ${options.alpha}, ${options.episodes} episodes, ${options.runs} runs\n`,
  );
  printer.line(["".padEnd(width), ...methods.map((m) => m.method.padEnd(width))].join("").trimEnd());
  for (const [name, cell] of ROWS) {
    printer.line([name.padEnd(width), ...methods.map((m) => cell(m).padEnd(width))].join("").trimEnd());
  }
  printer.line(`\nwritten: ${files.join(", ")}`);
}
