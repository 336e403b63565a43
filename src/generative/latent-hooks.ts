import { z } from "zod";
import { lookup, UserError } from "../errors.ts";
import { adam } from "../optim/adam.ts";
import { cosine } from "../optim/schedules.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Player } from "../train/task.ts";
import { meanSquaredError } from "./distributions.ts";
import type { Codes } from "./latent.ts";
import { type Context, coding, type ImageBatch, joined, type LatentModel, pass } from "./latent-model.ts";
import { type LabelledCodes, linearProbe } from "./metrics/linear-probe.ts";
import { encodePca, fitPca, pcaReconstructionError } from "./metrics/pca.ts";
import { SAMPLES_OPTION, sampleQuality } from "./metrics/quality.ts";
import {
  type Drawn,
  type ExportPart,
  exporting,
  type HookContext,
  type Output,
  type Picture,
  type Plan,
} from "./model.ts";
import * as pictures from "./pictures.ts";

/** How every autoencoder is trained: Adam, its rate falling to zero along a cosine. */
export const player = (module: LatentModel, plan: Plan, loss: Player["loss"]): Player => ({
  name: "autoencoder",
  module,
  loss,
  optimizer: adam(),
  schedule: cosine(plan.lr, { steps: plan.steps }),
});

export const SAMPLE = {
  count: z.int().min(1).max(10_000).default(64).describe("images to draw"),
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe("scales the draws from the prior; below 1: more typical, less varied"),
  class: z.string().optional().describe("draw this class only (class-conditional models)"),
};

export async function sample(
  context: Context,
  options: z.output<z.ZodObject<typeof SAMPLE>>,
): Promise<Output> {
  const code = coding(context);
  const { count, temperature } = options;
  const label = options.class === undefined ? undefined : labelOf(context, options.class);
  const drawn: Picture[] = [await pictures.samples(context, code, { count, label, temperature })];
  drawn.push(await pictures.interpolations(context, code), await pictures.traversals(context, code));
  if (code.model.latent === 2) drawn.push(await pictures.manifold(context, code));
  return { pictures: drawn };
}

function labelOf({ task, data }: Context, name: string): number {
  if ((task.module as LatentModel).classes === 0)
    throw new UserError(
      `this ${task.name} was not told the classes, so it cannot draw one; train a vae with --conditional`,
    );
  return lookup("class", Object.fromEntries(data.classes.map((known, i) => [known, i])), name);
}

/** Draws to be measured: what a picture file would hold of them, values held to [0, 1]. */
export async function draw(context: Context, count: number): Promise<Drawn> {
  const { images, labels } = await pictures.draw(context, coding(context), { count });
  return {
    images: ndarray(
      images.data.map((v) => Math.min(1, Math.max(0, v))),
      images.shape,
    ),
    labels,
  };
}

/** The options of every autoencoder's `evaluate`. */
export const EVALUATE = SAMPLES_OPTION;

/** The numbers of its own, and those of what it draws. A ruler that cannot be had is said before the long work. */
export async function evaluated(
  context: HookContext<unknown>,
  samples: number | undefined,
  own: () => Promise<Readonly<Record<string, number>>>,
): Promise<Output> {
  const drawn = await sampleQuality(context, draw, samples);
  return { ...drawn, numbers: { ...(await own()), ...drawn.numbers } };
}

export const RECONSTRUCT = {
  count: z.int().min(1).max(1000).default(10).describe("test images to show"),
};

export async function reconstruct(
  context: Context,
  { count }: { count: number },
  damage?: pictures.Damage,
): Promise<Output> {
  const code = coding(context);
  const shown = await pictures.reconstructions(context, code, { count, damage });
  return { pictures: code.model.latent > 1 ? [...shown, await pictures.latentMap(context, code)] : shown };
}

