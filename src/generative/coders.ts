import { z } from "zod";
import type { ImageShape } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import { Sequential, type Step } from "../nn/container.ts";
import { Conv2d, ConvTranspose2d } from "../nn/convolution.ts";
import { Linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import { concat, relu, reshape } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Data } from "../train/examples.ts";

/** The options that say how the encoder and its mirror image, the decoder, are built. */
export const ARCHITECTURE = {
  network: z
    .enum(["mlp", "conv"])
    .default("mlp")
    .describe("fully connected layers, or convolutions that halve the image at each stage"),
  latent: z
    .int()
    .min(1)
    .default(32)
    .describe("numbers in the code; more than the image has pixels is overcomplete"),
  width: z.int().min(1).default(500).describe("units in a fully connected hidden layer"),
  depth: z
    .int()
    .min(0)
    .default(2)
    .describe("hidden layers (mlp) or stages of stride 2 (conv); 0 makes the mlp linear"),
  channels: z.int().min(1).default(32).describe("conv: channels of the first stage; each stage doubles them"),
};

export type Architecture = z.output<z.ZodObject<typeof ARCHITECTURE>>;

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
  constructor(image: number, hidden: readonly number[], outputs: number, conditions: number) {
    super();
    this.layers = mlp([image + conditions, ...hidden, outputs]);
  }
  override children(): Iterable<readonly [string, unknown]> {
    return this.layers.children();
  }
  forward(x: Tensor, condition?: Tensor): Tensor {
    return this.layers.forward(join(reshape(x, [x.shape[0]!, -1]), condition));
  }
}

class MlpDecoder extends Module implements Coder {
  readonly layers: Sequential;
  readonly #image: ImageShape;
  constructor(inputs: number, hidden: readonly number[], image: ImageShape, conditions: number) {
    super();
    this.layers = mlp([inputs + conditions, ...hidden, size(image)]);
    this.#image = image;
  }
  override children(): Iterable<readonly [string, unknown]> {
    return this.layers.children();
  }
  forward(z: Tensor, condition?: Tensor): Tensor {
    return reshape(this.layers.forward(join(z, condition)), [z.shape[0]!, ...this.#image]);
  }
}

/** Stages of 4 × 4 convolutions with stride 2, then dense layers on what is left. */
class ConvEncoder extends Module implements Coder {
  readonly conv: Sequential;
  readonly dense: Sequential;
  constructor(stages: Stages, width: number, outputs: number, conditions: number) {
    super();
    const { channels } = stages;
    this.conv = new Sequential(
      ...channels.slice(1).flatMap((out, i): Step[] => [new Conv2d(channels[i]!, out, 4, HALVE), relu]),
    );
    this.dense = mlp([size(stages.smallest) + conditions, width, outputs]);
  }
  forward(x: Tensor, condition?: Tensor): Tensor {
    return this.dense.forward(join(reshape(this.conv.forward(x), [x.shape[0]!, -1]), condition));
  }
}

/** The mirror image of ConvEncoder: dense layers, then transposed convolutions that double the image. */
class ConvDecoder extends Module implements Coder {
  readonly dense: Sequential;
  readonly conv: Sequential;
  readonly #smallest: ImageShape;
  constructor(inputs: number, width: number, stages: Stages, conditions: number) {
    super();
    const channels = [...stages.channels].reverse();
    this.dense = mlp([inputs + conditions, width, size(stages.smallest)]);
    this.conv = new Sequential(
      ...channels
        .slice(1)
        .flatMap((out, i): Step[] => [relu, new ConvTranspose2d(channels[i]!, out, 4, HALVE)]),
    );
    this.#smallest = stages.smallest;
  }
  forward(z: Tensor, condition?: Tensor): Tensor {
    const h = this.dense.forward(join(z, condition));
    return this.conv.forward(reshape(h, [z.shape[0]!, ...this.#smallest]));
  }
}

const HALVE = { stride: 2, padding: 1 } as const;
const size = (image: ImageShape): number => image[0] * image[1] * image[2];

interface Stages {
  readonly channels: readonly number[];
  readonly smallest: ImageShape;
}

function stagesOf(image: ImageShape, depth: number, first: number): Stages {
  const by = 2 ** depth;
  const [c, h, w] = image;
  if (h % by !== 0 || w % by !== 0)
    throw new UserError(
      `images of ${h} × ${w} cannot be halved ${depth} times; choose a smaller depth, or the network "mlp"`,
    );
  const channels = [c, ...Array.from({ length: depth }, (_, i) => first * 2 ** i)];
  return { channels, smallest: [channels[depth]!, h / by, w / by] };
}

const hiddenLayers = ({ width, depth }: Architecture): number[] => Array.from({ length: depth }, () => width);

/** Image [N, C, H, W] → [N, outputs]. */
export function makeEncoder(
  image: ImageShape,
  architecture: Architecture,
  outputs: number,
  conditions = 0,
): Coder {
  const { network, width, depth, channels } = architecture;
  return network === "mlp"
    ? new MlpEncoder(size(image), hiddenLayers(architecture), outputs, conditions)
    : new ConvEncoder(stagesOf(image, depth, channels), width, outputs, conditions);
}

/** Code [N, latent] → what the likelihood takes, [N, C, H, W]. */
export function makeDecoder(image: ImageShape, architecture: Architecture, conditions = 0): Coder {
  const { network, latent, width, depth, channels } = architecture;
  return network === "mlp"
    ? new MlpDecoder(latent, hiddenLayers(architecture), image, conditions)
    : new ConvDecoder(latent, width, stagesOf(image, depth, channels), conditions);
}

/** The shape of one image of these data. Data without images are refused. */
export function imageShapeOf(data: Data, model: string): ImageShape {
  const shape = data.train.fields.images?.shape;
  if (shape?.length !== 3)
    throw new UserError(`${model} learns from images; the data set "${data.name}" has none`);
  return shape as unknown as ImageShape;
}
