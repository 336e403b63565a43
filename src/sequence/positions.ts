/** How a Transformer knows where a token stands: the ways to say it, each with its source. */
import { sinusoidTable } from "../nn/embedding.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { add, arange, cast, chunk, concat, constant, gather, mul, sub } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * none: a causal decoder finds out by itself (Haviv et al. 2022), an encoder sees a bag; sinusoidal: fixed waves, added to
 * the input (Vaswani et al. 2017); learned: a vector a position, added to the input (GPT-2); rotary: queries and keys are
 * turned by their position (Su et al. 2021); alibi: scores fall with the distance (Press et al. 2022).
 */
export const POSITIONS = ["none", "sinusoidal", "learned", "rotary", "alibi"] as const;
export type Positions = (typeof POSITIONS)[number];

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Sinusoids [T, width] of the positions `at` [T], all below `most`. */
export const sinusoidsAt = (at: Tensor, most: number, width: number): Tensor =>
  gather(constant(sinusoidTable(upTo(most), width)), at);

/**
 * Su et al. (2021), eq. 34: x [B, H, T, D] turned by its positions `at` [T], all below `most`. Dimension i is turned
 * together with i + D/2, by the angle position · 10000^(−2i/D), as in Llama's weights on the Hugging Face Hub.
 */
export function rotate(x: Tensor, at: Tensor, most: number): Tensor {
  const [sin, cos] = chunk(sinusoidsAt(at, most, x.shape.at(-1)!), 2, -1) as [Tensor, Tensor];
  const [a, b] = chunk(x, 2, -1) as [Tensor, Tensor];
  return concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], -1);
}

/** The slopes of `heads` heads: 2^(−8h/n) for h = 1 … n; where n is no power of two, as the paper's code chooses them. */
export function alibiSlopes(heads: number): number[] {
  const whole = 2 ** Math.floor(Math.log2(heads));
  const slopes = (n: number): number[] => upTo(n).map((h) => 2 ** ((-8 * (h + 1)) / n));
  const between = slopes(2 * whole).filter((_, i) => i % 2 === 0);
  return [...slopes(whole), ...between.slice(0, heads - whole)];
}

/** Press et al. (2022), section 3: −slope · |i − j|, to be added to scores [B, H, T, S]; `at` [T] holds the queries' i. */
export function alibiBias(at: Tensor, keys: number, heads: number): Tensor {
  const distance = sub(cast(at, "float32").reshape(-1, 1), cast(arange(keys), "float32")).abs();
  const slopes = ndarray(
    Float32Array.from(alibiSlopes(heads), (m) => -m),
    [heads, 1, 1],
  );
  return mul(distance, constant(slopes));
}