/** The mean over the test images of `measure`, which gives a number an image. */
export async function testMean(
  context: Context,
  what: string,
  measure: (x: Tensor, labels: Tensor | undefined) => Tensor,
): Promise<number> {
  const program = context.compile(measure, what);
  let sum = 0;
  for await (const { images, labels } of pass(context, context.data.test, what))
    for (const value of (await program(images, labels)).data as Float32Array) sum += value;
  return sum / context.data.test.length;
}

/** Values an image may have for the comparison with PCA. */
const PCA_PIXELS = 3072;

/**
 * Test reconstruction error, a linear probe on the codes, and both again for PCA with as many dimensions: what
 * the best linear autoencoder reaches. Images of more than 3072 values (32 × 32 in colour) go without PCA.
 */
export async function commonNumbers(context: Context): Promise<Record<string, number>> {
  const code = coding(context);
  const { model } = code;
  const { data, engine, key, progress } = context;
  const own = (y: Tensor | undefined): Tensor | undefined => (model.classes > 0 ? y : undefined);
  const mse = await testMean(context, "reconstructing test images", (x, y) =>
    meanSquaredError(x, model.decode(model.encode(x, own(y)), own(y))),
  );
  const [train, test] = [await collect(context, "train"), await collect(context, "test")];
  const [trainImages, testImages] = [train, test].map((batches) => batches.map((b) => b.images));
  const pixels = sizeOf(data.train.fields.images!.shape);
  const k = Math.min(model.latent, pixels);
  // The covariance of larger images would not fit in memory.
  const small = pixels <= PCA_PIXELS;
  if (small) progress(0, 1, "fitting the principal components");
  const pca = small ? fitPca(trainImages!) : undefined;
  const pcaMse = pca && pcaReconstructionError(pca, testImages!, k);
  const numbers = { mse, ...(pcaMse !== undefined && { pcaMse, mseOverPca: mse / pcaMse }) };
  if (!data.train.fields.labels) return numbers;

  type Encode = (batch: ImageBatch) => Codes | Promise<Codes>;
  const encoded = async (batches: readonly ImageBatch[], encode: Encode): Promise<LabelledCodes> => {
    const codes: Codes[] = [];
    for (const [i, batch] of batches.entries()) {
      progress(i, batches.length, "encoding images");
      codes.push(await encode(batch));
    }
    return { codes: joined(codes), labels: joined(batches.map((b) => b.labels!)) };
  };
  const probe = async (name: string, encode: Encode): Promise<number> =>
    linearProbe(await encoded(train, encode), await encoded(test, encode), data.classes.length, {
      engine,
      key: key.split("probe"),
      progress: (done, total) => progress(done, total, `linear probe on ${name}`),
    });
  return {
    ...numbers,
    probeAccuracy: await probe("the codes", (batch) => code.encode(batch)),
    ...(pca && {
      pcaProbeAccuracy: await probe("the principal components", ({ images }) => encodePca(pca, images, k)),
    }),
  };
}

async function collect(context: Context, part: "train" | "test"): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of pass(context, context.data[part], `reading ${part} images`)) batches.push(batch);
  return batches;
}

/** Encoder and decoder as files of their own. */
export const exports = exporting(
  z.strictObject({}),
  (
    { task, data }: Pick<Context, "task" | "data">,
    batch: number,
  ): Record<"decoder" | "encoder", ExportPart> => {
    const model = task.module as LatentModel;
    const image = data.train.fields.images!.shape;
    const labels = model.classes > 0 ? { labels: { shape: [batch], dtype: "int32" } as const } : {};
    return {
      decoder: {
        description: "codes to images in [0, 1]",
        inputs: { z: { shape: [batch, model.latent], dtype: "float32" }, ...labels },
        run: ({ z, labels }) => ({ images: model.decode(z!, labels) }),
      },
      encoder: {
        description: "images in [0, 1] to codes",
        inputs: { images: { shape: [batch, ...image], dtype: "float32" }, ...labels },
        run: ({ images, labels }) => ({ z: model.encode(images!, labels) }),
      },
    };
  },
);
