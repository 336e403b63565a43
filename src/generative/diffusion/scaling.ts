/** How examples lie where a diffusion network works: pixels from [0, 1] in [−1, 1], points as they are. */
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { asTensor, type Operand } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Kind } from "../examples.ts";

type Values = NdArray<"float32">;

const map = (values: Values, change: (value: number) => number): Values =>
  ndarray(values.data.map(change), values.shape);

/** Pixels from [0, 1] to the network's [−1, 1], and back (clipped to the range). */
export const toModel = (images: Operand): Tensor => asTensor(images).mul(2).sub(1);
export const toPixels = (x: Operand): Tensor => asTensor(x).add(1).mul(0.5).clamp(0, 1);

/** The same on the host. */
export const toModelRange = (images: Values): Values => map(images, (v) => 2 * v - 1);
export const pixels = (x: Values): Values => map(x, (v) => Math.min(1, Math.max(0, (v + 1) / 2)));

export interface Scaling {
  /** Whether x₀ is known to lie in [−1, 1], so that samplers may hold x̂₀ there. */
  readonly bounded: boolean;
  /** From examples to where the network works, and back: of tensors, and on the host. */
  readonly into: (examples: Operand) => Tensor;
  readonly outOf: (x: Operand) => Tensor;
  readonly intoHost: (examples: Values) => Values;
  readonly outOfHost: (x: Values) => Values;
}

const SCALINGS: Readonly<Record<Kind, Scaling>> = {
  images: { bounded: true, into: toModel, outOf: toPixels, intoHost: toModelRange, outOfHost: pixels },
  points: { bounded: false, into: asTensor, outOf: asTensor, intoHost: (x) => x, outOfHost: (x) => x },
};

/** The scaling of a model's examples. */
export const scalingOf = ({ data = "images" }: { readonly data?: Kind | undefined }): Scaling =>
  SCALINGS[data];
