/** The U-Net of Ho et al. (2020), appendix B, as diffusers' UNet2DModel: the same options, names and numbers. */
import { UserError } from "../../errors.ts";
import { ACTIVATIONS } from "../../nn/activations.ts";
import type { Conv2d } from "../../nn/convolution.ts";
import { Embedding } from "../../nn/embedding.ts";
import { Module } from "../../nn/module.ts";
import type { GroupNorm } from "../../nn/normalization.ts";
import { add, concat, mul, sub } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DiffusionNetwork } from "./model.ts";
import { timestepEmbedding } from "./timesteps.ts";
import { AttentionBlock, conv3x3, Downsample, groupNorm, ResnetBlock, TimestepEmbedding, Upsample } from "./unet-blocks.ts"; // biome-ignore format: a list of names
import type { UNetConfig } from "./unet-config.ts";

/** Residual blocks at one resolution, each followed by attention where there is any. */
class Level extends Module {
  readonly resnets: readonly ResnetBlock[];
  readonly attentions: readonly AttentionBlock[];
  readonly downsamplers: readonly Downsample[];
  readonly upsamplers: readonly Upsample[];

  /** `widths`: input channels of each residual block; all give `to`. */
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

/** Two residual blocks with attention between them. */
class MidBlock extends Module {
  readonly attentions: readonly AttentionBlock[];
  readonly resnets: readonly [ResnetBlock, ResnetBlock];

  constructor(channels: number, time: number, config: UNetConfig) {
    super();
    const block = (): ResnetBlock => new ResnetBlock(channels, channels, time, config);
    this.resnets = [block(), block()];
    this.attentions = config.add_attention ? [new AttentionBlock(channels, config)] : [];
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
    this.time_embedding = new TimestepEmbedding(first, time, config);
    this.class_embedding = labels === null ? undefined : new Embedding(labels, time);
    const last = channels.length - 1;
    this.down_blocks = channels.map((to, i) => {
      const widths = Array.from({ length: layers }, (_, j) => (j === 0 ? (channels[i - 1] ?? first) : to));
      const attends = config.down_block_types[i] === "AttnDownBlock2D";
      return new Level(widths, to, time, config, { attends, resize: i < last ? "down" : undefined });
    });
    this.mid_block = new MidBlock(channels[last]!, time, config);
    // Each block on the way up also takes what its mirror image on the way down kept.
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
    this.conv_out = conv3x3(first, config.out_channels, true);
  }

  get config(): UNetConfig {
    return this.#config;
  }

  get labelCount(): number {
    return this.#config.num_class_embeds ?? 0;
  }

  forward(x: Tensor, t: Tensor, labels?: Tensor, key?: Key): Tensor {
    const config = this.#config;
    this.#requireInputs(x, labels);
    const sinusoids = timestepEmbedding(t, config.block_out_channels[0]!, {
      cosFirst: config.flip_sin_to_cos,
      shift: config.freq_shift,
    });
    let time = this.time_embedding.forward(sinusoids);
    if (this.class_embedding) time = add(time, this.class_embedding.forward(labels!));

    let h = this.conv_in.forward(config.center_input_sample ? sub(mul(x, 2), 1) : x);
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
    return this.conv_out.forward(ACTIVATIONS[config.act_fn](this.conv_norm_out.forward(h)));
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
      throw new UserError(`this U-Net knows ${this.labelCount} labels and needs one for each image`);
    if (!this.class_embedding && labels)
      throw new UserError("this U-Net has no labels (num_class_embeds is null), but was given some");
  }
}
