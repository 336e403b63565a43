/** Peebles and Xie (2023), "Scalable diffusion models with transformers": DiT with adaLN-Zero blocks. */
import { z } from "zod";
import { UserError, unknownName } from "../../errors.ts";
import { Sequential } from "../../nn/container.ts";
import { Conv2d } from "../../nn/convolution.ts";
import { Embedding, sinusoids, sinusoidTable } from "../../nn/embedding.ts";
import * as init from "../../nn/init.ts";
import { type LayerOptions, Linear } from "../../nn/linear.ts";
import { Buffer, type Initializer, Module } from "../../nn/module.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { concat, silu } from "../../tensor/ops.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { imageShapeOf } from "../examples.ts";
import { count, DIFFUSION, LEARNS, names } from "./config.ts";
import { Block, CONDITIONINGS, type Conditioning, FinalLayer } from "./dit-blocks.ts";
import { diffusionModel } from "./family.ts";
import type { DiffusionNetwork } from "./model.ts";

export interface DiTOptions {
  /** [C, H, W] */
  readonly shape: Shape;
  readonly patch: number;
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  /** Rows of the label table: one more than the classes where labels are dropped; 0: unconditional. */
  readonly labels: number;
  /** How time and class reach the tokens; adaLN-Zero when left out. */
  readonly conditioning?: Conditioning;
  /** Also predict a variance, in as many further output channels. */
  readonly learnSigma?: boolean;
}

/** Width of the sinusoidal time embedding. */
const FREQUENCIES = 256;

const SMALL: LayerOptions = { weightInit: init.normal(0, 0.02), biasInit: init.zeros };
/** Glorot initialisation of the kernel as a matrix [out, in·kh·kw]: a patch embedding is a linear layer over patches. */
const glorotFlat: Initializer = (key, shape) =>
  init.xavierUniform()(key, [shape[0]!, sizeOf(shape.slice(1))]);

/** Images [B, C, H, W] → tokens [B, T, D], one per patch, row by row. */
class PatchEmbed extends Module {
  readonly proj: Conv2d;

  constructor({ shape, patch, width }: DiTOptions) {
    super();
    this.proj = new Conv2d(shape[0]!, width, patch, {
      stride: patch,
      weightInit: glorotFlat,
      biasInit: init.zeros,
    });
  }

  forward(x: Tensor): Tensor {
    const h = this.proj.forward(x);
    return h.reshape(h.shape[0]!, h.shape[1]!, -1).transpose([0, 2, 1]);
  }
}

class TimestepEmbedder extends Module {
  readonly mlp: Sequential;

  constructor(width: number) {
    super();
    this.mlp = new Sequential(new Linear(FREQUENCIES, width, SMALL), silu, new Linear(width, width, SMALL));
  }

  forward(t: Tensor): Tensor {
    return this.mlp.forward(sinusoids(t, FREQUENCIES, { cosFirst: true }));
  }
}

class LabelEmbedder extends Module {
  readonly embedding_table: Embedding;

  constructor(labels: number, width: number) {
    super();
    this.embedding_table = new Embedding(labels, width, { weightInit: init.normal(0, 0.02) });
  }
}

/** x [B, C, H, W], t [B], labels [B] → [B, C or 2C, H, W]. Names as in the authors' models.py. */
export class DiT extends Module implements DiffusionNetwork {
  readonly x_embedder: PatchEmbed;
  readonly pos_embed: Buffer;
  readonly t_embedder: TimestepEmbedder;
  readonly y_embedder: LabelEmbedder | undefined;
  readonly blocks: readonly Block[];
  readonly final_layer: FinalLayer;
  readonly #options: DiTOptions;

  constructor(options: DiTOptions) {
    super();
    requireOptions(options);
    const { shape, patch, depth, width, heads, labels, learnSigma = false } = options;
    const { conditioning = "adaln-zero" } = options;
    const grid = [shape[1]! / patch, shape[2]! / patch] as const;
    this.#options = options;
    this.x_embedder = new PatchEmbed(options);
    this.pos_embed = new Buffer([1, grid[0] * grid[1], width], () => positions(grid, width));
    this.t_embedder = new TimestepEmbedder(width);
    this.y_embedder = labels > 0 ? new LabelEmbedder(labels, width) : undefined;
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads, conditioning));
    this.final_layer = new FinalLayer(width, patch ** 2 * shape[0]! * (learnSigma ? 2 : 1), conditioning);
  }

  get labelCount(): number {
    return this.#options.labels;
  }

  forward(x: Tensor, t: Tensor, labels?: Tensor): Tensor {
    if (!sameShape(x.shape.slice(1), this.#options.shape))
      throw new UserError(
        `this DiT takes images ${showShape(this.#options.shape)}, not ${showShape(x.shape)}`,
      );
    if (Boolean(labels) !== Boolean(this.y_embedder))
      throw new UserError(
        labels
          ? "this DiT has no labels, but was given some"
          : `this DiT has ${this.labelCount} labels and needs one for each image`,
      );
    const time = this.t_embedder.forward(t);
    const label = this.y_embedder?.embedding_table.forward(labels!);
    const patches = this.x_embedder.forward(x).add(this.pos_embed);
    return this.#image(
      this.#options.conditioning === "in-context"
        ? this.#inContext(patches, label ? [time, label] : [time])
        : this.#run(patches, label ? time.add(label) : time),
    );
  }

  #run(tokens: Tensor, c: Tensor | undefined): Tensor {
    let h = tokens;
    for (const block of this.blocks) h = block.forward(h, c);
    return this.final_layer.forward(h, c);
  }

  /** Section 3.2: time and class as further tokens, which are dropped at the end. */
  #inContext(patches: Tensor, told: readonly Tensor[]): Tensor {
    const extra = told.map((c) => c.reshape(c.shape[0]!, 1, c.shape[1]!));
    const out = this.#run(concat([patches, ...extra], 1), undefined);
    const [images, tokens] = patches.shape as [number, number, number];
    return out.slice({ starts: [0, 0, 0], lengths: [images, tokens, out.shape[2]!] });
  }

  /** Tokens [B, T, p·p·C] back to images [B, C, H, W]. */
  #image(tokens: Tensor): Tensor {
    const { shape, patch: p } = this.#options;
    const [rows, columns] = [shape[1]! / p, shape[2]! / p];
    const channels = tokens.shape[2]! / p ** 2;
    const cells = tokens.reshape(-1, rows, columns, p, p, channels);
    return cells.transpose([0, 5, 1, 3, 2, 4]).reshape(-1, channels, rows * p, columns * p);
  }
}

