/** The training options of a diffusion model, whatever its network; and the model that they make of a network. */
import { z } from "zod";
import type { DataSpec } from "../../data/spec.ts";
import type { AnyModel, Context } from "../../model/contract.ts";
import { classesOf, fieldOf } from "../examples.ts";
import type { GenerativeModel } from "../model.ts";
import type { DiffusionModel, DiffusionNetwork } from "./model.ts";
import { PARAMETERIZATIONS } from "./prediction.ts";
import { noiseSchedule, SCHEDULES } from "./schedule.ts";

export const names = <K extends string>(table: Readonly<Record<K, unknown>>): [K, ...K[]] =>
  Object.keys(table) as [K, ...K[]];

/** A size of a network, up to a limit beyond any published model that can still be built. */
export const count = z.int().min(1).max(65_536);

/** The options of every diffusion model, whatever its network. */
export const DIFFUSION = {
  schedule: z
    .enum(names(SCHEDULES))
    .default("linear")
    .describe("noise schedule: linear as in DDPM, cosine as in improved DDPM …"),
  timesteps: z.int().min(2).default(1000).describe("T, steps from image (or point) to noise"),
  prediction: z
    .enum(names(PARAMETERIZATIONS))
    .default("epsilon")
    .describe(
      "what the network predicts from x_t: the noise, the image or point, or v (Salimans and Ho 2022)",
    ),
  minSnr: z
    .number()
    .positive()
    .optional()
    .describe("min-SNR weighting with this gamma (5 in the paper; default: every t has the same weight)"),
  unconditional: z
    .boolean()
    .default(false)
    .describe("do not condition the network on the classes, where the data have any"),
  labelDropout: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe(
      "share of labels dropped in training, for classifier-free guidance; 0: the model cannot be guided",
    ),
  flip: z.boolean().default(false).describe("mirror half of the training images, left to right"),
};
const Diffusion = z.strictObject(DIFFUSION);
export type DiffusionConfig = z.output<typeof Diffusion>;

/** Learning defaults of every diffusion model (Ho et al. 2020, section 4, adapted to shorter trainings). */
export const LEARNS = { ema: 0.999, maxGradNorm: 1, warmup: 200 } as const;

/** The number of classes the model is conditioned on. */
const classCount = (spec: DataSpec, { unconditional }: DiffusionConfig): number =>
  unconditional ? 0 : classesOf(spec).length;

/** Rows of the label table: one more than classes where labels are dropped. */
export const labelRows = (spec: DataSpec, config: DiffusionConfig): number => {
  const classes = classCount(spec, config);
  return classes > 0 && config.labelDropout > 0 ? classes + 1 : classes;
};

/** The network with its schedule and parameterization, as samplers, losses and bounds take it. */
export const modelOf = (
  network: DiffusionNetwork,
  config: DiffusionConfig,
  spec: DataSpec,
): DiffusionModel => {
  const { name, shape } = fieldOf(spec, "a diffusion model");
  return {
    network,
    schedule: noiseSchedule(config.schedule, config.timesteps),
    prediction: config.prediction,
    shape,
    data: name,
    classes: classCount(spec, config),
  };
};

export type DiffusionContext = Context<DiffusionConfig, DiffusionNetwork>;

/** The diffusion model of a command's context, or of an opened run. */
export const diffusionOf = ({
  module,
  options,
  spec,
}: Pick<DiffusionContext, "module" | "options" | "spec">): DiffusionModel => modelOf(module, options, spec);

/** A model of this family: its runs have samplers to compare. */
export interface DiffusionDefinition<S extends z.ZodObject = z.ZodObject>
  extends GenerativeModel<S, DiffusionNetwork> {
  readonly diffusion: true;
}

export const isDiffusion = (model: AnyModel): boolean => "diffusion" in model;
