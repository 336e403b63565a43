/** What of a diffusion model can be a file of its own: a whole sampler, noise in and images out, or the network. */
import { z } from "zod";
import { type ExportPart, exporting } from "../../model/contract.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import { ask, type DiffusionModel, nullLabel, requireGuidable, toPixels } from "./model.ts";
import type { Plan } from "./plan.ts";
import { traceSampler } from "./sampler.ts";
import { planOf, SAMPLER } from "./sampler-options.ts";

export interface PartOptions {
  /** Images the file makes at once. */
  readonly batch: number;
  /** Scale of classifier-free guidance, written into the file; 1 when left out, which is none. */
  readonly guidance?: number | undefined;
}

export interface SamplerPartOptions extends PartOptions {
  /** Hold x̂₀ to [−1, 1]; the plan's habit when left out. */
  readonly clip?: boolean | undefined;
  /** Which steps run, for people: a trajectory's description. */
  readonly steps?: string | undefined;
}

type Inputs = ExportPart["inputs"];

const imagePort = ({ shape }: DiffusionModel, batch: number): Inputs[string] => ({
  shape: [batch, ...shape],
  dtype: "float32",
});

const labelPort = ({ classes }: DiffusionModel, batch: number): Inputs =>
  classes > 0 ? { labels: { shape: [batch], dtype: "int32" } } : {};

/** How labels are written, and the guidance, for people. */
function conditions(model: DiffusionModel, guidance: number): string {
  if (model.classes === 0) return "";
  const none = nullLabel(model);
  const free = none === undefined ? "" : `, ${none} for no class`;
  return `; labels 0 to ${model.classes - 1}${free}; ${guidance === 1 ? "no guidance" : `guidance ${guidance}`}`;
}

/**
 * A whole sampler: noise [N, ...shape] from N(0, 1), and labels [N] where the model knows classes, to images
 * [N, ...shape] in [0, 1]. The network stands in the file once, however many steps there are.
 * @throws UserError where the plan draws noise at its steps, or the model cannot be guided.
 */
export function samplerPart(
  model: DiffusionModel,
  plan: Plan,
  { batch, guidance = 1, clip, steps = `${plan.steps.length} steps` }: SamplerPartOptions,
): ExportPart {
  requireGuidable(model, guidance);
  return {
    description: `noise to images in [0, 1]: ${plan.name}; ${steps}${conditions(model, guidance)}`,
    inputs: { noise: imagePort(model, batch), ...labelPort(model, batch) },
    run: ({ noise, labels }, repeat) => ({
      images: toPixels(traceSampler(model, plan, noise!, { labels, guidance, clip, repeat })),
    }),
  };
}

/**
 * The network alone, for samplers written elsewhere: x [N, ...shape] as noisy as time t [N] says, to its prediction
 * [N, ...shape] (ε, x₀ or v).
 * @throws UserError where the model cannot be guided.
 */
export function denoiserPart(model: DiffusionModel, { batch, guidance = 1 }: PartOptions): ExportPart {
  requireGuidable(model, guidance);
  const { prediction, schedule } = model;
  return {
    description:
      `noisy images (about [-1, 1]) and times 0 to ${schedule.T - 1} to the network's prediction, ` +
      `${prediction}${conditions(model, guidance)}`,
    inputs: {
      x: imagePort(model, batch),
      t: { shape: [batch], dtype: "float32" },
      ...labelPort(model, batch),
    },
    run: ({ x, t, labels }): Record<string, Tensor> => ({
      prediction: ask(model, x!, t!, labels, guidance === 1 ? undefined : guidance),
    }),
  };
}

const Sampler = z.strictObject(SAMPLER);
const { steps, spacing, convention } = SAMPLER;
const Options = z.strictObject({
  sampler: z
    .enum(["ddim", "dpm-solver"])
    .default("ddim")
    .describe("samplers that draw no noise on their way: ddim (η = 0), or dpm-solver (DPM-Solver++ 2M)"),
  steps,
  spacing,
  convention,
  guidance: z
    .number()
    .default(1)
    .describe("scale of classifier-free guidance, written into the file; 1 is none"),
  clip: z.boolean().default(true).describe("do not hold x̂₀ to the range of images at each step"),
});

export const exports = exporting(
  Options,
  (context: Pick<DiffusionContext, "module" | "options" | "spec">, batch, options) => {
    const model = diffusionOf(context);
    const { guidance, clip, ...chosen } = options;
    const { plan, path } = planOf(model.schedule, Sampler.parse(chosen));
    return {
      sampler: samplerPart(model, plan, { batch, guidance, clip, steps: path.description }),
      denoiser: denoiserPart(model, { batch, guidance }),
    };
  },
);
