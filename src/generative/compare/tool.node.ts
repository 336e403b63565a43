import { z } from "zod";
import { UserError } from "../../errors.ts";
import { asModelRun, modelOfRun } from "../../model/catalog.ts";
import type { AnyModel } from "../../model/contract.ts";
import { parseOptions } from "../../model/opened.ts";
import type { Desk, Tool } from "../../model/tool.ts";
import type { SavedRun } from "../../train/run.ts";
import type { ModelRun } from "../../train/run-config.ts";
import { isDiffusion } from "../diffusion/config.ts";
import { CLIPPING } from "../diffusion/sampler-options.ts";
import type { Eta } from "../diffusion/samplers.ts";
import { RULER_OPTION } from "../metrics/quality.ts";
import { ABOUT } from "./about.ts";
import { ETAS, SPACINGS } from "./cells.ts";
import { compareEvaluated } from "./evaluated.node.ts";
import { compareRuns } from "./runs.node.ts";
import { compareSamplers } from "./samplers.node.ts";

const count = z.int().min(1);

/** The options for any number of runs. */
const CompareOptions = z.strictObject({
  samples: z
    .int()
    .min(2)
    .optional()
    .describe("n, images to draw and measure per cell or run (default: 1000)"),
  seed: z.int().min(0).default(0).describe("random seed"),
  out: z
    .string()
    .optional()
    .describe(
      "folder for the files (default: RUN/compare/SETTING for one run, runs/compare/NAMES for several)",
    ),
  ...RULER_OPTION,
});

/** The options for one diffusion run: the samplers to compare. */
const SamplersOptions = z.strictObject({
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
    .describe(`how the S steps are chosen among T (default: ${SPACINGS.join(",")})`),
  convention: z
    .enum(["paper", "official"])
    .optional()
    .describe("steps as the DDIM paper writes them (default), or as its official code runs them"),
  guidance: z.number().optional().describe("scale of classifier-free guidance (default: 1, none)"),
  ...CLIPPING,
  batchSize: count
    .optional()
    .describe("images per batch, on which the time per image depends (default: 100)"),
});

export const compare: Tool = {
  ...ABOUT,
  description:
    "For one diffusion run: the table of the DDIM paper. For each η and number of steps S, the Fréchet distance of " +
    "its samples from the data, the share recognised as the class asked for, and the time per image. " +
    "For several runs, of any models on the same data: quality, training time and time per image, one row per run, " +
    "always with the number of images and the floor; of models that draw no images, what their evaluate finds. Ctrl-C stops; the same command continues where it stopped, and one with other values of η or S adds to the table.",
  examples: [
    ["galatea compare ddpm-mnist", "η × S, as Markdown, JSON, a plot and a picture"],
    [
      "galatea compare ddpm-mnist option `etas` 0,1 option `steps` 10,50 option `samples` 500",
      "a part of it, in a few minutes",
    ],
    ["galatea compare ddpm-mnist option `guidance` 2", "the same with guidance, in its own folder"],
    ["galatea compare vae-mnist gan-mnist ddpm-mnist dit-mnist", "several models"],
    ["galatea compare lstm64-cmudict seq2seq-cmudict transformer-cmudict", "what evaluate finds of each"],
  ],
  groups: [
    { title: "Measuring", options: CompareOptions },
    { title: "Of one diffusion run", options: SamplersOptions },
  ],
  suits: (model) => typeof model === "object" && model !== null && isDiffusion(model as AnyModel),
  run: async (runs, given, desk) => {
    const options = { ...pick(CompareOptions, given), desk };
    const samplers = pick(SamplersOptions, given);
    const [run, ...others] = runs.map(modelRun);
    if (!run) throw new UserError("there is nothing to compare: name a run, or several");
    if (others.length === 0) return ofOne(run, options, samplers);
    return ofSeveral([run, ...others], options, samplers);
  },
};

const SAMPLES = 1000;

type How = z.output<typeof CompareOptions> & { readonly desk: Desk };
type Samplers = z.output<typeof SamplersOptions>;

async function ofOne(run: SavedRun<ModelRun>, how: How, samplers: Samplers): Promise<void> {
  const { etas = ETAS, spacings = SPACINGS, steps, clipX0, useClippedModelOutput } = samplers;
  const { convention = "paper", guidance = 1, batchSize = 100 } = samplers;
  if (!isDiffusion(await modelOfRun(how.desk.catalog, run)))
    throw new UserError(
      `${run.path} is a ${run.config.model}: it has no sampling steps to compare. Name several runs to compare those`,
    );
  const cells = { etas: etas as readonly Eta[], spacings, steps };
  const clipping = { clipX0, useClippedModelOutput };
  const { samples = SAMPLES } = how;
  return compareSamplers(run, { ...how, samples, cells, convention, guidance, batchSize, ...clipping });
}

function ofSeveral(runs: readonly SavedRun<ModelRun>[], how: How, samplers: Samplers): Promise<void> {
  const { clipX0: _, useClippedModelOutput: __, ...rest } = samplers;
  const meant = Object.entries(rest).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  if (meant.length > 0)
    throw new UserError(
      `${meant.map((key) => `option \`${key}\``).join(", ")}: ` +
        "only for one diffusion run; several runs are compared with their default samplers",
    );
  if (how.desk.weights.checkpoint !== undefined)
    throw new UserError(
      "option `checkpoint` is only for one run; several are compared by their newest checkpoints",
    );
  const { samples, ruler } = how;
  if ((runs[0]!.config.spec?.kind ?? "images") === "images")
    return compareRuns(runs, { ...how, samples: samples ?? SAMPLES });
  const ofImages = Object.entries({ samples, ruler }).flatMap(([key, value]) =>
    value === undefined ? [] : [key],
  );
  if (ofImages.length > 0)
    throw new UserError(
      `${ofImages.map((key) => `option \`${key}\``).join(", ")}: only for runs on images, and ${runs[0]!.path} was trained on ${runs[0]!.config.data}`,
    );
  return compareEvaluated(runs, how);
}

const modelRun = (run: SavedRun): SavedRun<ModelRun> => {
  asModelRun(run.path, run.config);
  return run as SavedRun<ModelRun>;
};

/** A group's options from all that were given. */
const pick = <S extends z.ZodObject>(schema: S, given: Readonly<Record<string, unknown>>): z.output<S> =>
  parseOptions(
    schema,
    Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(schema.shape, key))),
  );
