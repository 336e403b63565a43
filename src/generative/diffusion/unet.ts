/**
 * The U-Net of Ho et al. (2020), appendix B, as diffusers' UNet2DModel: the same options, weight names and
 * order of operations.
 */
import { UserError } from "../../errors.ts";
import { ACTIVATIONS } from "../../nn/activations.ts";
import { joinHeads, scaledDotProductAttention, splitHeads } from "../../nn/attention.ts";
import { Conv2d } from "../../nn/convolution.ts";
import { dropout } from "../../nn/dropout.ts";
import { Embedding, sinusoids } from "../../nn/embedding.ts";
import * as init from "../../nn/init.ts";
import { Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import { GroupNorm } from "../../nn/normalization.ts";
import { concat } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DiffusionNetwork } from "./model.ts";
import type { UNetConfig } from "./unet-config.ts";

/** Ho et al.'s initialisation: Glorot, and near zero at the end of residual branches, so that blocks start as identities. */
const GLOROT = { weightInit: init.xavierUniform(), biasInit: init.zeros };
export const NEAR_ZERO = { weightInit: init.xavierUniform(1e-5), biasInit: init.zeros };

export const linear = (from: number, to: number, how = GLOROT): Linear => new Linear(from, to, how);
const conv3x3 = (from: number, to: number, how = GLOROT): Conv2d =>
  new Conv2d(from, to, 3, { padding: 1, ...how });
const groupNorm = (channels: number, config: UNetConfig, groups = config.norm_num_groups): GroupNorm =>
  new GroupNorm(groups, channels, { eps: config.norm_eps });

/** Sinusoidal time embedding [B, sinusoids] → [B, width]. Its activation is SiLU, whatever act_fn is. */
export class TimestepEmbedding extends Module {
  readonly linear_1: Linear;
  readonly linear_2: Linear;

  constructor(sinusoids: number, width: number) {
    super();
    this.linear_1 = linear(sinusoids, width);
    this.linear_2 = linear(width, width);
  }

  forward(x: Tensor): Tensor {
    return this.linear_2.forward(this.linear_1.forward(x).silu());
  }
}

/** Twice norm, activation and convolution, with the time embedding added between; x [B, from, H, W] → [B, to, H, W]. */
class ResnetBlock extends Module {
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
    this.time_emb_proj = linear(time, config.resnet_time_scale_shift === "scale_shift" ? 2 * to : to);
    this.norm2 = groupNorm(to, config);
    this.conv2 = conv3x3(to, to, NEAR_ZERO);
    this.conv_shortcut = from === to ? undefined : new Conv2d(from, to, 1, GLOROT);
    this.#config = config;
  }

  forward(x: Tensor, time: Tensor, key?: Key): Tensor {
    const { act_fn, dropout: p, resnet_time_scale_shift } = this.#config;
    const act = ACTIVATIONS[act_fn];
    const projected = this.time_emb_proj.forward(act(time));
    const perChannel = projected.reshape(...projected.shape, 1, 1);
    let h = this.conv1.forward(act(this.norm1.forward(x)));
    if (resnet_time_scale_shift === "scale_shift") {
      const [scale, shift] = perChannel.chunk(2, 1) as [Tensor, Tensor];
      h = this.norm2.forward(h).mul(scale.add(1)).add(shift);
    } else h = this.norm2.forward(h.add(perChannel));
    h = this.conv2.forward(dropout(act(h), p, key));
    return (this.conv_shortcut?.forward(x) ?? x).add(h);
  }
}

/** Self-attention over the pixels of x [B, C, H, W], added to x. */
class AttentionBlock extends Module {
  readonly group_norm: GroupNorm | undefined;
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  /** In diffusers the projection is in a list, followed by a dropout that is never used. */
  readonly to_out: readonly [Linear];
  readonly #heads: number;

