import { UserError } from "../../errors.ts";

/**
 * Mean and variance of a stream of vectors. Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the
 * sample variance" (1983). A count of 10⁻⁴ is there from the start (mean 0, variance 1), as in Gymnasium.
 */
export class RunningMoments {
  mean: Float64Array;
  variance: Float64Array;
  count = 1e-4;

  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.variance = new Float64Array(size).fill(1);
  }

  update(x: ArrayLike<number>): void {
    const { mean, variance, count } = this;
    if (x.length !== mean.length) {
      throw new UserError(`running moments of ${mean.length} numbers were given ${x.length}`);
    }
    const total = count + 1;
    for (let i = 0; i < mean.length; i++) {
      const delta = x[i]! - mean[i]!;
      mean[i] = mean[i]! + delta / total;
      variance[i] = (variance[i]! * count + (delta * delta * count) / total) / total;
    }
    this.count = total;
  }
}
