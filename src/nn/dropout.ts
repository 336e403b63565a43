import { UserError } from "../errors.ts";
import { asTensor, bernoulli, mul, type Operand, randomMask, where } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

export interface DropoutOptions {
  /** Use a random byte per element: p is rounded to a 256th (from 1/256 to 255/256). For large activations. */
  readonly coarse?: boolean;
}

/** Srivastava et al. (2014): with a key, each element is zeroed with probability p and otherwise scaled by 1/(1−p). */
export function dropout(x: Operand, p: number, key?: Key, { coarse = false }: DropoutOptions = {}): Tensor {
  if (!(p >= 0 && p <= 1)) throw new UserError(`dropout: p is a probability from 0 to 1, not ${p}`);
  const t = asTensor(x);
  if (!key || p === 0) return t;
  if (p === 1) return mul(t, 0);
  if (!coarse) return mul(t, mul(bernoulli(key, 1 - p, t.shape), 1 / (1 - p)));
  const keep = Math.min(Math.max(Math.round(256 * (1 - p)), 1), 255);
  return where(randomMask(key, keep, t.shape), mul(t, 256 / keep), 0);
}

/** `dropout` as a layer. */
export class Dropout extends Module {
  readonly #p: number;
  readonly #options: DropoutOptions;

  constructor(p = 0.5, options: DropoutOptions = {}) {
    super();
    if (!(p >= 0 && p <= 1)) throw new UserError(`Dropout: p is a probability from 0 to 1, not ${p}`);
    this.#p = p;
    this.#options = options;
  }

  forward(x: Operand, key?: Key): Tensor {
    return dropout(x, this.#p, key, this.#options);
  }
}
