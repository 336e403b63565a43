import type { BitGenerator } from "./bits.ts";
import { standardExponential, standardNormal } from "./ziggurat.ts";

/**
 * A draw from the gamma distribution with scale 1: by Marsaglia and Tsang (2000) for a shape above 1, below it by
 * Ahrens and Dieter (1974), as NumPy.
 */
export function standardGamma(bits: BitGenerator, shape: number): number {
  if (shape === 1) return standardExponential(bits);
  if (shape < 1) {
    for (;;) {
      const u = bits.random();
      const v = standardExponential(bits);
      if (u <= 1 - shape) {
        const x = u ** (1 / shape);
        if (x <= v) return x;
      } else {
        const y = -Math.log((1 - u) / shape);
        const x = (1 - shape + shape * y) ** (1 / shape);
        if (x <= v + y) return x;
      }
    }
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    let x: number;
    let v: number;
    do {
      x = standardNormal(bits);
      v = 1 + c * x;
    } while (v <= 0);
    v = v ** 3;
    const u = bits.random();
    if (u < 1 - 0.0331 * x ** 4 || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}
