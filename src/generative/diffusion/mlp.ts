/** A denoising network for points: the residual blocks of DDPM's U-Net with linear layers for its convolutions. */
import { UserError } from "../../errors.ts";
import { Embedding, sinusoids } from "../../nn/embedding.ts";
import type { Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { concat, constant } from "../../tensor/ops.ts";
import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DiffusionNetwork } from "./model.ts";
import { linear, NEAR_ZERO, TimestepEmbedding } from "./unet.ts";

export interface MlpOptions {
  /** Of one example. */
  readonly shape: Shape;
  /** Units of a hidden layer. */
  readonly width: number;
  /** Residual blocks of two layers. */
  readonly depth: number;
  /** Rows of the label table; for guidance one more than there are classes; 0: unconditional. */
  readonly labels: number;
}

/** Angular frequencies of a coordinate's sines and cosines: 1, 2, 4 … 64. */
const FREQUENCIES = 7;
const OCTAVES: NdArray<"float32"> = ndarray(Float32Array.from({ length: FREQUENCIES }, (_, k) => 2 ** k));

/**
 * A point [N, D] with sines and cosines of each coordinate, [N, D·15]: by itself an MLP is slow to learn what changes within
 * a short distance, as the score of narrow modes does (Tancik et al. 2020, "Fourier features").
 */
function withWaves(x: Tensor): Tensor {
  const [n, d] = x.shape as [number, number];
  const angles = x
    .reshape(n, d, 1)
    .mul(constant(OCTAVES))
    .reshape(n, d * FREQUENCIES);
  return concat([x, angles.sin(), angles.cos()], 1);
}

/** h [N, width] → h + f(h, time); starts as the identity. */
class Block extends Module {
  readonly linear1: Linear;
  readonly time_emb_proj: Linear;
  readonly linear2: Linear;

  constructor(width: number) {
    super();
    this.linear1 = linear(width, width);
    this.time_emb_proj = linear(width, width);
    this.linear2 = linear(width, width, NEAR_ZERO);
  }

  forward(x: Tensor, time: Tensor): Tensor {
    const h = this.linear1.forward(x.silu()).add(this.time_emb_proj.forward(time.silu()));
    return x.add(this.linear2.forward(h.silu()));
  }
}

/** x [N, ...shape], t [N], labels [N] where it has labels → [N, ...shape]. */
export class DiffusionMlp extends Module implements DiffusionNetwork {
  readonly linear_in: Linear;
  readonly time_embedding: TimestepEmbedding;
  readonly class_embedding: Embedding | undefined;
  readonly blocks: readonly Block[];
  readonly linear_out: Linear;
  readonly #options: MlpOptions;

  /** @throws UserError for an odd width, which is that of the sinusoidal time embedding, too. */
  constructor(options: MlpOptions) {
    super();
    const { shape, width, depth, labels } = options;
    if (width % 2 !== 0)
      throw new UserError(
        `the mlp's width ${width} must be even: it is that of its sinusoids of the time, too`,
      );
    const inputs = shape.length === 1 ? (1 + 2 * FREQUENCIES) * sizeOf(shape) : sizeOf(shape);
    this.linear_in = linear(inputs, width);
    this.time_embedding = new TimestepEmbedding(width, width);
    this.class_embedding = labels === 0 ? undefined : new Embedding(labels, width);
    this.blocks = Array.from({ length: depth }, () => new Block(width));
    this.linear_out = linear(width, sizeOf(shape), NEAR_ZERO);
    this.#options = options;
  }

  get labelCount(): number {
    return this.#options.labels;
  }

  forward(x: Tensor, t: Tensor, labels?: Tensor): Tensor {
    if (Boolean(labels) !== Boolean(this.class_embedding))
      throw new UserError(
        labels
          ? "this mlp has no labels, but was given some"
          : `this mlp has ${this.labelCount} labels and needs one for each ${showShape(this.#options.shape)}`,
      );
    const sines = sinusoids(t, this.#options.width);
    const timed = this.time_embedding.forward(sines);
    const time = this.class_embedding ? timed.add(this.class_embedding.forward(labels!)) : timed;
    let h = this.linear_in.forward(x.rank === 2 ? withWaves(x) : x.reshape(x.shape[0]!, -1));
    for (const block of this.blocks) h = block.forward(h, time);
    return this.linear_out.forward(h.silu()).reshape(x.shape);
  }
}