  /** `groups`: of the GroupNorm before it; null: no norm. */
  constructor(channels: number, config: UNetConfig, groups: number | null = config.norm_num_groups) {
    super();
    this.group_norm = groups === null ? undefined : groupNorm(channels, config, groups);
    this.to_q = linear(channels, channels);
    this.to_k = linear(channels, channels);
    this.to_v = linear(channels, channels);
    this.to_out = [linear(channels, channels, NEAR_ZERO)];
    this.#heads = config.attention_head_dim === null ? 1 : channels / config.attention_head_dim;
  }

  forward(x: Tensor): Tensor {
    const [b, c, h, w] = x.shape as [number, number, number, number];
    const normed = this.group_norm?.forward(x) ?? x;
    const pixels = normed.reshape(b, c, h * w).transpose([0, 2, 1]);
    const [q, k, v] = [this.to_q, this.to_k, this.to_v].map((to) =>
      splitHeads(to.forward(pixels), this.#heads),
    ) as [Tensor, Tensor, Tensor];
    const y = this.to_out[0].forward(joinHeads(scaledDotProductAttention(q, k, v)));
    return y.transpose([0, 2, 1]).reshape(x.shape).add(x);
  }
}

/** Halves the size by a strided convolution. With padding 0, a row and a column are added only at the end, as in Ho et al.'s code. */
class Downsample extends Module {
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

/** Doubles the size: nearest-neighbour upsampling, then a convolution. */
class Upsample extends Module {
  readonly conv: Conv2d;

  constructor(channels: number) {
    super();
    this.conv = conv3x3(channels, channels);
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(x.upsampleNearest2d(2));
  }
}

/** Residual blocks at one resolution, each followed by attention where the level has it. */
class Level extends Module {
  readonly resnets: readonly ResnetBlock[];
  readonly attentions: readonly AttentionBlock[];
  readonly downsamplers: readonly Downsample[];
  readonly upsamplers: readonly Upsample[];

  /** `widths`: input channels of each residual block; `to`: output channels of all. */
  constructor(
    widths: readonly number[],
    to: number,
    time: number,
    config: UNetConfig,
    { attends, resize }: { readonly attends: boolean; readonly resize?: "down" | "up" | undefined },
  ) {
    super();
    this.resnets = widths.map((from) => new ResnetBlock(from, to, time, config));
    this.attentions = attends ? widths.map(() => new AttentionBlock(to, config)) : [];
    this.downsamplers = resize === "down" ? [new Downsample(to, config)] : [];
    this.upsamplers = resize === "up" ? [new Upsample(to)] : [];
  }

  /** x through block i. */
  block(i: number, x: Tensor, time: Tensor, key?: Key): Tensor {
    const h = this.resnets[i]!.forward(x, time, key?.split(i));
    return this.attentions[i]?.forward(h) ?? h;
  }
}

/** Two residual blocks with attention between them, which has a norm only where attn_norm_num_groups is set or time is added ("default"). */
class MidBlock extends Module {
  readonly attentions: readonly AttentionBlock[];
  readonly resnets: readonly [ResnetBlock, ResnetBlock];

  constructor(channels: number, time: number, config: UNetConfig) {
    super();
    const { attn_norm_num_groups, norm_num_groups, resnet_time_scale_shift, add_attention } = config;
    const groups = attn_norm_num_groups ?? (resnet_time_scale_shift === "default" ? norm_num_groups : null);
    const block = (): ResnetBlock => new ResnetBlock(channels, channels, time, config);
    this.resnets = [block(), block()];
    this.attentions = add_attention ? [new AttentionBlock(channels, config, groups)] : [];
  }

  forward(x: Tensor, time: Tensor, key?: Key): Tensor {
    const h = this.resnets[0].forward(x, time, key?.split(0));
    return this.resnets[1].forward(this.attentions[0]?.forward(h) ?? h, time, key?.split(1));
  }
}

/** x [B, in, H, W], t [B], labels [B] where num_class_embeds is set → [B, out, H, W]. */
export class UNet extends Module implements DiffusionNetwork {
  readonly conv_in: Conv2d;
  readonly time_embedding: TimestepEmbedding;
  readonly class_embedding: Embedding | undefined;
  readonly down_blocks: readonly Level[];
  readonly mid_block: MidBlock;
  readonly up_blocks: readonly Level[];
  readonly conv_norm_out: GroupNorm;
  readonly conv_out: Conv2d;
  readonly #config: UNetConfig;

