import { ndarray } from "../tensor/ndarray.ts";
import { add, div, matmul, mul, reshape, sqrt, square, stopGradient, sum } from "../tensor/ops.ts";
import { hostNormal, Key } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign, substitute } from "../tensor/trace.ts";
import { Buffer, Module, type Parameter } from "./module.ts";

/** A layer with a weight: linear, convolution, embedding. */
export interface Weighted extends Module {
  readonly weight: Parameter;
  forward(x: Tensor): Tensor;
}

/**
 * Miyato et al. (2018), algorithm 1: a layer used with W/σ(W) in place of its weight W [out, ...], where σ, the
 * largest singular value of W as a matrix [out, rest], is estimated by one step of power iteration per training pass
 * (with a key). Evaluation uses the vector `weight_u` [out] as it is. The gradient passes through σ.
 */
export class SpectralNorm extends Module {
  readonly layer: Weighted;
  readonly weight_u: Buffer;

  constructor(layer: Weighted) {
    super();
    this.layer = layer;
    this.weight_u = new Buffer([layer.weight.shape[0]!], startingVector);
  }

  /** The layer's weight keeps its own name ("0.weight"), with "0.weight_u" beside it. */
  override *children(): Iterable<readonly [string, unknown]> {
    yield* this.layer.children();
    yield ["weight_u", this.weight_u];
  }

  /** W/σ(W). */
  normalizedWeight(key?: Key): Tensor {
    const { weight } = this.layer;
    const rows = weight.shape[0]!;
    const w = reshape(weight, [rows, -1]);
    const fixed = stopGradient(w);
    const u = reshape(this.weight_u, [rows, 1]);
    const v = unit(matmul(fixed, u, { transA: true }));
    const next = key ? unit(matmul(fixed, v)) : u;
    if (key) assign(this.weight_u, reshape(next, [rows]));
    return div(weight, sum(mul(next, matmul(w, v))));
  }

  forward(x: Tensor, key?: Key): Tensor {
    return substitute(new Map([[this.layer.weight, this.normalizedWeight(key)]]), () =>
      this.layer.forward(x),
    );
  }
}

const unit = (x: Tensor): Tensor => div(x, sqrt(add(sum(square(x)), 1e-24)));

/** A random unit vector, the same for each length: power iteration forgets it within a few steps. */
function startingVector(shape: Shape) {
  const draws = hostNormal(Key.seed(0).split("spectral norm"), sizeOf(shape));
  const length = Math.hypot(...draws);
  return ndarray(
    draws.map((v) => v / length),
    shape,
  );
}
