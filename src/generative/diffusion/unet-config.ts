/** The configuration of diffusers' UNet2DModel, field for field as its config.json has it. */
import { z } from "zod";
import { UserError } from "../../errors.ts";

const DOWN = ["DownBlock2D", "AttnDownBlock2D"] as const;
const UP = ["UpBlock2D", "AttnUpBlock2D"] as const;

/** Bounds on files from elsewhere, checked before anything is built; published models are far below them. */
const upTo = (most: number) => z.int().min(1).max(most);
const LEVELS = 16;
const count = upTo(65_536);

/**
 * Fields that change the network are required: diffusers' constructor defaults are not those of the published models,
 * and a file without a field would load as another network. Fields that diffusers added later have a default, the
 * behaviour before. Fields with a single value are those of which no other is supported.
 */
const schema = z.strictObject({
  _class_name: z.literal("UNet2DModel").default("UNet2DModel"),
  sample_size: z.union([count, z.tuple([count, count])]).nullable(),
  in_channels: count,
  out_channels: count,
  center_input_sample: z.boolean(),
  time_embedding_type: z.literal("positional"),
  flip_sin_to_cos: z.boolean(),
  freq_shift: z.number(),
  down_block_types: z.array(z.enum(DOWN)).min(1).max(LEVELS),
  up_block_types: z.array(z.enum(UP)).min(1).max(LEVELS),
  block_out_channels: z.array(count).min(1).max(LEVELS),
  layers_per_block: upTo(100),
  mid_block_scale_factor: z.literal(1),
  downsample_padding: z.int().min(0).max(1),
  act_fn: z
    .enum(["silu", "swish", "mish", "gelu", "relu"])
    .transform((name) => (name === "swish" ? "silu" : name)),
  attention_head_dim: count.nullable(),
  norm_num_groups: count,
  norm_eps: z.number().positive(),
  // Later than the first published models; absent means:
  dropout: z.number().min(0).max(1).default(0),
  resnet_time_scale_shift: z.enum(["default", "scale_shift"]).default("default"),
  add_attention: z.boolean().default(true),
  class_embed_type: z.null().default(null),
  num_class_embeds: upTo(10_000_000).nullable().default(null),
  attn_norm_num_groups: count.nullable().default(null),
  downsample_type: z.literal("conv").default("conv"),
  upsample_type: z.literal("conv").default("conv"),
  mid_block_type: z.literal("UNetMidBlock2D").default("UNetMidBlock2D"),
  num_train_timesteps: count.nullable().default(null),
  time_embedding_dim: z.null().default(null),
});

export type UNetConfig = z.output<typeof schema>;

/** A configuration from the object (or the text) of a config.json. */
export function unetConfig(value: unknown, source = "the U-Net configuration"): UNetConfig {
  const given = typeof value === "string" ? parseJson(value, source) : value;
  const fields = Object.entries((given ?? {}) as object).filter(
    ([name, field]) => field !== undefined && (name === "_class_name" || !name.startsWith("_")),
  );
  const parsed = schema.safeParse(Object.fromEntries(fields));
  if (!parsed.success) {
    const known = new Set(fields.map(([name]) => name));
    const { issues } = parsed.error;
    const missing = issues.flatMap(({ code, path: [name] }) =>
      code === "invalid_type" && typeof name === "string" && !known.has(name) ? [name] : [],
    );
    if (missing.length > 0)
      throw new UserError(
        `${source} lacks ${missing.join(", ")}. They change the network, and no default fits all models: add them`,
      );
    const problems = issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message,
    );
    throw new UserError(
      `${source} is not that of a supported U-Net (diffusers' UNet2DModel). ${problems.join("; ")}`,
    );
  }
  const config = parsed.data;
  const levels = config.block_out_channels.length;
  if (config.down_block_types.length !== levels || config.up_block_types.length !== levels)
    throw new UserError(
      `${source}: block_out_channels has ${levels} levels, down_block_types ${config.down_block_types.length} and up_block_types ${config.up_block_types.length}; they must have the same length`,
    );
  const half = config.block_out_channels[0]! / 2;
  if (!Number.isInteger(half) || half <= config.freq_shift)
    throw new UserError(
      `${source}: the first of block_out_channels, ${2 * half}, must be even and above twice freq_shift (${config.freq_shift}): it is the width of the sinusoidal time embedding`,
    );
  const divides = (name: keyof UNetConfig, channels: number): void => {
    const parts = config[name] as number | null;
    if (parts !== null && channels % parts !== 0)
      throw new UserError(`${source}: ${name} ${parts} does not divide ${channels} channels`);
  };
  for (const channels of config.block_out_channels) {
    divides("norm_num_groups", channels);
    divides("attention_head_dim", channels);
  }
  divides("attn_norm_num_groups", config.block_out_channels.at(-1)!);
  return config;
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${source} is not JSON: ${(error as Error).message}`);
  }
}

/** What the published DDPM U-Nets (Ho et al. 2020) have in common. */
export const DDPM = {
  center_input_sample: false,
  time_embedding_type: "positional",
  flip_sin_to_cos: false,
  freq_shift: 1,
  mid_block_scale_factor: 1,
  downsample_padding: 0,
  act_fn: "silu",
  attention_head_dim: null,
  norm_num_groups: 32,
  norm_eps: 1e-6,
  layers_per_block: 2,
} as const;

/** google/ddpm-cifar10-32: the CIFAR-10 network of Ho et al. (2020), 35,746,307 parameters. */
export const DDPM_CIFAR10: UNetConfig = unetConfig({
  ...DDPM,
  sample_size: 32,
  in_channels: 3,
  out_channels: 3,
  block_out_channels: [128, 256, 256, 256],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
  up_block_types: ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
  dropout: 0.1,
});
