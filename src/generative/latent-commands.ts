import { z } from "zod";
import { joined } from "../data/arrays.ts";
import type { Examples } from "../data/data.ts";
import { type ExampleBatch, pass } from "../data/passes.ts";
import { lookup, UserError } from "../errors.ts";
import { type ExportPart, exporting, type Output } from "../model/contract.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { meanSquaredError } from "./distributions.ts";
import { classesOf, dataOf, fieldOf } from "./examples.ts";
import type { Codes } from "./latent.ts";
import {
  coding,
  type Damage,
  draw as draws,
  type LatentContext,
  type LatentPictures,
} from "./latent-model.ts";
import { type LabelledCodes, linearProbe } from "./metrics/linear-probe.ts";
import { encodePca, fitPca, pcaReconstructionError } from "./metrics/pca.ts";
import { MEASURING, type Measuring, sampleQuality } from "./metrics/quality.ts";
import type { Drawn } from "./model.ts";
import { imagePictures } from "./pictures.ts";
import { planePictures } from "./plane/latent.ts";
import { POINTS } from "./plane/scatter.ts";

/** How its work is shown: as images, or in the plane. */
const picturesOf = ({ spec }: LatentContext): LatentPictures =>
  ({ images: imagePictures, points: planePictures })[fieldOf(spec, "an autoencoder").name];

export const Sample = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(`examples to draw (default: 64 images, or ${POINTS} points)`),
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe("scale of the samples from the prior; below 1: more typical, less varied"),
  class: z.string().optional().describe("draw this class only (class-conditional models)"),
});

export async function sample(context: LatentContext, options: z.output<typeof Sample>): Promise<Output> {
  const { count, temperature } = options;
  const label = options.class === undefined ? undefined : labelOf(context, options.class);
  const how = { label, temperature, ...(count !== undefined && { count }) };
  return picturesOf(context).sample(context, coding(context), how);
}

function labelOf({ module, spec }: LatentContext, name: string): number {
  if (module.classes === 0)
    throw new UserError(
      `class ${name} was asked for, but this model was trained without classes; train a vae with option \`conditional\``,
    );
  return lookup("class", Object.fromEntries(classesOf(spec).map((known, i) => [known, i])), name);
}

/** Samples for measuring; images clipped to [0, 1] as in a picture file. */
export async function draw(context: LatentContext, count: number): Promise<Drawn> {
  const { x, labels } = await draws(context, coding(context), { count });
  if (context.spec.kind === "points") return { x, labels };
  const clipped = x.data.map((v) => Math.min(1, Math.max(0, v)));
  return { x: ndarray(clipped, x.shape), labels };
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
  count: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("test examples to show (default: 10 images, or 500 points)"),
});

export const reconstruct = (
  context: LatentContext,
  { count }: z.output<typeof Reconstruct>,
  damage?: Damage,
): Promise<Output> => picturesOf(context).reconstruct(context, coding(context), { count, damage });

/** The preview during training. */
export const preview = (context: LatentContext, damage?: Damage): Promise<Output> =>
  picturesOf(context).preview(context, coding(context), damage);

/** The mean over the test set of `measure`, which returns one number per example [N]. */
export async function testMean(
  context: LatentContext,
  what: string,
  measure: (x: Tensor, labels: Tensor | undefined) => Tensor,
): Promise<number> {
  const program = context.compile(measure, what);
  const { test } = await dataOf(context, what);
  let sum = 0;
  for await (const { x, labels } of pass(context, test, what))
    for (const value of (await program(x, labels)).data as Float32Array) sum += value;
  return sum / test.length;
}

/** The most values per example for the comparison with PCA. */
const PCA_VALUES = 3072;

/**
 * Test reconstruction error, a linear probe on the codes, and both for PCA with as many dimensions, the best linear
 * autoencoder. Without PCA for images of more than 3072 values (32 × 32 in colour), and where the code is no smaller than
 * the example: PCA then copies it.
 */
export async function commonNumbers(context: LatentContext): Promise<Record<string, number>> {
  const code = coding(context);
  const { model } = code;
  const { engine, key, progress } = context;
  const data = await dataOf(context, "evaluating");
  const own = (y: Tensor | undefined): Tensor | undefined => (model.classes > 0 ? y : undefined);
  const mse = await testMean(context, `reconstructing test ${data.kind}`, (x, y) =>
    meanSquaredError(x, model.decode(model.encode(x, own(y)), own(y))),
  );
  const train = await collect(context, data.train, `reading training ${data.kind}`);
  const test = await collect(context, data.test, `reading test ${data.kind}`);
  const [trainValues, testValues] = [train, test].map((batches) => batches.map((b) => b.x));
  const size = sizeOf(fieldOf(data.spec, "evaluating").shape);
  const k = model.latent;
  // The covariance of larger images would not fit in memory.
  const compared = size <= PCA_VALUES && k < size;
  if (compared) progress(0, 1, "fitting the principal components");
  const pca = compared ? fitPca(trainValues!) : undefined;
  const pcaMse = pca && pcaReconstructionError(pca, testValues!, k);
  const numbers = { mse, ...(pcaMse !== undefined && { pcaMse, mseOverPca: mse / pcaMse }) };
  if (data.classes.length === 0) return numbers;

  type Encode = (batch: ExampleBatch) => Codes | Promise<Codes>;
  const encoded = async (batches: readonly ExampleBatch[], encode: Encode): Promise<LabelledCodes> => {
    const codes: Codes[] = [];
    for (const [i, batch] of batches.entries()) {
      progress(i, batches.length, `encoding ${data.kind}`);
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
      pcaProbeAccuracy: await probe("the principal components", ({ x }) => encodePca(pca, x, k)),
    }),
  };
}

async function collect(context: LatentContext, examples: Examples, what: string): Promise<ExampleBatch[]> {
  const batches: ExampleBatch[] = [];
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
    const { name, shape } = fieldOf(spec, "an autoencoder");
    const examples = name === "images" ? "images in [0, 1]" : name;
    const labels = model.classes > 0 ? { labels: { shape: [batch], dtype: "int32" } as const } : {};
    return {
      decoder: {
        description: `codes to ${examples}`,
        inputs: { z: { shape: [batch, model.latent], dtype: "float32" }, ...labels },
        run: ({ z, labels }) => ({ [name]: model.decode(z!, labels) }),
      },
      encoder: {
        description: `${examples} to codes`,
        inputs: { [name]: { shape: [batch, ...shape], dtype: "float32" }, ...labels },
        run: (inputs) => ({ z: model.encode(inputs[name]!, inputs.labels) }),
      },
    };
  },
);
