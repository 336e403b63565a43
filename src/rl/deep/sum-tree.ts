/**
 * Numbers ≥ 0 and their sum as a complete binary tree: changing one, and finding the one in which a share of the sum
 * lies, take log₂ n steps (Schaul et al. 2016, section B.2.1).
 */
export class SumTree {
  readonly #nodes: Float64Array;
  /** Where the leaves begin. */
  readonly #leaves: number;

  constructor(size: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(size, 1)));
    this.#nodes = new Float64Array(2 * this.#leaves);
  }

  get total(): number {
    return this.#nodes[1]!;
  }

  get(i: number): number {
    return this.#nodes[this.#leaves + i]!;
  }

  set(i: number, value: number): void {
    const nodes = this.#nodes;
    let at = this.#leaves + i;
    nodes[at] = value;
    // Each sum anew from its two halves: no difference is carried up, so no rounding gathers.
    for (at >>= 1; at >= 1; at >>= 1) nodes[at] = nodes[2 * at]! + nodes[2 * at + 1]!;
  }

  /** The i with Σ_{j<i} x_j ≤ share < Σ_{j≤i} x_j, for 0 ≤ share < total; never one that is 0. */
  find(share: number): number {
    const nodes = this.#nodes;
    let at = 1;
    let rest = share;
    while (at < this.#leaves) {
      at *= 2;
      const left = nodes[at]!;
      // Rounding may leave a rest beyond all that lies to the right.
      if (rest >= left && nodes[at + 1]! > 0) {
        rest -= left;
        at++;
      }
    }
    return at - this.#leaves;
  }
}
