import { join } from "node:path";
import { z } from "zod";
import { saveChart } from "../../plot/node.ts";
import { csv, drawFigure, type Figure, figureById, figures } from "../../rl/figures/index.ts";
import { Cli } from "../command.ts";
import { Interrupted, type Io, Printer, table } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { short } from "../progress.ts";
import { save, uninterrupted } from "./shared.ts";

const FigureCliOptions = z.strictObject({
  runs: z
    .int()
    .min(1)
    .optional()
    .describe("independent runs to average (default: about as many as in the book)"),
  seed: z.int().min(0).default(0).describe("random seed"),
  out: z.string().default("figures").describe("folder for the PNG and CSV files"),
  json: z.boolean().default(false).describe("print one JSON object per figure instead of text"),
});

export function figureCommand(io: Io): Cli {
  const command = new Cli("figure")
    .summary("a figure of Sutton & Barto as PNG and CSV")
    .description(
      "Run the experiment behind a figure of Sutton & Barto, Reinforcement Learning (2nd edition), and draw it. " +
        "Pictures without a number in the book are named by their example: example-6.5.",
    )
    .argument("<ids...>", `numbers, or "all": ${figures.map((f) => f.id).join(", ")}`)
    .action((ids: string[], parsed: Record<string, unknown>) => run(ids, parsed, io)) as Cli;
  addOptions(command, FigureCliOptions, "Options:");
  return command.examples(
    ["galatea rl figure 6.4", "the cliff: Sarsa and Q-learning"],
    ["galatea rl figure 2.2 --runs 200 --seed 1", "fewer runs, another seed"],
    ["galatea rl figure all --out book", "all of them, in a few minutes"],
  );
}

async function run(ids: readonly string[], parsed: Record<string, unknown>, io: Io): Promise<void> {
  const { runs, seed, out, json } = pickOptions(FigureCliOptions, parsed);
  const printer = new Printer(io, json);
  const chosen: readonly Figure[] = ids.includes("all") ? figures : ids.map(figureById);
  for (const figure of chosen) {
    if (io.signal.aborted) throw new Interrupted();
    const bar = printer.progress(`figure ${figure.id}`, 100, { unit: "%" });
    const result = await uninterrupted(() =>
      drawFigure(figure, {
        seed,
        ...(runs === undefined ? {} : { runs }),
        progress: (done, total) => bar.update(Math.floor((100 * done) / total)),
      }),
    );
    bar.update(100);
    bar.stop();
    const name = `figure-${figure.id}`;
    const table_ = await save(out, `${name}.csv`, csv(result.table));
    const picture = join(out, `${name}.png`);
    await saveChart(picture, result.chart);
    printer.object({
      figure: figure.id,
      title: figure.title,
      runs: runs ?? figure.runs,
      seed,
      values: result.values,
      files: [picture, table_],
    });
    printer.line(`${figure.id}: ${figure.title}`);
    printer.line(
      table(
        Object.entries(result.values).map(([what, x]) => [what, short(x)]),
        "  ",
      ),
    );
    printer.line(`  written: ${picture}, ${table_}`);
  }
}
