/** How good a trained diffusion model is: its loss and bound on test images, and the quality of its samples. */
import { z } from "zod";
import { batchAt, pass } from "../../data/passes.ts";
import type { Output } from "../../model/contract.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import type { Key } from "../../tensor/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { dataOf, fieldOf } from "../examples.ts";
import { MEASURING, sampleQuality } from "../metrics/quality.ts";
import { rulerFor } from "../metrics/ruler.ts";
import type { Drawn } from "../model.ts";
import { type Bound, BoundEvaluator } from "./bound.ts";
import { type DiffusionContext, diffusionOf } from "./config.ts";
import type { DiffusionLooks } from "./looks.ts";
import { diffusionLoss } from "./losses.ts";
import type { DiffusionModel } from "./model.ts";
import { schedulePicture } from "./pictures.ts";
import { classNumbers, count, DRAWING, Drawing, drawnHow, planOf, samplerOf } from "./sampler-options.ts";
import { scalingOf } from "./scaling.ts";

/** Examples and times of the bound: of points many, because their network is quick. */
const BOUND = {
  images: { examples: 64, times: 100 },
  points: { examples: 2000, times: Number.POSITIVE_INFINITY },
} as const;

export const Evaluate = z.strictObject({
  ...MEASURING,
  ...DRAWING,
  boundImages: z
    .int()
    .min(0)
    .optional()
    .describe(
      `test images (or points) for the variational bound; 0: leave it out (default: ${BOUND.images.examples}; for points ${BOUND.points.examples})`,
    ),
  boundTimes: count
    .optional()
    .describe(
      `times among the T at which the bound is evaluated (default: ${BOUND.images.times}; for points all)`,
    ),
});

/** Default number of images to draw and measure: few, because sampling takes many steps. */
const MEASURED = 1000;

export async function evaluate(
  context: DiffusionContext,
  { boundImages, boundTimes, samples, ruler, ...how }: z.output<typeof Evaluate>,
  looks: DiffusionLooks,
): Promise<Output> {
  const model = diffusionOf(context);
  const { name: kind } = fieldOf(context.spec, "a diffusion model");
  const wanted = { examples: boundImages ?? BOUND[kind].examples, times: boundTimes ?? BOUND[kind].times };
  const { plan, path } = planOf(model.schedule, how); // options that cannot be sampled are refused before anything is measured
  // So is a named ruler that cannot be opened.
  if (ruler !== undefined && samples !== 0 && kind === "images") await rulerFor(context, ruler);
  const numbers: Record<string, number> = {
    testLoss: await testLoss(context, model),
  };
  if (wanted.examples > 0) {
    const { test } = await dataOf(context, "the bound");
    const indices = Int32Array.from({ length: Math.min(wanted.examples, test.length) }, (_, i) => i);
    const { x, labels } = await batchAt(test, indices);
    const evaluator = new BoundEvaluator(model, (fn, name) => context.compile(fn, name));
    const bound = await evaluator.evaluate({
      x0: scalingOf(model).intoHost(x),
      labels: model.classes > 0 && labels ? [...labels.data] : undefined,
      key: context.key.split("bound"),
      variance: "fixed-small",
      times: Math.min(wanted.times, model.schedule.T - 1),
      progress: (done, total) => context.progress(done, total, "variational bound"),
    });
    Object.assign(numbers, kind === "images" ? bits(bound, x.shape[0]!) : nats(bound, x.shape));
  }
  const quality = await sampleQuality(
    context,
    (c, n) => drawnBy(c, n, looks.batch, how),
    { samples, ruler },
    MEASURED,
  );
  return {
    ...quality,
    text: [...(quality.text ?? []), ...(quality.numbers ? [drawnHow(plan, path, how.guidance)] : [])],
    numbers: { ...numbers, ...quality.numbers },
    pictures: [await schedulePicture([model.schedule]), ...(await looks.noising(context, model.schedule))],
  };
}

/** The bound of images, in bits per dimension. */
const bits = ({ total, prior, steps, decoder }: Bound, n: number): Record<string, number> => ({
  boundImages: n,
  bitsPerDim: total,
  bitsPrior: prior,
  bitsSteps: steps,
  bitsDecoder: decoder,
});

/** The bound of points [N, D], in nats per point, as a VAE's: a lower bound of log p(x). */
const nats = ({ total }: Bound, [n, d]: Shape): Record<string, number> => ({
  boundPoints: n!,
  elbo: -total * Math.LN2 * d!,
});

/** The training loss on test examples, with times and noise from the context's key. */
export async function testLoss(
  context: DiffusionContext,
  model: DiffusionModel,
  limit?: number,
): Promise<number> {
  const program = context.compile(
    (x: Tensor, labels: Tensor | undefined, key: Key) =>
      diffusionLoss(model, scalingOf(model).into(x), labels, key).loss,
    "test loss",
  );
  const { test } = await dataOf(context, "the test loss");
  let [sum, seen] = [0, 0];
  for await (const { x, labels, start } of pass(context, test, "test loss", limit)) {
    const own = model.classes > 0 ? labels : undefined;
    const loss = await program(x, own, context.key.split("test").split(start));
    const n = x.shape[0]!;
    sum += n * Number(loss.data[0]);
    seen += n;
  }
  return sum / seen;
}

/** Examples by the default sampler, each class in turn. */
export const draw = (context: DiffusionContext, n: number, batchSize: number): Promise<Drawn> =>
  drawnBy(context, n, batchSize, Drawing.parse({}));

async function drawnBy(
  context: DiffusionContext,
  n: number,
  batchSize: number,
  { guidance, clipX0, useClippedModelOutput, ...options }: z.output<typeof Drawing>,
): Promise<Drawn> {
  const model = diffusionOf(context);
  const { plan } = planOf(model.schedule, options);
  const label = classNumbers(context, model, n, undefined);
  const made = await samplerOf(context, model).sample(plan, {
    count: n,
    batchSize,
    key: context.key,
    label,
    guidance,
    clipX0,
    useClippedModelOutput,
    ranks: context.ranks,
    progress: (done, total) => context.progress(done, total, "sampling"),
  });
  const labels: NdArray<"int32"> | undefined = label && ndarray(Int32Array.from(label));
  return { x: scalingOf(model).outOfHost(made), labels };
}
