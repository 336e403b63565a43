/** What a diffusion model is trained with, whatever its network; and the model that a run of it stands for. */
import { z } from "zod";
import type { Module } from "../../nn/module.ts";
import type { Data } from "../../train/examples.ts";
import { imageShapeOf } from "../coders.ts";
import type { HookContext } from "../model.ts";
import type { DiffusionModel, DiffusionNetwork } from "./model.ts";
import { PARAMETERIZATIONS } from "./prediction.ts";
import { noiseSchedule, SCHEDULES } from "./schedule.ts";

export const names = <K extends string>(table: Readonly<Record<K, unknown>>): [K, ...K[]] =>
  Object.keys(table) as [K, ...K[]];

/** What every diffusion model is trained with, whatever its network. */
export const DIFFUSION = {
  schedule: z
    .enum(names(SCHEDULES))
    .default("linear")
    .describe("how the noise grows: linear as in DDPM, cosine as in improved DDPM …"),
  timesteps: z.int().min(2).default(1000).describe("T, steps from image to noise"),
  prediction: z
    .enum(names(PARAMETERIZATIONS))
    .default("epsilon")
    .describe("what the network says of x_t: the noise, the image, or v (Salimans and Ho 2022)"),
  minSnr: z
    .number()
    .positive()
    .optional()
    .describe("min-SNR weighting with this gamma (5 in the paper; default: every t counts the same)"),
  unconditional: z
    .boolean()
    .default(false)
    .describe("do not tell the network the classes, where the data have any"),
  labelDropout: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe("share of images shown without their class, for guidance; 0: the model cannot be guided"),
  flip: z.boolean().default(false).describe("mirror half of the training images, left to right"),
  ema: z.number().min(0).lt(1).default(0.999).describe("decay of the moving average of the weights"),
  clip: z.number().positive().default(1).describe("the gradient's norm is held to this"),
  warmup: z.int().min(0).default(200).describe("steps in which the learning rate grows to its full size"),
  cooldown: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("share of the steps, at the end, over which the learning rate falls to zero"),
};
const Diffusion = z.strictObject(DIFFUSION);
export type DiffusionConfig = z.output<typeof Diffusion>;

/** How many classes the model is told of. */
const classesOf = (data: Data, { unconditional }: DiffusionConfig): number =>
  unconditional || !data.train.fields.labels ? 0 : data.classes.length;

/** Rows of the label table: one more than classes where some images go without. */
export const labelsOf = (data: Data, config: DiffusionConfig): number => {
  const classes = classesOf(data, config);
  return classes > 0 && config.labelDropout > 0 ? classes + 1 : classes;
};

/** The network with what its word means: what samplers, losses and bounds take. */
export function diffusionOf({
  task,
  config,
  data,
}: Pick<HookContext<DiffusionConfig>, "task" | "config" | "data">): DiffusionModel {
  return modelOf(task.module as Module & DiffusionNetwork, config, data);
}

export const modelOf = (network: DiffusionNetwork, config: DiffusionConfig, data: Data): DiffusionModel => ({
  network,
  schedule: noiseSchedule(config.schedule, config.timesteps),
  prediction: config.prediction,
  shape: imageShapeOf(data, "diffusion model"),
  classes: classesOf(data, config),
});
