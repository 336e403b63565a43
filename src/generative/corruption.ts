import { add, less, mul, normal, uniform, where } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Images in [0, 1] to damaged images of the same shape: a pure function of the image and the key. */
export type Corruption = (x: Tensor, key: Key) => Tensor;

/** The corruptions of Vincent et al. (2010), section 3.3, by name. `amount` is σ or the fraction of pixels. */
export const CORRUPTIONS = {
  /** Additive isotropic noise: x̃ ~ N(x, σ²I). Not clipped, as in the paper: values leave [0, 1]. */
  gaussian:
    (sigma: number): Corruption =>
    (x, key) =>
      add(x, mul(normal(key, x.shape), sigma)),

  /** A fraction of the values is set to 0. */
  masking:
    (fraction: number): Corruption =>
    (x, key) =>
      where(less(uniform(key, x.shape), fraction), 0, x),

  /** A fraction of the values is set to 0 or 1, each with probability ½. */
  "salt-and-pepper":
    (fraction: number): Corruption =>
    (x, key) => {
      const u = uniform(key, x.shape);
      return where(less(u, fraction / 2), 0, where(less(u, fraction), 1, x));
    },
} as const satisfies Record<string, (amount: number) => Corruption>;

export type CorruptionName = keyof typeof CORRUPTIONS;
export const CORRUPTION_NAMES = Object.keys(CORRUPTIONS) as [CorruptionName, ...CorruptionName[]];
