import { z } from "zod";
import { joined, rowsAt } from "../../data/arrays.ts";
import type { Examples, ImageData } from "../../data/data.ts";
import { pass } from "../../data/passes.ts";
import { UserError } from "../../errors.ts";
import type { Context, Output } from "../../model/contract.ts";
import type { Module } from "../../nn/module.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { dataOf, imagesOf } from "../examples.ts";
import type { Drawn } from "../model.ts";
import { classHistogram, inceptionScore, klFromUniform, recognised } from "./classes.ts";
import { frechetDistance, frechetError, type Gaussian, gaussianOf } from "./frechet.ts";
import { partOf } from "./part.ts";
import { MEASURED_POINTS, pointQuality } from "./point-quality.ts";
import { precisionRecall } from "./precision-recall.ts";
import { type Ruler, rulerFor, SHIPPED_RULERS } from "./ruler.ts";
import { sharpness } from "./sharpness.ts";

type Features = NdArray<"float32">;

/** What measuring takes: a ruler and real images. */
export interface QualityParts {
  readonly ruler: Ruler;
  /** The real images to compare with. */
  readonly data: ImageData;
  readonly progress: Context["progress"];
}

/** Default number of images that `evaluate` draws. */
const SAMPLES = 5000;
/** The most points of each set for precision and recall: their time grows with the square. */
const NEIGHBOURS = 5000;

/** The option that chooses the classifier. */
export const RULER_OPTION = {
  ruler: z
    .string()
    .optional()
    .describe(
      `classifier to measure generated images by: a run of galatea train classifier, a .safetensors file exported from one, ` +
        `or ${SHIPPED_RULERS.join(" or ")} (default: the one that comes with galatea for the data)`,
    ),
};

/** Options of every `evaluate` that measures samples. */
export const MEASURING = {
  samples: z
    .int()
    .min(0)
    .optional()
    .describe(
      `images or points to draw and measure; 0: none (default: ${SAMPLES} images, or 1000 where drawing is slow; none without a classifier to measure by; ${MEASURED_POINTS} points)`,
    ),
  ...RULER_OPTION,
};
export type Measuring = z.output<z.ZodObject<typeof MEASURING>>;

/**
 * All measures of generated images in one row, with their number, the standard error of the Fréchet distance, and the
 * floor: the distance of as many test images from the training images (the mean over up to five sets). By this ruler, a
 * model at the floor cannot be told from the data, nor two models whose distances are within the error.
 */
export async function quality(
  parts: QualityParts,
  { x: images, labels }: Drawn,
): Promise<Record<string, number>> {
  const { ruler, data, progress } = parts;
  const real = await referenceOf(parts);
  const n = images.shape[0]!;
  const { features, probabilities } = await ruler.measure(images, (done, total) =>
    progress(done, total, "measuring generated images"),
  );
  const held = Math.min(n, real.test.shape[0]!);
  const few = Math.min(n, NEIGHBOURS, real.train.shape[0]!);
  const histogram = classHistogram(probabilities);
  return {
    samples: n,
    frechet: frechetDistance(gaussianOf(features), real.gaussian),
    ...(n - Math.ceil(n / 10) > real.gaussian.mean.length && {
      frechetError: frechetError(features, real.gaussian),
    }),
    frechetFloor: floorOf(real, held),
    // With fewer test images than generated ones the floor is a little high.
    ...(held < n && { frechetFloorSamples: held }),
    inceptionScore: inceptionScore(probabilities),
    ...(await precisionRecall(partRows(real.train, few), partRows(features, few), {
      progress: (done, total) => progress(done, total, "precision and recall"),
    })),
    ...(few < n && { precisionRecallSamples: few }),
    sharpness: sharpness(images) / real.sharpness,
    ...(labels && sameClasses(ruler, data) && { recognised: recognised(probabilities, labels) }),
    classKl: klFromUniform(histogram),
    ...Object.fromEntries(ruler.classes.map((name, i) => [`share/${name}`, histogram[i]!])),
  };
}

const sameClasses = (ruler: Ruler, data: ImageData): boolean =>
  ruler.classes.join("\n") === data.classes.join("\n");

/**
 * Draw images or points and measure them, for `evaluate` of every generative model. Points need no ruler. For images, where neither
 * `samples` nor `ruler` is given and there is no ruler for the data, the output says so instead of an error.
 */
