/** Parts of the U-Net of Ho et al. (2020), with diffusers' names and order of arithmetic. */
import { ACTIVATIONS } from "../../nn/activations.ts";
import { joinHeads, scaledDotProductAttention, splitHeads } from "../../nn/attention.ts";
import { Conv2d } from "../../nn/convolution.ts";
import { dropout } from "../../nn/dropout.ts";
import * as init from "../../nn/init.ts";
import { Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import { GroupNorm } from "../../nn/normalization.ts";
import { add, chunk, mul, reshape, transpose, upsampleNearest2d } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { UNetConfig } from "./unet-config.ts";

/** Ho et al.'s first values: Glorot's, and next to nothing where a residual branch ends, so that blocks start as identities. */
const GLOROT = { weightInit: init.xavierUniform(), biasInit: init.zeros };
const NEAR_ZERO = { weightInit: init.xavierUniform(1e-5), biasInit: init.zeros };

export const linearLayer = (from: number, to: number): Linear => new Linear(from, to, GLOROT);
export const conv3x3 = (from: number, to: number, last = false): Conv2d =>
  new Conv2d(from, to, 3, { padding: 1, ...(last ? NEAR_ZERO : GLOROT) });
export const groupNorm = (channels: number, config: UNetConfig): GroupNorm =>
  new GroupNorm(config.norm_num_groups, channels, { eps: config.norm_eps });

/** The embedding of time and class: [B, sinusoids] → [B, width]. */
export class TimestepEmbedding extends Module {
  readonly linear_1: Linear;
  readonly linear_2: Linear;
  readonly #config: UNetConfig;

  constructor(sinusoids: number, width: number, config: UNetConfig) {
    super();
    this.linear_1 = linearLayer(sinusoids, width);
    this.linear_2 = linearLayer(width, width);
    this.#config = config;
  }

  forward(x: Tensor): Tensor {
    return this.linear_2.forward(ACTIVATIONS[this.#config.act_fn](this.linear_1.forward(x)));
  }
}

/** Norm, activation, convolution, twice, with the time between; x [B, from, H, W] → [B, to, H, W]. */
export class ResnetBlock extends Module {
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly time_emb_proj: Linear;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly conv_shortcut: Conv2d | undefined;
  readonly #config: UNetConfig;

  constructor(from: number, to: number, time: number, config: UNetConfig) {
    super();
    this.norm1 = groupNorm(from, config);
    this.conv1 = conv3x3(from, to);
    this.time_emb_proj = linearLayer(time, config.resnet_time_scale_shift === "scale_shift" ? 2 * to : to);
    this.norm2 = groupNorm(to, config);
    this.conv2 = conv3x3(to, to, true);
    this.conv_shortcut = from === to ? undefined : new Conv2d(from, to, 1, GLOROT);
    this.#config = config;
  }

  forward(x: Tensor, time: Tensor, key?: Key): Tensor {
    const { act_fn, dropout: p, resnet_time_scale_shift } = this.#config;
    const act = ACTIVATIONS[act_fn];
    const shift = this.time_emb_proj.forward(act(time));
    const perChannel = reshape(shift, [...shift.shape, 1, 1]);
    let h = this.conv1.forward(act(this.norm1.forward(x)));
    if (resnet_time_scale_shift === "scale_shift") {
      const [scale, offset] = chunk(perChannel, 2, 1) as [Tensor, Tensor];
      h = add(mul(this.norm2.forward(h), add(scale, 1)), offset);
    } else h = this.norm2.forward(add(h, perChannel));
    h = this.conv2.forward(dropout(act(h), p, key));
    return add(this.conv_shortcut?.forward(x) ?? x, h);
  }
}

/** Self-attention over the pixels of x [B, C, H, W], added to x. */
export class AttentionBlock extends Module {
  readonly group_norm: GroupNorm;
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  /** diffusers keeps the projection in a list, with a dropout that is never used behind it. */
  readonly to_out: readonly [Linear];
  readonly #heads: number;

  constructor(channels: number, config: UNetConfig) {
    super();
    this.group_norm = groupNorm(channels, config);
    this.to_q = linearLayer(channels, channels);
    this.to_k = linearLayer(channels, channels);
    this.to_v = linearLayer(channels, channels);
    this.to_out = [new Linear(channels, channels, NEAR_ZERO)];
    this.#heads = config.attention_head_dim === null ? 1 : channels / config.attention_head_dim;
  }

  forward(x: Tensor): Tensor {
    const [b, c, h, w] = x.shape as [number, number, number, number];
    const pixels = transpose(reshape(this.group_norm.forward(x), [b, c, h * w]), [0, 2, 1]);
    const [q, k, v] = [this.to_q, this.to_k, this.to_v].map((to) =>
      splitHeads(to.forward(pixels), this.#heads),
    ) as [Tensor, Tensor, Tensor];
    const y = this.to_out[0].forward(joinHeads(scaledDotProductAttention(q, k, v)));
    return add(reshape(transpose(y, [0, 2, 1]), x.shape), x);
  }
}

/** Half the size, by a convolution. Without padding (0) a row and a column are added at the end only, as in Ho et al.'s code. */
export class Downsample extends Module {
  readonly conv: Conv2d;

  constructor(channels: number, { downsample_padding: p }: UNetConfig) {
    super();
    const padding = p === 0 ? ([[0, 1], [0, 1]] as const) : p; // biome-ignore format: pairs
    this.conv = new Conv2d(channels, channels, 3, { stride: 2, padding, ...GLOROT });
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(x);
  }
}

/** Twice the size: each pixel four times, then a convolution. */
export class Upsample extends Module {
  readonly conv: Conv2d;

  constructor(channels: number) {
    super();
    this.conv = conv3x3(channels, channels);
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(upsampleNearest2d(x, 2));
  }
}
