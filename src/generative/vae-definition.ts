import { z } from "zod";
import { UserError } from "../errors.ts";
import { sum } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Data } from "../train/examples.ts";
import { ARCHITECTURE, imageShapeOf } from "./coders.ts";
import { statistics } from "./latent.ts";
import * as hooks from "./latent-hooks.ts";
import { coding, pass } from "./latent-model.ts";
import { LogMeanExp } from "./metrics/importance.ts";
import { type HookContext, hook, type ModelDefinition } from "./model.ts";
import { preview } from "./pictures.ts";
import { binarize, Vae, vaeLoss } from "./vae.ts";

const config = z.strictObject({
  ...ARCHITECTURE,
  latent: ARCHITECTURE.latent.default(20),
  width: ARCHITECTURE.width.default(400),
  decoder: z
    .enum(["bernoulli", "gaussian"])
    .default("bernoulli")
    .describe("how pixels are distributed, given the code"),
  binarization: z
    .enum(["dynamic", "none"])
    .default("dynamic")
    .describe(
      "bernoulli decoder: draw each pixel from its grey value anew at each step, or take the grey value",
    ),
  sigma: z
    .union([z.number().positive(), z.literal("learned")])
    .default("learned")
    .describe("gaussian decoder: standard deviation of a pixel; learned: one for all pixels"),
  beta: z.number().min(0).default(1).describe("weight of the KL term; above 1 it is a β-VAE"),
  klWarmup: z
    .number()
    .min(0)
    .default(1)
    .describe("epochs over which the weight of the KL term grows from 0 to beta"),
  freeBits: z
    .number()
    .min(0)
    .default(0)
    .describe("nats of each latent dimension that the KL term does not charge"),
  conditional: z.boolean().default(false).describe("tell encoder and decoder the class"),
});
type Config = z.output<typeof config>;

const EVALUATE = z.strictObject({
  ...hooks.EVALUATE,
  importanceSamples: z
    .int()
    .min(1)
    .default(100)
    .describe("k of the importance-weighted bound; larger is tighter and slower"),
  images: z
    .int()
    .min(1)
    .optional()
    .describe("test images for the importance-weighted bound; all of them when left out"),
});

const binarizes = ({ decoder, binarization }: Config): boolean =>
  decoder === "bernoulli" && binarization === "dynamic";

function classesOf(data: Data, conditional: boolean): number {
  if (!conditional) return 0;
  if (data.classes.length === 0 || !data.train.fields.labels)
    throw new UserError(`a conditional vae needs classes, and the data set "${data.name}" has none`);
  return data.classes.length;
}

export const vae: ModelDefinition<typeof config> = {
  name: "vae",
  description: "variational autoencoder: codes from a known distribution, so that new images can be drawn",
  config,
  training: { data: "mnist", batchSize: 128, lr: 1e-3, epochs: 10 },
  build: (options, data, plan) => {
    const module = new Vae(imageShapeOf(data, "vae"), options, classesOf(data, options.conditional));
    const warmup = options.klWarmup * plan.stepsPerEpoch;
    const player = hooks.player(module, plan, ({ images, labels }, key, step) => {
      const x = binarizes(options) ? binarize(images!, key.split("binarize")) : images!;
      return vaeLoss(module, x, key.split("noise"), step, { ...options, warmup }, labels);
    });
    return { name: "vae", module, players: [player] };
  },
  preview: async (context) => preview(context, coding(context)),
  sample: hook(z.strictObject(hooks.SAMPLE), hooks.sample),
  reconstruct: hook(z.strictObject(hooks.RECONSTRUCT), (context, options) =>
    hooks.reconstruct(context, options),
  ),
  draw: hooks.draw,
  evaluate: hook(EVALUATE, (context, { importanceSamples, images, samples }) =>
    hooks.evaluated(context, samples, async () => ({
      ...(await bounds(context)),
      ...(await importanceBound(context, importanceSamples, images)),
      ...(await activeUnits(context)),
      ...(await hooks.commonNumbers(context)),
    })),
  ),
  exports: hooks.exports,
};

/**
 * The bound and its parts over the test set, in nats an image. With a Bernoulli decoder the number depends on what
 * a pixel is: `elbo` takes pixels as the model was trained on them, `elboGrey` grey values as probabilities.
 */
async function bounds(context: HookContext<Config>): Promise<Record<string, number>> {
  const model = context.task.module as Vae;
  const measure = async (binary: boolean): Promise<readonly [elbo: number, kl: number]> => {
    const program = context.compile((x: Tensor, y: Tensor | undefined, key: Key) => {
      const pixels = binary ? binarize(x, key.split("binarize")) : x;
      const { logLikelihood, kl } = model.bound(pixels, key.split("noise"), y);
      return { logLikelihood: sum(logLikelihood), kl: sum(kl) };
    }, "bound");
    const { test } = context.data;
    let [logLikelihood, kl] = [0, 0];
    for await (const { images, labels, start } of pass(context, test, "bound of test images")) {
      const out = await program(images, labels, context.key.split("test").split(start));
      logLikelihood += Number(out.logLikelihood.data[0]) / test.length;
      kl += Number(out.kl.data[0]) / test.length;
    }
    return [logLikelihood - kl, kl];
  };
  const binary = binarizes(context.config);
  const [elbo, kl] = await measure(binary);
  return { elbo, kl, ...(binary && { elboGrey: (await measure(false))[0] }) };
}

/** Samples an image that one run of the program draws: as many as keep its activations small. */
const TOGETHER = 4;

/** The importance-weighted bound of Burda et al. (2016), equation 8, with k samples, in nats an image. */
async function importanceBound(
  context: HookContext<Config>,
  k: number,
  limit = context.data.test.length,
): Promise<Record<string, number>> {
  const model = context.task.module as Vae;
  const binary = binarizes(context.config);
  const what = `importance-weighted bound, ${k} samples`;
  const together = [TOGETHER, 3, 2, 1].find((n) => k % n === 0)!;
  const program = context.compile((x: Tensor, y: Tensor | undefined, pixels: Key, noise: Key) => {
    const image = binary ? binarize(x, pixels.split("binarize")) : x;
    return model.logWeights(image, noise, together, y);
  }, what);
  const count = Math.min(limit, context.data.test.length);
  let bound = 0;
  for await (const { images, labels, start } of pass(
    { progress: () => {} },
    context.data.test,
    what,
    count,
  )) {
    const total = new LogMeanExp(images.shape[0]!);
    const key = context.key.split("test").split(start);
    for (let drawn = 0; drawn < k; drawn += together) {
      context.progress(start * k + drawn * images.shape[0]!, count * k, what);
      const weights = await program(images, labels, key, key.split("importance").split(drawn));
      total.add(weights.data as Float32Array);
    }
    for (const value of total.values()) bound += value / count;
  }
  return { iwae: bound, iwaeSamples: k, ...(count < context.data.test.length && { iwaeImages: count }) };
}

/** Dimensions whose posterior mean varies over the test images by more than 0.01 (Burda et al. 2016, section 5). */
async function activeUnits(context: HookContext<Config>): Promise<Record<string, number>> {
  const { codes } = await coding(context).encodeAll(context.data.test, "encoding test images");
  return { activeUnits: statistics(codes).variance.filter((v) => v > 0.01).length };
}
