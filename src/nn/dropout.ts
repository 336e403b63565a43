import { UserError } from "../errors.ts";
import { asTensor, bernoulli, mul, type Operand } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** Srivastava et al. (2014): with a key, each element is 0 with probability p, else 1/(1−p) times itself. */
export function dropout(x: Operand, p: number, key?: Key): Tensor {
  if (!(p >= 0 && p <= 1)) throw new UserError(`dropout: p is a probability from 0 to 1, not ${p}`);
  const t = asTensor(x);
  if (!key || p === 0) return t;
  if (p === 1) return mul(t, 0);
  return mul(t, mul(bernoulli(key, 1 - p, t.shape), 1 / (1 - p)));
}

/** dropout as a layer. */
export class Dropout extends Module {
  readonly #p: number;

  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new UserError(`Dropout: p is a probability from 0 to 1, not ${p}`);
    this.#p = p;
  }

  forward(x: Operand, key?: Key): Tensor {
    return dropout(x, this.#p, key);
  }
}
