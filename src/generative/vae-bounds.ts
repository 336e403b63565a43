/** Measures of a VAE: its bounds, and how much of its code is used. */

import { pass } from "../data/passes.ts";
import type { Context } from "../model/contract.ts";
import { bernoulli, sum } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { bernoulli as bernoulliPixels, type Likelihood } from "./distributions.ts";
import { dataOf } from "./examples.ts";
import { statistics } from "./latent.ts";
import { coding, type LatentModel } from "./latent-model.ts";
import { LogMeanExp } from "./metrics/importance.ts";

/** A latent-variable model with the two terms of its bound and its importance weights (see Vae). */
interface BoundedModel extends LatentModel {
  readonly likelihood: Likelihood;
  bound(x: Tensor, key: Key, labels?: Tensor): { logLikelihood: Tensor; kl: Tensor };
  logWeights(x: Tensor, key: Key, k: number, labels?: Tensor): Tensor;
}
interface Pixels {
  readonly binarization: "dynamic" | "none";
}
type BoundContext = Context<Pixels, BoundedModel>;

/** Dynamic binarisation: draw each pixel from its grey value, with fresh noise at each call (Burda et al. 2016, section 5). */
export const binarize = (x: Tensor, key: Key): Tensor => bernoulli(key, x, x.shape);

/** Whether pixels are binarised: the bound is then one of binary pixels. */
export const binarizes = (
  { likelihood }: Pick<BoundedModel, "likelihood">,
  { binarization }: Pixels,
): boolean => likelihood === bernoulliPixels && binarization === "dynamic";

/**
 * The bound and its parts over the test set, in nats per example. With a Bernoulli decoder it depends on how
 * pixels are treated: `elbo` treats them as in training, `elboGrey` takes grey values as they are.
 */
export async function bounds(context: BoundContext): Promise<Record<string, number>> {
  const { module: model } = context;
  const measure = async (binary: boolean): Promise<readonly [elbo: number, kl: number]> => {
    const program = context.compile((x: Tensor, y: Tensor | undefined, key: Key) => {
      const pixels = binary ? binarize(x, key.split("binarize")) : x;
      const { logLikelihood, kl } = model.bound(pixels, key.split("noise"), y);
      return { logLikelihood: sum(logLikelihood), kl: sum(kl) };
    }, "bound");
    const { test, kind } = await dataOf(context, "the bound");
    let [logLikelihood, kl] = [0, 0];
    for await (const { x, labels, start } of pass(context, test, `bound of test ${kind}`)) {
      const out = await program(x, labels, context.key.split("test").split(start));
      logLikelihood += Number(out.logLikelihood.data[0]) / test.length;
      kl += Number(out.kl.data[0]) / test.length;
    }
    return [logLikelihood - kl, kl];
  };
  const binary = binarizes(model, context.options);
  const [elbo, kl] = await measure(binary);
  return { elbo, kl, ...(binary && { elboGrey: (await measure(false))[0] }) };
}

/** Samples per image and call of the program: few, so that its activations stay small. */
const TOGETHER = 4;

/** The importance-weighted bound of Burda et al. (2016), equation 8, with k samples, in nats per example. */
export async function importanceBound(
  context: BoundContext,
  k: number,
  limit?: number,
): Promise<Record<string, number>> {
  const { module: model } = context;
  const { test, kind } = await dataOf(context, "the bound");
  const binary = binarizes(model, context.options);
  const what = `importance-weighted bound, ${k} samples`;
  const together = [TOGETHER, 3, 2, 1].find((n) => k % n === 0)!;
  const program = context.compile((x: Tensor, y: Tensor | undefined, pixels: Key, noise: Key) => {
    const example = binary ? binarize(x, pixels.split("binarize")) : x;
    return model.logWeights(example, noise, together, y);
  }, what);
  const count = Math.min(limit ?? test.length, test.length);
  let bound = 0;
  for await (const { x, labels, start } of pass({ progress: () => {} }, test, what, count)) {
    const total = new LogMeanExp(x.shape[0]!);
    const key = context.key.split("test").split(start);
    for (let drawn = 0; drawn < k; drawn += together) {
      context.progress(start * k + drawn * x.shape[0]!, count * k, what);
      const weights = await program(x, labels, key, key.split("importance").split(drawn));
      total.add(weights.data as Float32Array);
    }
    for (const value of total.values()) bound += value / count;
  }
  return {
    iwae: bound,
    iwaeSamples: k,
    ...(count < test.length && { [kind === "images" ? "iwaeImages" : "iwaePoints"]: count }),
  };
}

/** Dimensions whose posterior mean varies over the test set by more than 0.01 (Burda et al. 2016, section 5). */
export async function activeUnits(context: BoundContext): Promise<Record<string, number>> {
  const { test, kind } = await dataOf(context, "active units");
  const { codes } = await coding(context).encodeAll(test, `encoding test ${kind}`);
  return { activeUnits: statistics(codes).variance.filter((v) => v > 0.01).length };
}
