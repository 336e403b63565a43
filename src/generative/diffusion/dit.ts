/** Peebles and Xie (2023), "Scalable diffusion models with transformers": DiT with adaLN-Zero blocks. */
import { z } from "zod";
import { UserError, unknownName } from "../../errors.ts";
import { joinHeads, scaledDotProductAttention, splitHeads } from "../../nn/attention.ts";
import { Sequential } from "../../nn/container.ts";
import { Conv2d } from "../../nn/convolution.ts";
import { Embedding, sinusoids, sinusoidTable } from "../../nn/embedding.ts";
import * as init from "../../nn/init.ts";
import { type LayerOptions, Linear } from "../../nn/linear.ts";
import { Buffer, type Initializer, Module } from "../../nn/module.ts";
import { LayerNorm } from "../../nn/normalization.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { silu } from "../../tensor/ops.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { imageShapeOf } from "../coders.ts";
import { count, DIFFUSION, LEARNS, names } from "./config.ts";
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
  /** Also predict a variance, in as many further output channels. */
  readonly learnSigma?: boolean;
}

/** Width of the sinusoidal time embedding. */
const FREQUENCIES = 256;
const EPS = 1e-6;

const GLOROT: LayerOptions = { weightInit: init.xavierUniform(), biasInit: init.zeros };
const ZERO: LayerOptions = { weightInit: init.zeros, biasInit: init.zeros };
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

class Attention extends Module {
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly #heads: number;

  constructor(width: number, heads: number) {
    super();
    this.#heads = heads;
    this.qkv = new Linear(width, 3 * width, GLOROT);
    this.proj = new Linear(width, width, GLOROT);
  }

  forward(x: Tensor): Tensor {
    const heads = this.qkv.forward(x).chunk(3, -1).map((h) => splitHeads(h, this.#heads)); // biome-ignore format: one chain
    const [q, k, v] = heads as [Tensor, Tensor, Tensor];
    return this.proj.forward(joinHeads(scaledDotProductAttention(q, k, v)));
  }
}

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(width: number) {
    super();
    this.fc1 = new Linear(width, 4 * width, GLOROT);
    this.fc2 = new Linear(4 * width, width, GLOROT);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).geluTanh());
  }
}

/** Shifts, scales and gates from the condition c [B, D]: `count` tensors [B, 1, D], initially zero (adaLN-Zero). */
const modulation = (width: number, count: number): Sequential =>
  new Sequential(silu, new Linear(width, count * width, ZERO));
const modulations = (by: Sequential, c: Tensor, count: number): Tensor[] => {
  const all = by.forward(c);
  return all.reshape(all.shape[0]!, 1, all.shape[1]!).chunk(count, -1);
};
const modulate = (x: Tensor, shift: Tensor, scale: Tensor): Tensor => x.mul(scale.add(1)).add(shift);
const plainNorm = (width: number): LayerNorm => new LayerNorm(width, { eps: EPS, elementwiseAffine: false });

/** Section 3.2: x + gate·attention(modulated x), then the same with the MLP. */
class Block extends Module {
  readonly #norm1: LayerNorm;
  readonly attn: Attention;
  readonly #norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly adaLN_modulation: Sequential;

  constructor({ width, heads }: DiTOptions) {
    super();
    this.#norm1 = plainNorm(width);
    this.attn = new Attention(width, heads);
    this.#norm2 = plainNorm(width);
    this.mlp = new Mlp(width);
    this.adaLN_modulation = modulation(width, 6);
  }

  forward(x: Tensor, c: Tensor): Tensor {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulations(this.adaLN_modulation, c, 6) as Six;
    const h = x.add(gate1.mul(this.attn.forward(modulate(this.#norm1.forward(x), shift1, scale1))));
    return h.add(gate2.mul(this.mlp.forward(modulate(this.#norm2.forward(h), shift2, scale2))));
  }
}

type Six = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

class FinalLayer extends Module {
  readonly #norm: LayerNorm;
  readonly linear: Linear;
  readonly adaLN_modulation: Sequential;

  constructor(width: number, features: number) {
    super();
    this.#norm = plainNorm(width);
    this.linear = new Linear(width, features, ZERO);
    this.adaLN_modulation = modulation(width, 2);
  }

  forward(x: Tensor, c: Tensor): Tensor {
    const [shift, scale] = modulations(this.adaLN_modulation, c, 2) as [Tensor, Tensor];
    return this.linear.forward(modulate(this.#norm.forward(x), shift, scale));
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
    const { shape, patch, depth, width, labels, learnSigma = false } = options;
    const grid = [shape[1]! / patch, shape[2]! / patch] as const;
    this.#options = options;
    this.x_embedder = new PatchEmbed(options);
    this.pos_embed = new Buffer([1, grid[0] * grid[1], width], () => positions(grid, width));
    this.t_embedder = new TimestepEmbedder(width);
    this.y_embedder = labels > 0 ? new LabelEmbedder(labels, width) : undefined;
    this.blocks = Array.from({ length: depth }, () => new Block(options));
    this.final_layer = new FinalLayer(width, patch ** 2 * shape[0]! * (learnSigma ? 2 : 1));
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
    let c = this.t_embedder.forward(t);
    if (this.y_embedder) c = c.add(this.y_embedder.embedding_table.forward(labels!));
    let h = this.x_embedder.forward(x).add(this.pos_embed);
    for (const block of this.blocks) h = block.forward(h, c);
    return this.#image(this.final_layer.forward(h, c));
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
});

export const dit = diffusionModel(
  {
    name: "dit",
    options: Options,
    training: { data: "mnist", batchSize: 32, lr: 1e-3, epochs: 5, ...LEARNS },
  },
  (options, spec, labels) => {
    const { variant, patch, depth, width, heads } = options;
    const shape = imageShapeOf(spec, "dit");
    return new DiT({ ...(variant ? DIT_VARIANTS[variant]! : { patch, depth, width, heads }), shape, labels });
  },
);
