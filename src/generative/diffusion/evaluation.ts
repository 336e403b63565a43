/** How good a trained diffusion model is: its loss and bound on test images, and the quality of its samples. */
import { z } from "zod";
import { batchAt, pass } from "../../data/passes.ts";
import type { Output } from "../../model/contract.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { imagesOf } from "../coders.ts";
import { MEASURING, sampleQuality } from "../metrics/quality.ts";
import { rulerFor } from "../metrics/ruler.ts";
import type { Drawn } from "../model.ts";
import { BoundEvaluator } from "./bound.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import { diffusionLoss } from "./losses.ts";
import { type DiffusionModel, toModel } from "./model.ts";
import * as pictures from "./pictures.ts";
import {
  BATCH,
  classNumbers,
  count,
  DRAWING,
  Drawing,
  drawnHow,
  planOf,
  samplerOf,
} from "./sampler-options.ts";

export const Evaluate = z.strictObject({
  ...MEASURING,
  ...DRAWING,
  boundImages: z.int().min(0).default(64).describe("test images for the variational bound; 0: leave it out"),
  boundTimes: count.default(100).describe("times among the T at which the bound is evaluated"),
});

/** Default number of images to draw and measure: few, because sampling takes many steps. */
const MEASURED = 1000;

export async function evaluate(
  context: DiffusionContext,
  { boundImages, boundTimes, samples, ruler, ...how }: z.output<typeof Evaluate>,
): Promise<Output> {
  const model = diffusionOf(context);
  const { plan, path } = planOf(model.schedule, how); // options that cannot be sampled are refused before anything is measured
  // So is a named ruler that cannot be opened.
  if (ruler !== undefined && samples !== 0) await rulerFor(context, ruler);
  const numbers: Record<string, number> = {
    testLoss: await testLoss(context, model),
  };
  if (boundImages > 0) {
    const { test } = await imagesOf(context, "the bound");
    const indices = Int32Array.from({ length: Math.min(boundImages, test.length) }, (_, i) => i);
    const { images, labels } = await batchAt(test, indices);
    const evaluator = new BoundEvaluator(model, (fn, name) => context.compile(fn, name));
    const bound = await evaluator.evaluate({
      x0: pictures.toModelRange(images),
      labels: model.classes > 0 && labels ? [...labels.data] : undefined,
      key: context.key.split("bound"),
      variance: "fixed-small",
      times: Math.min(boundTimes, model.schedule.T - 1),
      progress: (done, total) => context.progress(done, total, "variational bound"),
    });
    const { total, prior, steps, decoder } = bound;
    Object.assign(numbers, {
      boundImages: images.shape[0]!,
      bitsPerDim: total,
      bitsPrior: prior,
      bitsSteps: steps,
      bitsDecoder: decoder,
    });
  }
  const quality = await sampleQuality(context, (c, n) => drawnBy(c, n, how), { samples, ruler }, MEASURED);
  return {
    ...quality,
    text: [...(quality.text ?? []), ...(quality.numbers ? [drawnHow(plan, path, how.guidance)] : [])],
    numbers: { ...numbers, ...quality.numbers },
    pictures: [
      await pictures.schedulePicture([model.schedule]),
      await pictures.noisingStrip(model.schedule, context),
    ],
  };
}

/** The training loss on test images, with times and noise from the context's key. */
export async function testLoss(
  context: DiffusionContext,
  model: DiffusionModel,
  limit?: number,
): Promise<number> {
  const program = context.compile(
    (images: Tensor, labels: Tensor | undefined, key: Key) =>
      diffusionLoss(model, toModel(images), labels, key).loss,
    "test loss",
  );
  const { test } = await imagesOf(context, "the test loss");
  let [sum, seen] = [0, 0];
  for await (const { images, labels, start } of pass(context, test, "test loss", limit)) {
    const own = model.classes > 0 ? labels : undefined;
    const loss = await program(images, own, context.key.split("test").split(start));
    const n = images.shape[0]!;
    sum += n * Number(loss.data[0]);
    seen += n;
  }
  return sum / seen;
}

/** Images by the default sampler, each class in turn. */
export const draw = (context: DiffusionContext, n: number): Promise<Drawn> =>
  drawnBy(context, n, Drawing.parse({}));

async function drawnBy(
  context: DiffusionContext,
  n: number,
  { guidance, clipX0, useClippedModelOutput, ...options }: z.output<typeof Drawing>,
): Promise<Drawn> {
  const model = diffusionOf(context);
  const { plan } = planOf(model.schedule, options);
  const label = classNumbers(context, model, n, undefined);
  const made = await samplerOf(context, model).sample(plan, {
    count: n,
    batchSize: BATCH,
    key: context.key,
    label,
    guidance,
    clipX0,
    useClippedModelOutput,
    ranks: context.ranks,
    progress: (done, total) => context.progress(done, total, "sampling"),
  });
  const labels: NdArray<"int32"> | undefined = label && ndarray(Int32Array.from(label));
  return { images: pictures.pixels(made), labels };
}
