import { z } from "zod";
import { UserError } from "../../errors.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import type { Data, Examples } from "../../train/examples.ts";
import { joined, pass } from "../latent-model.ts";
import type { Drawn, HookContext, Output } from "../model.ts";
import { classHistogram, inceptionScore, klFromUniform, recognised } from "./classes.ts";
import { frechetDistance, frechetError, type Gaussian, gaussianOf } from "./frechet.ts";
import { partOf } from "./part.ts";
import { precisionRecall } from "./precision-recall.ts";
import type { Ruler } from "./ruler.ts";
import { sharpness } from "./sharpness.ts";

type Features = NdArray<"float32">;

/** What measuring needs of a hook's context. */
export interface QualityParts {
  readonly ruler: Ruler;
  readonly data: Data;
  readonly progress: HookContext<unknown>["progress"];
}

/** Images that `evaluate` draws where it is not told how many. */
const SAMPLES = 5000;
/** Points of each set that precision and recall look at: their time grows with the square. */
const NEIGHBOURS = 5000;

/** The option of an `evaluate` hook that measures what the model draws. */
export const SAMPLES_OPTION = {
  samples: z
    .int()
    .min(0)
    .optional()
    .describe(
      `images to draw and to measure; 0: none (default: ${SAMPLES}, or 1000 where drawing is slow, if a classifier to measure by is there)`,
    ),
};

/**
 * Every measure of drawn images in one row, always with their number and the floor: the Fréchet distance that as many
 * test images have from the training images (the mean over up to five sets of them), and its standard error. A model at
 * the floor cannot be told from the data by this ruler, nor two models whose distances are within the error.
 */
export async function quality(
  parts: QualityParts,
  { images, labels }: Drawn,
): Promise<Record<string, number>> {
  const { ruler, data, progress } = parts;
  const real = await referenceOf(parts);
  const n = images.shape[0]!;
  const { features, probabilities } = await ruler.measure(images, (done, total) =>
    progress(done, total, "looking at drawn images"),
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
    // There are fewer test images than drawn ones: the floor is then a little high.
    ...(held < n && { frechetFloorSamples: held }),
    inceptionScore: inceptionScore(probabilities),
    ...(await precisionRecall(some(real.train, few), some(features, few), {
      progress: (done, total) => progress(done, total, "precision and recall"),
    })),
    ...(few < n && { precisionRecallSamples: few }),
    sharpness: sharpness(images) / real.sharpness,
    ...(labels && sameClasses(ruler, data) && { recognised: recognised(probabilities, labels) }),
    classKl: klFromUniform(histogram),
    ...Object.fromEntries(ruler.classes.map((name, i) => [`share/${name}`, histogram[i]!])),
  };
}

const sameClasses = (ruler: Ruler, data: Data): boolean =>
  ruler.classes.join("\n") === data.classes.join("\n");

/**
 * Draw images and measure them: what `evaluate` says of every model that draws. Without a number (`samples` left out)
 * data without a ruler are no error, and the output says what is missing.
 */
export async function sampleQuality<C>(
  context: HookContext<C>,
  draw: (context: HookContext<C>, count: number) => Promise<Drawn>,
  samples?: number,
  usual = SAMPLES,
): Promise<Output> {
  if (samples === 0) return {};
  let ruler: Ruler;
  try {
    ruler = await context.ruler();
  } catch (error) {
    if (samples !== undefined || !(error instanceof UserError)) throw error;
    return { text: [`drawn images were not measured: ${error.message}`] };
  }
  const count = samples ?? usual;
  context.progress(0, count, "drawing images");
  const drawn = await draw(context, count);
  const { data } = context;
  const progress: QualityParts["progress"] = (...at) => context.progress(...at);
  const numbers = await quality({ ruler, data, progress }, drawn);
  const reference = data.train.length.toLocaleString("en-US");
  return {
    numbers,
    text: [`measured by ${ruler.description}; Fréchet distances are from its ${reference} training images`],
  };
}

/** Numbers of test images that the floor is told for. */
const SIZES = [500, 1000, 2000, 5000, 10_000];

/** What test images get in the place of drawn ones: the best that can be asked of a model, by number of images. */
export async function floors(parts: QualityParts): Promise<Record<string, number>> {
  const real = await referenceOf(parts);
  const { train, test } = real;
  const [d, n] = [test.shape[1]!, test.shape[0]!];
  const sizes = SIZES.filter((size) => size <= n && size > d);
  const few = Math.min(n, train.shape[0]!, NEIGHBOURS);
  return {
    ...Object.fromEntries(sizes.map((size) => [`frechetFloor/${size}`, floorOf(real, size)])),
    ...(await precisionRecall(some(train, few), some(test, few), {
      progress: (done, total) => parts.progress(done, total, "precision and recall"),
    })),
    precisionRecallSamples: few,
  };
}

/** What drawn images are compared with. */
export interface Reference {
  readonly gaussian: Gaussian;
  readonly train: Features;
  readonly test: Features;
  readonly sharpness: number;
}

/** Real images are looked at once in a process. */
const references = new WeakMap<Ruler, WeakMap<Data, Promise<Reference>>>();

export function referenceOf(parts: QualityParts): Promise<Reference> {
  const { ruler, data } = parts;
  const known = references.get(ruler) ?? new WeakMap<Data, Promise<Reference>>();
  references.set(ruler, known);
  const kept = known.get(data);
  if (kept) return kept;
  const made = makeReference(parts);
  known.set(data, made);
  // Ctrl-C while it was made must not be remembered.
  made.catch(() => known.delete(data));
  return made;
}

async function makeReference(parts: QualityParts): Promise<Reference> {
  const train = await look(parts, parts.data.train, "looking at training images");
  const test = await look(parts, parts.data.test, "looking at test images");
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
  for await (const { images } of pass({ progress }, examples, what)) {
    features.push((await ruler.measure(images)).features);
    sharp += (sharpness(images) * images.shape[0]!) / examples.length;
  }
  return { features: joined(features), sharpness: sharp };
}

/** Sets of test images whose distances are averaged to the floor: few images vary much. */
const SETS = 5;

/** The Fréchet distance of `count` test images from the training images: the mean over as many sets as there are. */
function floorOf({ test, gaussian }: Reference, count: number): number {
  const sets = Math.max(1, Math.min(SETS, Math.floor(test.shape[0]! / count)));
  let sum = 0;
  for (let set = 0; set < sets; set++) sum += frechetDistance(gaussianOf(some(test, count, set)), gaussian);
  return sum / sets;
}

/** `count` rows that stand for all of them. */
function some(features: Features, count: number, set = 0): Features {
  const [n, d] = features.shape as readonly [number, number];
  if (count >= n) return features;
  const out = new Float32Array(count * d);
  for (const [i, from] of partOf(n, count, set).entries())
    out.set(features.data.subarray(from * d, (from + 1) * d), i * d);
  return ndarray(out, [count, d]);
}
