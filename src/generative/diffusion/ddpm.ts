/** The model of Ho et al. (2020), "Denoising diffusion probabilistic models": their U-Net in any size; an MLP for points. */
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { fieldOf, imageShapeOf } from "../examples.ts";
import { count, DIFFUSION, LEARNS } from "./config.ts";
import { diffusionModel } from "./family.ts";
import { DiffusionMlp } from "./mlp.ts";
import { UNet } from "./unet.ts";
import { DDPM, type UNetConfig, unetConfig } from "./unet-config.ts";

export interface UNetSizes {
  readonly channels: number;
  /** Height and width of the images, which the levels must be able to halve. */
  readonly size: number;
  /** Channels of each level, in units of `width`. */
  readonly multipliers: readonly number[];
  readonly width: number;
  /** Resolutions of the levels with attention: [16] in Ho et al. */
  readonly attentionAt: readonly number[];
  readonly layersPerBlock?: number;
  readonly groups?: number;
  readonly dropout?: number;
  /** Rows of the label table; for guidance one more than there are classes. */
  readonly labels?: number;
}

/** The network of Ho et al. (2020), appendix B, in other sizes. */
export function ddpmUNet(sizes: UNetSizes): UNetConfig {
  const { channels, size, multipliers, width, attentionAt, layersPerBlock = 2, groups = 32 } = sizes;
  const resolutions = multipliers.map((_, i) => size / 2 ** i);
  const stray = attentionAt.find((r) => !resolutions.includes(r));
  if (resolutions.some((r) => !Number.isInteger(r)))
    throw new UserError(
      `images of ${size} pixels cannot be halved ${multipliers.length - 1} times: use fewer levels`,
    );
  if (stray !== undefined)
    throw new UserError(`attention at resolution ${stray}: the levels have ${resolutions.join(", ")}`);
  const attends = resolutions.map((r) => attentionAt.includes(r));
  return unetConfig({
    ...DDPM,
    sample_size: size,
    in_channels: channels,
    out_channels: channels,
    block_out_channels: multipliers.map((m) => m * width),
    down_block_types: attends.map((a) => (a ? "AttnDownBlock2D" : "DownBlock2D")),
    up_block_types: attends.toReversed().map((a) => (a ? "AttnUpBlock2D" : "UpBlock2D")),
    layers_per_block: layersPerBlock,
    norm_num_groups: groups,
    dropout: sizes.dropout ?? 0,
    num_class_embeds: sizes.labels || null,
  });
}

const WIDTHS = { unet: 16, mlp: 128 } as const;

const Options = z.strictObject({
  ...DIFFUSION,
  network: z
    .enum(["unet", "mlp"])
    .optional()
    .describe("a U-Net, or fully connected residual blocks (default: unet; mlp for points)"),
  width: count
    .optional()
    .describe(
      `unet: channels of the first level (default: ${WIDTHS.unet}); mlp: units of a hidden layer (default: ${WIDTHS.mlp})`,
    ),
  depth: count.default(3).describe("mlp: residual blocks"),
  multipliers: z
    .array(count)
    .min(1)
    .default([1, 2, 4])
    .describe("unet: channels of each level, in units of width"),
  attentionAt: z
    .array(count)
    .default([7])
    .describe("unet: resolutions, in pixels, of the levels with self-attention"),
  layersPerBlock: count.default(1).describe("unet: residual blocks per level (one more on the way up)"),
  groups: count.default(8).describe("unet: groups of GroupNorm"),
  dropout: z.number().min(0).lt(1).default(0).describe("unet: dropout in the residual blocks"),
});

export const ddpm = diffusionModel(
  {
    name: "ddpm",
    options: Options,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5, ...LEARNS },
  },
  (options, spec, labels) => {
    const { name, shape } = fieldOf(spec, "ddpm");
    const { network = name === "images" ? "unet" : "mlp", depth } = options;
    const { width = WIDTHS[network] } = options;
    if (network === "mlp") return new DiffusionMlp({ shape, width, depth, labels });
    if (name === "points")
      throw new UserError(
        `a U-Net denoises images, but ${spec.name} holds points: choose option \`network\` mlp`,
      );
    const [channels, height, across] = imageShapeOf(spec, "ddpm");
    if (height !== across) throw new UserError(`ddpm takes square images, not ${height} × ${across}`);
    return new UNet(ddpmUNet({ ...options, width, channels, size: height, labels }));
  },
);
