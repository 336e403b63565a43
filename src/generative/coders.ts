import { z } from "zod";
import type { ImageShape } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { Sequential, type Step } from "../nn/container.ts";
import { Conv2d, ConvTranspose2d } from "../nn/convolution.ts";
import { Linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { broadcastTo, concat, relu, reshape } from "../tensor/ops.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Kind } from "./examples.ts";

/** Sizes whose default depends on the data. */
export interface Sizes {
  readonly latent: number;
  readonly width: number;
}
export type UsualSizes = Readonly<Record<Kind, Sizes>>;

const count = z.int().min(1);
const usually = (usual: UsualSizes, size: keyof Sizes): string =>
  `(default: ${usual.images[size]}; for points ${usual.points[size]})`;

/** The options by which the encoder and its mirror image, the decoder, are built. */
export const architecture = (usual: UsualSizes) => ({
  network: z
    .enum(["mlp", "conv", "fully-conv"])
    .default("mlp")
    .describe(
      "fully connected layers; convolutions that halve the image at each stage, then fully connected layers; or " +
        "convolutions alone, where the code is a small image of several channels",
    ),
  latent: count
    .optional()
    .describe(
      `numbers in the code; more than the image has pixels is overcomplete ${usually(usual, "latent")}`,
    ),
  width: count.optional().describe(`units in a fully connected hidden layer ${usually(usual, "width")}`),
  depth: z
    .int()
    .min(0)
    .default(2)
    .describe("hidden layers (mlp) or stages of stride 2 (convolutions); 0 makes the mlp linear"),
  channels: count.default(32).describe("convolutions: channels of the first stage; each stage doubles them"),
});

export interface Architecture extends Sizes {
  readonly network: "mlp" | "conv" | "fully-conv";
  readonly depth: number;
  readonly channels: number;
}

/** Options with the sizes that were left out. */
export const sized = <O extends Partial<{ [K in keyof Sizes]: Sizes[K] | undefined }>>(
  options: O,
  { latent, width }: Sizes,
): O & Sizes => ({ ...options, latent: options.latent ?? latent, width: options.width ?? width });

/** One half of an autoencoder. The condition [N, K] (a one-hot class) joins the input of the dense layers. */
export interface Coder extends Module {
  forward(x: Tensor, condition?: Tensor): Tensor;
}

const join = (x: Tensor, condition: Tensor | undefined): Tensor =>
  condition ? concat([x, condition], -1) : x;

/** Linear layers of these sizes with ReLU between them. */
function mlp(sizes: readonly number[]): Sequential {
  const steps = sizes.slice(1).flatMap((out, i): Step[] => {
    const layer = new Linear(sizes[i]!, out);
    return i === sizes.length - 2 ? [layer] : [layer, relu];
  });
  return new Sequential(...steps);
}

class MlpEncoder extends Module implements Coder {
  readonly layers: Sequential;
  constructor(inputs: number, hidden: readonly number[], outputs: number, conditions: number) {
    super();
    this.layers = mlp([inputs + conditions, ...hidden, outputs]);
  }
  override children(): Iterable<readonly [string, unknown]> {
    return this.layers.children();
  }
  forward(x: Tensor, condition?: Tensor): Tensor {
    return this.layers.forward(join(flat(x), condition));
  }
}

class MlpDecoder extends Module implements Coder {
  readonly layers: Sequential;
  readonly #shape: Shape;
  constructor(inputs: number, hidden: readonly number[], shape: Shape, conditions: number) {
    super();
    this.layers = mlp([inputs + conditions, ...hidden, sizeOf(shape)]);
    this.#shape = shape;
  }
  override children(): Iterable<readonly [string, unknown]> {
    return this.layers.children();
  }
  forward(z: Tensor, condition?: Tensor): Tensor {
    return reshape(this.layers.forward(join(z, condition)), [z.shape[0]!, ...this.#shape]);
  }
}

/** Stages of 4 × 4 convolutions with stride 2, each with ReLU. */
const shrinking = ({ channels }: Stages): Step[] =>
  channels.slice(1).flatMap((out, i): Step[] => [new Conv2d(channels[i]!, out, 4, HALVE), relu]);

/** The mirror image: transposed convolutions that double the image, with ReLU before each. */
function growing({ channels }: Stages): Step[] {
  const down = [...channels].reverse();
  return down.slice(1).flatMap((out, i): Step[] => [relu, new ConvTranspose2d(down[i]!, out, 4, HALVE)]);
}

/** Convolutions, then dense layers on what is left. */
class ConvEncoder extends Module implements Coder {
  readonly conv: Sequential;
  readonly dense: Sequential;
  constructor(stages: Stages, width: number, outputs: number, conditions: number) {
    super();
    this.conv = new Sequential(...shrinking(stages));
    this.dense = mlp([sizeOf(stages.smallest) + conditions, width, outputs]);
  }
  forward(x: Tensor, condition?: Tensor): Tensor {
    return this.dense.forward(join(flat(this.conv.forward(x)), condition));
  }
}

class ConvDecoder extends Module implements Coder {
  readonly dense: Sequential;
  readonly conv: Sequential;
  readonly #smallest: ImageShape;
  constructor(inputs: number, width: number, stages: Stages, conditions: number) {
    super();
    this.dense = mlp([inputs + conditions, width, sizeOf(stages.smallest)]);
    this.conv = new Sequential(...growing(stages));
    this.#smallest = stages.smallest;
  }
  forward(z: Tensor, condition?: Tensor): Tensor {
    const h = this.dense.forward(join(z, condition));
    return this.conv.forward(reshape(h, [z.shape[0]!, ...this.#smallest]));
  }
}

/**
 * Convolutions alone: outputs [N, outputs] are a feature map, flattened. A condition becomes channels of the
 * smallest map, the same everywhere.
 */
class FullyConvEncoder extends Module implements Coder {
  readonly conv: Sequential;
  readonly out: Conv2d;
  constructor(stages: Stages, outputs: number, conditions: number) {
    super();
    this.conv = new Sequential(...shrinking(stages));
    this.out = new Conv2d(stages.smallest[0] + conditions, codeChannels(stages, outputs), 1);
  }
  forward(x: Tensor, condition?: Tensor): Tensor {
    return flat(this.out.forward(withChannels(this.conv.forward(x), condition)));
  }
}

class FullyConvDecoder extends Module implements Coder {
  readonly in: Conv2d;
  readonly conv: Sequential;
  readonly #code: ImageShape;
  constructor(inputs: number, stages: Stages, conditions: number) {
    super();
    const [c, h, w] = stages.smallest;
    this.#code = [codeChannels(stages, inputs), h, w];
    this.in = new Conv2d(this.#code[0] + conditions, c, 1);
    this.conv = new Sequential(...growing(stages));
  }
  forward(z: Tensor, condition?: Tensor): Tensor {
    const map = reshape(z, [z.shape[0]!, ...this.#code]);
    return this.conv.forward(this.in.forward(withChannels(map, condition)));
  }
}

const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, -1]);

/** A feature map [N, C, h, w] with the condition [N, K] as K more channels. */
function withChannels(x: Tensor, condition: Tensor | undefined): Tensor {
  if (!condition) return x;
  const [n, k] = condition.shape as [number, number];
  return concat([x, broadcastTo(reshape(condition, [n, k, 1, 1]), [n, k, x.shape[2]!, x.shape[3]!])], 1);
}

function codeChannels({ smallest }: Stages, numbers: number): number {
  const [, h, w] = smallest;
  if (numbers % (h * w) !== 0)
    throw new UserError(
      `a fully convolutional code here is an image of ${h} × ${w}: latent must be a multiple of ${h * w}`,
    );
  return numbers / (h * w);
}

const HALVE = { stride: 2, padding: 1 } as const;

interface Stages {
  readonly channels: readonly number[];
  readonly smallest: ImageShape;
}

function stagesOf(shape: Shape, depth: number, first: number): Stages {
  const by = 2 ** depth;
  const [c, h, w] = shape as ImageShape;
  if (shape.length !== 3)
    throw new UserError(
      `convolutions take images [C, H, W], but an example of these data is ${showShape(shape)}: choose option \`network\` mlp`,
    );
  if (h % by !== 0 || w % by !== 0)
    throw new UserError(
      `images of ${h} × ${w} cannot be halved ${depth} times; choose a smaller depth, or the network "mlp"`,
    );
  const channels = [c, ...Array.from({ length: depth }, (_, i) => first * 2 ** i)];
  return { channels, smallest: [channels[depth]!, h / by, w / by] };
}

const hiddenLayers = ({ width, depth }: Architecture): number[] => Array.from({ length: depth }, () => width);

/** Examples [N, ...shape] → [N, outputs]. */
export function makeEncoder(
  shape: Shape,
  architecture: Architecture,
  outputs: number,
  conditions = 0,
): Coder {
  const { network, width, depth, channels } = architecture;
  if (network === "mlp")
    return new MlpEncoder(sizeOf(shape), hiddenLayers(architecture), outputs, conditions);
  const stages = stagesOf(shape, depth, channels);
  return network === "conv"
    ? new ConvEncoder(stages, width, outputs, conditions)
    : new FullyConvEncoder(stages, outputs, conditions);
}

/** Code [N, latent] → the parameters of the likelihood, [N, ...shape]. */
export function makeDecoder(shape: Shape, architecture: Architecture, conditions = 0): Coder {
  const { network, latent, width, depth, channels } = architecture;
  if (network === "mlp") return new MlpDecoder(latent, hiddenLayers(architecture), shape, conditions);
  const stages = stagesOf(shape, depth, channels);
  return network === "conv"
    ? new ConvDecoder(latent, width, stages, conditions)
    : new FullyConvDecoder(latent, stages, conditions);
}
