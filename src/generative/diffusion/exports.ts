/** The parts of a diffusion model that can be exported: a whole sampler (noise in, images out), or the network. */
import { z } from "zod";
import { type ExportPart, exporting } from "../../model/contract.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import { type DiffusionModel, type EstimateOptions, nullLabel, predict, requireGuidable } from "./model.ts";
import { CLIPPING, planOf, SAMPLER } from "./sampler-options.ts";
import type { SamplingPlan } from "./samplers.ts";
import { traceSampler } from "./sampling.ts";
import { scalingOf } from "./scaling.ts";

export interface PartOptions {
  /** Images the file makes at once. */
  readonly batch: number;
  /** Scale of classifier-free guidance, fixed in the file; 1 (none) when left out. */
  readonly guidance?: number | undefined;
}

/** `clipX0` is the plan's where it is left out. */
export interface SamplerPartOptions
  extends PartOptions,
    Pick<EstimateOptions, "clipX0" | "useClippedModelOutput"> {
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

/** The meaning of the labels, and the guidance, for people. */
function conditions(model: DiffusionModel, guidance: number): string {
  if (model.classes === 0) return "";
  const none = nullLabel(model);
  const free = none === undefined ? "" : `, ${none} for no class`;
  return `; labels 0 to ${model.classes - 1}${free}; ${guidance === 1 ? "no guidance" : `guidance ${guidance}`}`;
}

/**
 * A whole sampler: noise [N, ...shape] from N(0, 1), and labels [N] where the model is conditional, to images
 * [N, ...shape] in [0, 1], or points. The network is in the file only once, whatever the number of steps.
 * @throws UserError where the plan draws noise at its steps, or the model cannot be guided.
 */
export function samplerPart(
  model: DiffusionModel,
  plan: SamplingPlan,
  { batch, guidance = 1, steps = `${plan.steps.length} steps`, ...clipping }: SamplerPartOptions,
): ExportPart {
  requireGuidable(model, guidance);
  const { data = "images" } = model;
  return {
    description: `noise to ${data === "images" ? "images in [0, 1]" : data}: ${plan.name}; ${steps}${conditions(model, guidance)}`,
    inputs: { noise: imagePort(model, batch), ...labelPort(model, batch) },
    run: ({ noise, labels }) => ({
      [data]: scalingOf(model).outOf(traceSampler(model, plan, noise!, { labels, guidance, ...clipping })),
    }),
  };
}

/**
 * Only the network, for other samplers: x_t [N, ...shape] and times t [N] to its prediction [N, ...shape] (ε, x₀ or v).
 * @throws UserError where the model cannot be guided.
 */
export function denoiserPart(model: DiffusionModel, { batch, guidance = 1 }: PartOptions): ExportPart {
  requireGuidable(model, guidance);
  const { prediction, schedule, data = "images" } = model;
  return {
    description:
      `noisy ${data}${data === "images" ? " (about [-1, 1])" : ""} and times 0 to ${schedule.T - 1} to the network's prediction, ` +
      `${prediction}${conditions(model, guidance)}`,
    inputs: {
      x: imagePort(model, batch),
      t: { shape: [batch], dtype: "float32" },
      ...labelPort(model, batch),
    },
    run: ({ x, t, labels }): Record<string, Tensor> => ({
      prediction: predict(model, x!, t!, labels, guidance === 1 ? undefined : guidance),
    }),
  };
}

const Sampler = z.strictObject(SAMPLER);
const { steps, spacing, convention } = SAMPLER;
const Options = z.strictObject({
  sampler: z
    .enum(["ddim", "dpm-solver"])
    .default("ddim")
    .describe("deterministic samplers: ddim (η = 0), or dpm-solver (DPM-Solver++ 2M)"),
  steps,
  spacing,
  convention,
  guidance: z.number().default(1).describe("scale of classifier-free guidance, fixed in the file; 1 is none"),
  ...CLIPPING,
});

export const exports = exporting(
  Options,
  (context: Pick<DiffusionContext, "module" | "options" | "spec">, batch, options) => {
    const model = diffusionOf(context);
    const { guidance, clipX0, useClippedModelOutput, ...chosen } = options;
    const clipping = { clipX0, useClippedModelOutput };
    const { plan, path } = planOf(model.schedule, Sampler.parse(chosen));
    return {
      sampler: samplerPart(model, plan, { batch, guidance, steps: path.description, ...clipping }),
      denoiser: denoiserPart(model, { batch, guidance }),
    };
  },
);
