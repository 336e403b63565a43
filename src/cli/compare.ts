import { z } from "zod";
import { lookup, UserError } from "../errors.ts";
import { ETAS, SPACINGS } from "../generative/diffusion/compare.ts";
import type { Eta } from "../generative/diffusion/ddim.ts";
import { MODELS } from "../generative/models.ts";
import { openRun } from "../train/node.ts";
import { Cli } from "./command.ts";
import { RuntimeOptions } from "./common.ts";
import { compareRuns } from "./compare/runs.ts";
import { compareSamplers } from "./compare/samplers.ts";
import { RulerOptions, WeightOptions } from "./hook.ts";
import { type Io, Printer } from "./io.ts";
import { addOptions, kebab, pickOptions } from "./options.ts";

const count = z.int().min(1);

/** What is drawn and measured of every run. */
export const CompareOptions = z.strictObject({
  samples: z.int().min(2).default(1000).describe("n, images to draw and to measure each time"),
  seed: z.int().min(0).default(0).describe("everything random follows from it"),
  out: z
    .string()
    .optional()
    .describe(
      "folder for the files (default: RUN/compare/SETTING of one run, runs/compare/NAMES of several)",
    ),
});

/** Which samplers of one diffusion run are compared. */
export const SamplersOptions = z.strictObject({
  etas: z
    .array(z.union([z.number(), z.literal("sigma-hat")]))
    .min(1)
    .optional()
    .describe(`values of η (default: ${ETAS.join(",")}, the last of which is DDPM's larger variance)`),
  steps: z
    .array(count)
    .min(1)
    .optional()
    .describe("numbers of steps S (default: 10,20,50,100 and T, every step)"),
  spacings: z
    .array(z.enum(["linear", "quadratic"]))
    .min(1)
    .optional()
    .describe(`how the S steps are chosen of T (default: ${SPACINGS.join(",")})`),
  convention: z
    .enum(["paper", "official"])
    .optional()
    .describe("steps as the DDIM paper writes them (default), or as its official code runs them"),
  guidance: z.number().optional().describe("scale of classifier-free guidance (default: 1, none)"),
  clip: z
    .boolean()
    .default(true)
    .describe("do not hold x̂₀ to the range of images at each step (the paper's code does so for σ̂ only)"),
  batchSize: count
    .optional()
    .describe("images drawn together, which times an image depends on (default: 100)"),
});

export function compareCommand(io: Io): Cli {
  const command = new Cli("compare")
    .summary("measure a diffusion run by η and steps, or several runs beside one another")
    .description(
      "Of one diffusion run: the table of the DDIM paper. For each η and number of steps S, how far the images it draws\n" +
        "are from the data (Fréchet distance), how many are recognised as the class asked for, and the time of an image.\n" +
        "Of several runs, of any models on the same data: quality, training time and time of an image, one row a run.\n" +
        "Always with the number of images and the floor. Ctrl-C stops; the same command goes on where it was, and one with other --etas or --steps adds to the table.",
    )
    .argument("<runs...>", "folders of runs, or their names under runs/")
    .examples(
      ["galatea compare ddpm-mnist", "η × S, as Markdown, JSON, a plot and a picture"],
      ["galatea compare ddpm-mnist --etas 0,1 --steps 10,50 --samples 500", "a part of it, in a few minutes"],
      ["galatea compare ddpm-mnist --guidance 2", "the same with guidance, in a folder of its own"],
      ["galatea compare vae-mnist gan-mnist ddpm-mnist dit-mnist", "models beside one another"],
    ) as Cli;
  addOptions(command, CompareOptions, "Measuring:");
  addOptions(command, RulerOptions, "Measuring:");
  addOptions(command, SamplersOptions, "Of one diffusion run:");
  addOptions(command, WeightOptions, "Weights:");
  addOptions(command, RuntimeOptions, "Running:");
  return command.action((names: string[], parsed: Record<string, unknown>) =>
    compare(names, parsed, io),
  ) as Cli;
}

async function compare(names: readonly string[], parsed: Record<string, unknown>, io: Io): Promise<void> {
  const options = pickOptions(CompareOptions, parsed);
  const samplers = pickOptions(SamplersOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const weights = pickOptions(WeightOptions, parsed);
  const { ruler } = pickOptions(RulerOptions, parsed);
  const printer = new Printer(io, runtime.json);
  const runs = await Promise.all(names.map((name) => openRun(name)));
  const [run, ...others] = runs;
  const how = { ...options, weights, runtime, ruler, printer };
  if (others.length === 0) {
    if (!lookup("model", MODELS, run!.config.model).diffusion)
      throw new UserError(
        `${run!.path} is a ${run!.config.model}: it has no sampling steps to compare. Name several runs to compare those`,
      );
    const {
      etas = ETAS,
      spacings = SPACINGS,
      convention = "paper",
      guidance = 1,
      batchSize = 100,
    } = samplers;
    const cells = { etas: etas as readonly Eta[], spacings, steps: samplers.steps };
    await compareSamplers(run!, { ...how, cells, convention, guidance, batchSize, clip: samplers.clip });
    return;
  }
  const { clip: _, ...rest } = samplers;
  const given = Object.entries(rest).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  if (given.length > 0)
    throw new UserError(
      `${given.map((key) => `--${kebab(key)}`).join(", ")}: ` +
        "that is for one diffusion run; several runs are compared as each draws by default",
    );
  if (weights.checkpoint !== undefined)
    throw new UserError("--checkpoint is for one run; several are compared by their newest checkpoints");
  await compareRuns(runs, how);
}