/** Fixed position embeddings [1, T, D]: sinusoids of the column in the first half of the width, of the row in the second. */
function positions([rows, columns]: readonly [number, number], width: number): NdArray {
  const half = width / 2;
  const patches = Array.from({ length: rows * columns }, (_, i) => i);
  const byColumn = sinusoidTable(patches.map((i) => i % columns), half); // biome-ignore format: two of a kind
  const byRow = sinusoidTable(patches.map((i) => Math.floor(i / columns)), half); // biome-ignore format: two of a kind
  const out = new Float32Array(rows * columns * width);
  for (const i of patches) {
    out.set(byColumn.data.subarray(i * half, (i + 1) * half), i * width);
    out.set(byRow.data.subarray(i * half, (i + 1) * half), i * width + half);
  }
  return ndarray(out, [1, rows * columns, width]);
}

/** Limits beyond any published model that can still be built. */
const [MAX_DEPTH, MAX_WIDTH] = [1000, 65_536];

function requireOptions({ shape, patch, width, heads, depth }: DiTOptions): void {
  if (depth > MAX_DEPTH || width > MAX_WIDTH)
    throw new UserError(
      `DiT: depth ${depth} and width ${width} are too large: at most ${MAX_DEPTH} blocks of width ${MAX_WIDTH} can be built`,
    );
  const [, height, across] = shape;
  if (shape.length !== 3 || height! % patch !== 0 || across! % patch !== 0)
    throw new UserError(`DiT: patches of ${patch} pixels do not tile images ${showShape(shape)}`);
  if (width % heads !== 0 || width % 4 !== 0)
    throw new UserError(`DiT: width ${width} must be a multiple of its ${heads} heads and of 4`);
}

/** Depth, width and heads of the published sizes (table 1); `DiT-S/2` is size S with patches of 2. */
export const DIT_SIZES = {
  S: { depth: 12, width: 384, heads: 6 },
  B: { depth: 12, width: 768, heads: 12 },
  L: { depth: 24, width: 1024, heads: 16 },
  XL: { depth: 28, width: 1152, heads: 16 },
} as const;
export const DIT_PATCHES = [2, 4, 8] as const;

type Sizes = Pick<DiTOptions, "depth" | "width" | "heads" | "patch">;

export const DIT_VARIANTS: Readonly<Record<string, Sizes>> = Object.fromEntries(
  Object.entries(DIT_SIZES).flatMap(([size, dimensions]) =>
    DIT_PATCHES.map((patch) => [`DiT-${size}/${patch}`, { ...dimensions, patch }]),
  ),
);

/** A published size, for any image shape and number of labels. */
export function ditVariant(name: string, rest: Omit<DiTOptions, keyof Sizes>): DiT {
  const sizes = DIT_VARIANTS[name];
  if (!sizes) throw unknownName("DiT variant", name, Object.keys(DIT_VARIANTS));
  return new DiT({ ...sizes, ...rest });
}

const Options = z.strictObject({
  ...DIFFUSION,
  variant: z
    .enum(names(DIT_VARIANTS))
    .optional()
    .describe("a published size (patch, depth, width and heads together), instead of the four options below"),
  patch: count.default(4).describe("side of a patch in pixels: each is one token"),
  depth: count.default(6).describe("transformer blocks"),
  width: count.default(128).describe("width of the tokens"),
  heads: count.default(4).describe("attention heads"),
  conditioning: z
    .enum(CONDITIONINGS)
    .default("adaln-zero")
    .describe(
      "how time and class reach the tokens: adaptive layer norm with gates that start at zero, without gates, or as tokens beside the patches",
    ),
});

export const dit = diffusionModel(
  {
    name: "dit",
    options: Options,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5, ...LEARNS },
  },
  (options, spec, labels) => {
    const { variant, patch, depth, width, heads, conditioning } = options;
    if (spec.kind === "points")
      throw new UserError(
        `dit cuts images into patches, but ${spec.name} holds points: choose ddpm, whose network for points is an mlp`,
      );
    const shape = imageShapeOf(spec, "dit");
    return new DiT({
      ...(variant ? DIT_VARIANTS[variant]! : { patch, depth, width, heads }),
      shape,
      labels,
      conditioning,
    });
  },
);
