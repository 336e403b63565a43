/** The variational bound of a trained model, in bits per dimension (Ho et al. 2020, eq. 5). For evaluation. */
import type { Compiled } from "../../engine/compile.ts";
import { lookup, UserError } from "../../errors.ts";
import { less, sub, where } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type DiffusionModel, estimate, labelsFor } from "./model.ts";
import { noised } from "./prediction.ts";
import { VARIANCES, type Variance } from "./samplers.ts";
import { type Compile, type Images, noiseFor } from "./sampling.ts";
import { scalingOf } from "./scaling.ts";
import type { NoiseSchedule } from "./schedule.ts";

/**
 * KL(q(x_{t−1} | x_t, x₀) ‖ p(x_{t−1} | x_t)) for t ≥ 1, in nats per dimension: `scale`·(x₀ − x̂₀)² + `offset`, because the two
 * means differ only in x̂₀.
 */
export function stepKl(
  schedule: NoiseSchedule,
  t: number,
  variance: Variance,
): { scale: number; offset: number } {
  const { x0, variance: of } = schedule.posterior(t);
  const to = lookup("variance", VARIANCES, variance)(schedule, { t, prev: t - 1 });
  return { scale: x0 ** 2 / (2 * to), offset: 0.5 * (Math.log(to / of) + of / to - 1) };
}

/** KL(q(x_T | x₀) ‖ N(0, 1)) in nats, the mean over dimensions: how far x_T is from pure noise. */
export function priorKl(schedule: NoiseSchedule, x0: Images): number {
  const { signal, noise } = schedule.level(schedule.T - 1);
  let squares = 0;
  for (const x of x0.data) squares += x * x;
  const variance = noise ** 2;
  return 0.5 * (variance - 1 - Math.log(variance) + (signal ** 2 * squares) / x0.data.length);
}

/** Half the distance between neighbouring grey values, 256 in [−1, 1]. */
const HALF_BIN = 1 / 255;
const normalCdf = (z: Tensor): Tensor => z.mul(Math.SQRT1_2).erf().add(1).mul(0.5);

/**
 * −ln p(x₀ | x₁) of grey values, each the probability of its bin under N(mean, deviation²); the bins at the ends extend
 * to infinity (eq. 13). One value per element.
 */
export function discreteNll(x0: Tensor, mean: Tensor, deviation: Tensor): Tensor {
  const distance = x0.sub(mean);
  const above = normalCdf(distance.add(HALF_BIN).div(deviation));
  const below = normalCdf(distance.sub(HALF_BIN).div(deviation));
  const first = x0.less(-1 + HALF_BIN);
  const last = less(1 - HALF_BIN, x0);
  const weight = where(first, above, where(last, sub(1, below), above.sub(below)));
  return weight.maximum(1e-12).log().neg();
}

/** −ln p(x₀ | x₁) of numbers without bounds: the density of N(mean, deviation²). One value per element. */
export const gaussianNll = (x0: Tensor, mean: Tensor, deviation: Tensor): Tensor =>
  x0
    .sub(mean)
    .div(deviation)
    .square()
    .add(Math.log(2 * Math.PI))
    .mul(0.5)
    .add(deviation.log());

/** Parts of the bound, each in bits per dimension; they add up to `total`. */
export interface Bound {
  readonly total: number;
  /** The prior term: KL of x_T from pure noise. */
  readonly prior: number;
  /** The steps t = T−1 … 1. */
  readonly steps: number;
  /** The decoder term: the last step, to grey values; for points, to their density. */
  readonly decoder: number;
  /** The squared error of x̂₀, averaged over all times. */
  readonly mse: number;
}

export interface BoundOptions {
  /** Images [N, ...shape] in [−1, 1], of 256 grey values; or points. */
  readonly x0: Images;
  readonly labels?: readonly number[] | undefined;
  readonly key: Key;
  readonly variance?: Variance;
  /** Estimate the sum over t ≥ 1 from this many times, evenly spread; all when left out. */
  readonly times?: number | undefined;
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

type Feeds = {
  readonly x0: Tensor;
  readonly noise: Tensor;
  readonly t: Tensor;
  readonly level: { readonly signal: Tensor; readonly noise: Tensor };
  readonly labels: Tensor | undefined;
};

/** Evaluates the bound. `compile` decides which weights are used, as for Sampler. */
export class BoundEvaluator {
  readonly #model: DiffusionModel;
  readonly #error: Compiled<[Feeds], Tensor>;
  readonly #decoder: Compiled<[Feeds, Tensor], { nll: Tensor; error: Tensor }>;

  constructor(model: DiffusionModel, compile: Compile) {
    this.#model = model;
    const guess = ({ x0, noise, t, level, labels }: Feeds): Tensor =>
      estimate(model, noised(x0, noise, level), t, level, { labels, clipX0: true }).x0;
    const error = (x0: Tensor, x0Hat: Tensor): Tensor => x0.sub(x0Hat).square().mean();
    this.#error = compile((feeds: Feeds) => error(feeds.x0, guess(feeds)), "variational bound");
    this.#decoder = compile((feeds: Feeds, deviation: Tensor) => {
      const x0Hat = guess(feeds);
      const nll = scalingOf(model).bounded ? discreteNll : gaussianNll;
      return { nll: nll(feeds.x0, x0Hat, deviation).mean(), error: error(feeds.x0, x0Hat) };
    }, "decoder of the variational bound");
  }

  async evaluate(options: BoundOptions): Promise<Bound> {
    const { schedule, shape } = this.#model;
    const { x0, key, variance = "fixed-large", progress } = options;
    const { T } = schedule;
    if (T < 2) throw new UserError("the variational bound needs a noise schedule of two steps or more");
    const times = spread(T, options.times ?? T - 1);
    const count = x0.shape[0]!;
    const labels = labelsFor(this.#model, options.labels, count);
    const feeds = (t: number) => {
      const noise = noiseFor(key, shape, count, 0, "bound", t);
      return { x0, noise, t, level: schedule.level(t), labels };
    };
    // The posterior of t = 0 is a point: Ho et al. give the decoder the variance of t = 1.
    const deviation = Math.sqrt(schedule.posterior(1).variance);
    const { nll, error } = await this.#decoder(feeds(0), deviation);
    let [steps, mse] = [0, 0];
    for (const [i, t] of times.entries()) {
      const { scale, offset } = stepKl(schedule, t, variance);
      const at = scalar(await this.#error(feeds(t)));
      steps += scale * at + offset;
      mse += at;
      progress?.(i + 2, times.length + 1);
    }
    const each = (T - 1) / times.length;
    const bits = (nats: number): number => nats / Math.LN2;
    const [prior, middle, decoder] = [bits(priorKl(schedule, x0)), bits(steps * each), bits(scalar(nll))];
    return {
      total: prior + middle + decoder,
      prior,
      steps: middle,
      decoder,
      mse: (mse * each + scalar(error)) / T,
    };
  }

  async dispose(): Promise<void> {
    await this.#error.dispose();
    await this.#decoder.dispose();
  }
}

const scalar = (array: { readonly data: ArrayLike<number | bigint> }): number => Number(array.data[0]);

/** `count` of the times 1 … T−1, each in the middle of its share. */
function spread(T: number, count: number): number[] {
  if (!Number.isSafeInteger(count) || count < 1 || count > T - 1)
    throw new UserError(`the bound is estimated from 1 to ${T - 1} times, not ${count}`);
  return Array.from({ length: count }, (_, i) => 1 + Math.floor(((i + 0.5) * (T - 1)) / count));
}
