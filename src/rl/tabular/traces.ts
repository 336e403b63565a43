import { UserError } from "../../errors.ts";

/** How a visit marks its entry: add 1, set 1, or add 1 − α γ λ z (true online). */
export type TraceKind = "accumulating" | "replacing" | "dutch";

const MARK: Record<TraceKind, (z: number, alpha: number) => number> = {
  accumulating: (z) => z + 1,
  replacing: () => 1,
  // z is already γλz here.
  dutch: (z, alpha) => z + 1 - alpha * z,
};

/** Eligibility traces z over a table; only the non-negligible entries are visited. */
export class Traces {
  readonly z: Float64Array;
  readonly active: Int32Array;
  count = 0;
  readonly #mark: (z: number, alpha: number) => number;

  constructor(size: number, kind: TraceKind) {
    if (!Object.hasOwn(MARK, kind)) {
      throw new UserError(`unknown traces "${kind}". Known: ${Object.keys(MARK).join(", ")}`);
    }
    this.z = new Float64Array(size);
    this.active = new Int32Array(size);
    this.#mark = MARK[kind];
  }

  /** Sets all traces to 0, at the start of an episode. */
  clear(): void {
    for (let j = 0; j < this.count; j++) this.z[this.active[j]!] = 0;
    this.count = 0;
  }

  /** z ← γλz, then the visited entry is marked. Entries below 1e-12, of either sign (γ = −1), are dropped. */
  visit(index: number, decay: number, alpha: number): void {
    const { z, active } = this;
    let kept = 0;
    for (let j = 0; j < this.count; j++) {
      const i = active[j]!;
      z[i]! *= decay;
      if (Math.abs(z[i]!) > 1e-12 || i === index) active[kept++] = i;
      else z[i] = 0;
    }
    this.count = kept;
    if (z[index] === 0 && !active.subarray(0, kept).includes(index)) active[this.count++] = index;
    z[index] = this.#mark(z[index]!, alpha);
  }

  /** table ← table + step · z. */
  update(table: Float64Array, step: number): void {
    for (let j = 0; j < this.count; j++) {
      const i = this.active[j]!;
      table[i]! += step * this.z[i]!;
    }
  }
}

/** Throws unless 0 ≤ λ ≤ 1. */
export function checkLambda(lambda: number): void {
  if (!(lambda >= 0 && lambda <= 1)) throw new UserError(`lambda must lie in 0 … 1, not ${lambda}`);
}