export async function sampleQuality<O, M extends Module>(
  context: Context<O, M>,
  draw: (context: Context<O, M>, count: number) => Promise<Drawn>,
  { samples, ruler: wanted }: Measuring = {},
  usual = SAMPLES,
): Promise<Output> {
  if (context.spec.kind === "points" && wanted !== undefined)
    throw new UserError(
      `a ruler measures images, but ${context.spec.name} holds points, which are measured as they are: leave option \`ruler\` out`,
    );
  if (samples === 0) return {};
  if (context.spec.kind === "points") return pointsMeasured(context, draw, samples ?? MEASURED_POINTS);
  let ruler: Ruler;
  try {
    ruler = await rulerFor(context, wanted);
  } catch (error) {
    if (samples !== undefined || wanted !== undefined || !(error instanceof UserError)) throw error;
    return { text: [`generated images were not measured: ${error.message}`] };
  }
  const data = await imagesOf(context, "measuring generated images");
  const count = samples ?? usual;
  context.progress(0, count, "drawing images");
  const drawn = await draw(context, count);
  const progress: QualityParts["progress"] = (...at) => context.progress(...at);
  const numbers = await quality({ ruler, data, progress }, drawn);
  const reference = data.train.length.toLocaleString("en-US");
  return {
    numbers,
    text: [`measured by ${ruler.description}; Fréchet distances are from its ${reference} training images`],
  };
}

async function pointsMeasured<O, M extends Module>(
  context: Context<O, M>,
  draw: (context: Context<O, M>, count: number) => Promise<Drawn>,
  count: number,
): Promise<Output> {
  const data = await dataOf(context, "measuring generated points");
  if (data.kind !== "points")
    throw new UserError(`the run learned from points, but ${data.name} holds ${data.kind}`);
  const { x, labels } = await draw(context, count);
  return {
    numbers: await pointQuality(x, data, (...at) => context.progress(...at)),
    ...(labels && {
      text: ["drawn class by class, so how often each is drawn says nothing about the model"],
    }),
  };
}

/** Numbers of test images for which the floor is given. */
const SIZES = [500, 1000, 2000, 5000, 10_000];

/** The measures of test images in place of generated ones, by number of images: the best that a model can reach. */
export async function floors(parts: QualityParts): Promise<Record<string, number>> {
  const real = await referenceOf(parts);
  const { train, test } = real;
  const [d, n] = [test.shape[1]!, test.shape[0]!];
  const sizes = SIZES.filter((size) => size <= n && size > d);
  const few = Math.min(n, train.shape[0]!, NEIGHBOURS);
  return {
    ...Object.fromEntries(sizes.map((size) => [`frechetFloor/${size}`, floorOf(real, size)])),
    ...(await precisionRecall(partRows(train, few), partRows(test, few), {
      progress: (done, total) => parts.progress(done, total, "precision and recall"),
    })),
    precisionRecallSamples: few,
  };
}

/** The statistics of real images that generated ones are compared with. */
export interface Reference {
  readonly gaussian: Gaussian;
  readonly train: Features;
  readonly test: Features;
  readonly sharpness: number;
}

/** Real images are measured once per process. */
const references = new WeakMap<Ruler, WeakMap<ImageData, Promise<Reference>>>();

export function referenceOf(parts: QualityParts): Promise<Reference> {
  const { ruler, data } = parts;
  const known = references.get(ruler) ?? new WeakMap<ImageData, Promise<Reference>>();
  references.set(ruler, known);
  const kept = known.get(data);
  if (kept) return kept;
  const made = makeReference(parts);
  known.set(data, made);
  // A failure, such as Ctrl-C meanwhile, must not be cached.
  made.catch(() => known.delete(data));
  return made;
}

async function makeReference(parts: QualityParts): Promise<Reference> {
  const train = await look(parts, parts.data.train, "measuring training images");
  const test = await look(parts, parts.data.test, "measuring test images");
  return {
    gaussian: gaussianOf(train.features),
    train: train.features,
    test: test.features,
    sharpness: train.sharpness,
  };
}

async function look(
  { ruler, progress }: QualityParts,
  examples: Examples,
  what: string,
): Promise<{ features: Features; sharpness: number }> {
  const features: Features[] = [];
  let sharp = 0;
  for await (const { x } of pass({ progress }, examples, what)) {
    features.push((await ruler.measure(x)).features);
    sharp += (sharpness(x) * x.shape[0]!) / examples.length;
  }
  return { features: joined(features), sharpness: sharp };
}

/** Sets of test images over which the floor is averaged, because distances of few images vary. */
const SETS = 5;

/** The Fréchet distance of `count` test images from the training images: the mean over as many sets as there are. */
function floorOf({ test, gaussian }: Reference, count: number): number {
  const sets = Math.max(1, Math.min(SETS, Math.floor(test.shape[0]! / count)));
  let sum = 0;
  for (let set = 0; set < sets; set++)
    sum += frechetDistance(gaussianOf(partRows(test, count, set)), gaussian);
  return sum / sets;
}

/** `count` rows that stand for all of them. */
const partRows = (features: Features, count: number, set = 0): Features =>
  count >= features.shape[0]! ? features : rowsAt(features, partOf(features.shape[0]!, count, set));
