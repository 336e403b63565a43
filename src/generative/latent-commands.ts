import { z } from "zod";
import { joined } from "../data/arrays.ts";
import type { Examples, ImageBatch } from "../data/data.ts";
import { pass } from "../data/passes.ts";
import { lookup, UserError } from "../errors.ts";
import { type ExportPart, exporting, type Output, type Picture } from "../model/contract.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { imageShapeOf, imagesOf } from "./coders.ts";
import { meanSquaredError } from "./distributions.ts";
import type { Codes } from "./latent.ts";
import { coding, type LatentContext } from "./latent-model.ts";
import { type LabelledCodes, linearProbe } from "./metrics/linear-probe.ts";
import { encodePca, fitPca, pcaReconstructionError } from "./metrics/pca.ts";
import { MEASURING, type Measuring, sampleQuality } from "./metrics/quality.ts";
import type { Drawn } from "./model.ts";
import * as pictures from "./pictures.ts";

export const Sample = z.strictObject({
  count: z.int().min(1).max(10_000).default(64).describe("images to draw"),
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe("scale of the samples from the prior; below 1: more typical, less varied"),
  class: z.string().optional().describe("draw this class only (class-conditional models)"),
});

/** Samples, interpolations between them, and for two-dimensional codes a grid over the plane. */
export async function sample(context: LatentContext, options: z.output<typeof Sample>): Promise<Output> {
  const code = coding(context);
  const { count, temperature } = options;
  const label = options.class === undefined ? undefined : labelOf(context, options.class);
  const drawn: Picture[] = [await pictures.samples(context, code, { count, label, temperature })];
  drawn.push(await pictures.betweenDraws(context, code, { label, temperature }));
  if (code.model.latent === 2) drawn.push(await pictures.manifold(context, code));
  return { pictures: drawn };
}

function labelOf({ module, spec }: LatentContext, name: string): number {
  if (module.classes === 0 || spec.kind !== "images")
    throw new UserError(
      `class ${name} was asked for, but this model was trained without classes; train a vae with option \`conditional\``,
    );
  return lookup("class", Object.fromEntries(spec.classes.map((known, i) => [known, i])), name);
}

/** Samples for measuring, clipped to [0, 1] as in a picture file. */
export async function draw(context: LatentContext, count: number): Promise<Drawn> {
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
export const Evaluate = z.strictObject(MEASURING);

/** The model's own numbers, and those of its samples, which come first: a missing ruler is reported before the long work. */
export async function evaluated(
  context: LatentContext,
  measuring: Measuring,
  own: () => Promise<Readonly<Record<string, number>>>,
): Promise<Output> {
  const drawn = await sampleQuality(context, draw, measuring);
  return { ...drawn, numbers: { ...(await own()), ...drawn.numbers } };
}

export const Reconstruct = z.strictObject({
  count: z.int().min(1).max(1000).default(10).describe("test images to show"),
});

/** Reconstructions of test images, a map of their codes, interpolations between them, and latent traversals. */
export async function reconstruct(
  context: LatentContext,
  { count }: z.output<typeof Reconstruct>,
  damage?: pictures.Damage,
): Promise<Output> {
  const code = coding(context);
  const shown: Picture[] = await pictures.reconstructions(context, code, { count, damage });
  if (code.model.latent > 1) shown.push(await pictures.latentMap(context, code));
  shown.push(await pictures.interpolations(context, code), await pictures.traversals(context, code));
  return { pictures: shown };
}

/** The mean over the test images of `measure`, which returns one number per image [N]. */
export async function testMean(
  context: LatentContext,
  what: string,
  measure: (x: Tensor, labels: Tensor | undefined) => Tensor,
): Promise<number> {
  const program = context.compile(measure, what);
  const { test } = await imagesOf(context, what);
  let sum = 0;
  for await (const { images, labels } of pass(context, test, what))
    for (const value of (await program(images, labels)).data as Float32Array) sum += value;
  return sum / test.length;
}

/** The most values per image for the comparison with PCA. */
const PCA_PIXELS = 3072;

/**
 * Test reconstruction error, a linear probe on the codes, and both for PCA with as many dimensions, the best linear
 * autoencoder. Without PCA for images of more than 3072 values (32 × 32 in colour).
 */
export async function commonNumbers(context: LatentContext): Promise<Record<string, number>> {
  const code = coding(context);
  const { model } = code;
  const { engine, key, progress } = context;
  const data = await imagesOf(context, "evaluating");
  const own = (y: Tensor | undefined): Tensor | undefined => (model.classes > 0 ? y : undefined);
  const mse = await testMean(context, "reconstructing test images", (x, y) =>
    meanSquaredError(x, model.decode(model.encode(x, own(y)), own(y))),
  );
  const train = await collect(context, data.train, "reading train images");
  const test = await collect(context, data.test, "reading test images");
  const [trainImages, testImages] = [train, test].map((batches) => batches.map((b) => b.images));
  const pixels = sizeOf(data.spec.shape);
  const k = Math.min(model.latent, pixels);
  // The covariance of larger images would not fit in memory.
  const small = pixels <= PCA_PIXELS;
  if (small) progress(0, 1, "fitting the principal components");
  const pca = small ? fitPca(trainImages!) : undefined;
  const pcaMse = pca && pcaReconstructionError(pca, testImages!, k);
  const numbers = { mse, ...(pcaMse !== undefined && { pcaMse, mseOverPca: mse / pcaMse }) };
  if (data.classes.length === 0) return numbers;

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

async function collect(context: LatentContext, examples: Examples, what: string): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of pass(context, examples, what)) batches.push(batch);
  return batches;
}

/** Decoder and encoder as exportable parts. */
export const exports = exporting(
  z.strictObject({}),
  (
    { module: model, spec }: Pick<LatentContext, "module" | "spec">,
    batch: number,
  ): Record<"decoder" | "encoder", ExportPart> => {
    const image = imageShapeOf(spec, "an autoencoder");
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
