/** Chains from noise to digits: what a page asks of the worker, and what it is told. */

/** Pixels each way, and of an image. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/** Where an image starts: the noise of one seed, or, on the arc to the noise of another, a share of the way. */
export interface Start {
  readonly seed: number;
  readonly to?: number;
  readonly share?: number;
}

/** Images [N], made together by one sampler. */
export interface Chain {
  readonly sampler: "ddim" | "ddpm";
  readonly steps: number;
  readonly eta: number;
  readonly spacing: "linear" | "quadratic";
  readonly starts: readonly Start[];
  /** Of the noise that is added on the way. */
  readonly seed: number;
  /** The class of all images; none where left out. */
  readonly label?: number;
  /** The scale of all images, or of each. */
  readonly guidance: number | readonly number[];
  /** What stays as it is: pixels in [0, 1], and where the mask is 1. */
  readonly kept?: { readonly pixels: Float32Array; readonly mask: Float32Array };
}

/** x_t of all images of a chain, and what the network sees in it: x̂₀ and ε̂. Values as the network has them, [N · pixels]. */
export interface Frame {
  readonly t: number;
  readonly x: Float32Array;
  readonly x0: Float32Array;
  readonly epsilon: Float32Array;
}

export type Answer =
  | { readonly kind: "begun"; readonly steps: number }
  /** One step of every chain: where it stood before. */
  | { readonly kind: "step"; readonly step: number; readonly frames: readonly Frame[] }
  /** The images of every chain. */
  | { readonly kind: "done"; readonly images: readonly Float32Array[] };