  constructor(config: UNetConfig) {
    super();
    this.#config = config;
    const channels = config.block_out_channels;
    const { layers_per_block: layers, num_class_embeds: labels } = config;
    const first = channels[0]!;
    const time = 4 * first;
    this.conv_in = conv3x3(config.in_channels, first);
    this.time_embedding = new TimestepEmbedding(first, time);
    this.class_embedding = labels === null ? undefined : new Embedding(labels, time);
    const last = channels.length - 1;
    this.down_blocks = channels.map((to, i) => {
      const widths = Array.from({ length: layers }, (_, j) => (j === 0 ? (channels[i - 1] ?? first) : to));
      const attends = config.down_block_types[i] === "AttnDownBlock2D";
      return new Level(widths, to, time, config, { attends, resize: i < last ? "down" : undefined });
    });
    this.mid_block = new MidBlock(channels[last]!, time, config);
    // Each block on the way up also takes the skip connection of its counterpart on the way down.
    const kept = [
      first,
      ...channels.flatMap((c, i) => [...Array<number>(layers).fill(c), ...(i < last ? [c] : [])]),
    ];
    let now = channels[last]!;
    this.up_blocks = channels.toReversed().map((to, i) => {
      const widths = Array.from({ length: layers + 1 }, () => {
        const from = now + kept.pop()!;
        now = to;
        return from;
      });
      const attends = config.up_block_types[i] === "AttnUpBlock2D";
      return new Level(widths, to, time, config, { attends, resize: i < last ? "up" : undefined });
    });
    this.conv_norm_out = groupNorm(first, config);
    this.conv_out = conv3x3(first, config.out_channels, NEAR_ZERO);
  }

  get config(): UNetConfig {
    return this.#config;
  }

  get labelCount(): number {
    return this.#config.num_class_embeds ?? 0;
  }

  forward(x: Tensor, t: Tensor, labels?: Tensor, key?: Key): Tensor {
    const { block_out_channels, flip_sin_to_cos, freq_shift, center_input_sample } = this.#config;
    this.#requireInputs(x, labels);
    const how = { cosFirst: flip_sin_to_cos, shift: freq_shift };
    let time = this.time_embedding.forward(sinusoids(t, block_out_channels[0]!, how));
    if (this.class_embedding) time = time.add(this.class_embedding.forward(labels!));

    let h = this.conv_in.forward(center_input_sample ? x.mul(2).sub(1) : x);
    const kept = [h];
    for (const [i, level] of this.down_blocks.entries()) {
      const own = key?.split("down").split(i);
      for (const j of level.resnets.keys()) kept.push((h = level.block(j, h, time, own)));
      for (const down of level.downsamplers) kept.push((h = down.forward(h)));
    }
    h = this.mid_block.forward(h, time, key?.split("mid"));
    for (const [i, level] of this.up_blocks.entries()) {
      const own = key?.split("up").split(i);
      for (const j of level.resnets.keys()) h = level.block(j, concat([h, kept.pop()!], 1), time, own);
      for (const up of level.upsamplers) h = up.forward(h);
    }
    return this.conv_out.forward(this.conv_norm_out.forward(h).silu());
  }

  #requireInputs(x: Tensor, labels: Tensor | undefined): void {
    const { in_channels: channels, block_out_channels } = this.#config;
    const factor = 2 ** (block_out_channels.length - 1);
    const [, c, h, w] = x.shape;
    if (x.rank !== 4 || c !== channels || h! % factor !== 0 || w! % factor !== 0)
      throw new UserError(
        `this U-Net takes [N, ${channels}, H, W] with H and W multiples of ${factor}, not ${showShape(x.shape)}`,
      );
    if (this.class_embedding && !labels)
      throw new UserError(`this U-Net has ${this.labelCount} labels and needs one for each image`);
    if (!this.class_embedding && labels)
      throw new UserError("this U-Net has no labels (num_class_embeds is null), but was given some");
  }
}
