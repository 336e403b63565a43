import { UserError } from "../../errors.ts";

/** Running moments as plain data. */
export interface MomentsState {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
  readonly count: number;
}

/**
 * Mean and variance of a stream of vectors. Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the
 * sample variance" (1983). The initial count is 10⁻⁴ (mean 0, variance 1), as in Gymnasium.
 */
export class RunningMoments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  count = 1e-4;
  /** Moments of the batch, within updateRows. */
  readonly #batchMean: Float64Array;
  readonly #batchSquares: Float64Array;

  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.variance = new Float64Array(size).fill(1);
    this.#batchMean = new Float64Array(size);
    this.#batchSquares = new Float64Array(size);
  }

  update(x: ArrayLike<number>): void {
    this.#check(x.length, 1);
    this.updateRows(x, 1);
  }

  /**
   * Adds n vectors at once, the rows of x.
   *
   * @param skip 1 for the rows to leave out
   */
  updateRows(x: ArrayLike<number>, n: number, skip?: ArrayLike<number>): void {
    const { mean, variance, count } = this;
    const size = mean.length;
    this.#check(x.length, n);
    const batchMean = this.#batchMean.fill(0);
    const squares = this.#batchSquares.fill(0);
    let rows = 0;
    for (let i = 0; i < n; i++) {
      if (skip?.[i] === 1) continue;
      rows++;
      for (let j = 0; j < size; j++) {
        const delta = x[i * size + j]! - batchMean[j]!;
        batchMean[j] = batchMean[j]! + delta / rows;
        squares[j] = squares[j]! + delta * (x[i * size + j]! - batchMean[j]!);
      }
    }
    if (rows === 0) return;
    const total = count + rows;
    for (let j = 0; j < size; j++) {
      const delta = batchMean[j]! - mean[j]!;
      mean[j] = mean[j]! + (delta * rows) / total;
      variance[j] = (variance[j]! * count + squares[j]! + (delta * delta * count * rows) / total) / total;
    }
    this.count = total;
  }

  #check(length: number, n: number): void {
    const size = this.mean.length;
    if (length === n * size) return;
    throw new UserError(
      `running moments of ${size} numbers were given ${n === 1 ? length : `${length} for ${n} vectors`}`,
    );
  }

  /** For a checkpoint: a model trained on normalised observations needs these moments. */
  state(): MomentsState {
    return { mean: [...this.mean], variance: [...this.variance], count: this.count };
  }

  restore({ mean, variance, count }: MomentsState): void {
    const size = this.mean.length;
    if (mean?.length !== size || variance?.length !== size || !(count > 0)) {
      throw new UserError(
        `the saved moments have ${mean?.length} elements, not ${size}: they belong to another environment`,
      );
    }
    this.mean.set(mean);
    this.variance.set(variance);
    this.count = count;
  }
}
