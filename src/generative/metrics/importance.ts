/** log(Σ e^w / k) of log-weights that arrive in chunks, for `count` images, without overflow. */
export class LogMeanExp {
  readonly #top: Float64Array;
  readonly #sum: Float64Array;
  #k = 0;
  constructor(count: number) {
    this.#top = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.#sum = new Float64Array(count);
  }

  /** `logWeights` [k, count], row-major. */
  add(logWeights: Float32Array): void {
    const count = this.#top.length;
    logWeights.forEach((w, at) => {
      const i = at % count;
      if (w > this.#top[i]!) {
        this.#sum[i] = this.#sum[i]! * Math.exp(this.#top[i]! - w) + 1;
        this.#top[i] = w;
      } else this.#sum[i]! += Math.exp(w - this.#top[i]!);
    });
    this.#k += logWeights.length / count;
  }

  values(): Float64Array {
    return this.#top.map((top, i) => top + Math.log(this.#sum[i]! / this.#k));
  }
}
