import { UserError } from "../../errors.ts";
import { type Layer, Sequential, type Step } from "../../nn/container.ts";
import { Conv2d, ConvTranspose2d } from "../../nn/convolution.ts";
import { Embedding } from "../../nn/embedding.ts";
import * as init from "../../nn/init.ts";
import { type LayerOptions, Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import { BatchNorm1d, BatchNorm2d } from "../../nn/normalization.ts";
import { SpectralNorm } from "../../nn/spectral-norm.ts";
import { concat, relu, tanh } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface GeneratorOptions {
  readonly network: "mlp" | "dcgan";
  /** Dimensions of the noise z. */
  readonly latent: number;
  /** Units of a hidden layer (mlp). */
  readonly width: number;
  /** Hidden layers (mlp). */
  readonly depth: number;
  /** Channels of the largest feature map (dcgan); each halving doubles them. */
  readonly channels: number;
}

export interface DiscriminatorOptions extends GeneratorOptions {
  readonly discriminatorNorm: "none" | "batch" | "spectral";
  readonly conditional: "none" | "acgan" | "projection";
  /** Examples judged together (Lin et al. 2018, PacGAN). */
  readonly pack: number;
  /** Add the standard deviation over groups of examples as a feature (Karras et al. 2018). */
  readonly minibatchStddev: boolean;
}

const slope = (x: Tensor): Tensor => x.leakyRelu(0.2);
/** Radford et al. (2016), section 4: all weights are initialised from N(0, 0.02²). */
const small: LayerOptions = { weightInit: init.normal(0, 0.02), biasInit: init.zeros };
const HALVE = { stride: 2, padding: 1, ...small } as const;

/** Channels and side of each feature map of a DCGAN, from the image to the smallest: halved down to 4, or to an odd size. */
function maps([c, h, w]: Shape, channels: number): Shape[] {
  const out: Shape[] = [[c!, h!, w!]];
  for (let at = out[0]!, next = channels; ; next *= 2) {
    const [, y, x] = at as [number, number, number];
    if (y % 2 !== 0 || x % 2 !== 0 || Math.min(y, x) <= 4) break;
    at = [next, y / 2, x / 2];
    out.push(at);
  }
  if (out.length === 1)
    throw new UserError(
      `a dcgan halves its images, but ${h} × ${w} cannot be halved; choose option \`network\` mlp, or images of 28, 32 or 64`,
    );
  return out;
}

const as = (shape: Shape) => (x: Tensor) => x.reshape(x.shape[0]!, ...shape);
const flat = (x: Tensor): Tensor => x.reshape(x.shape[0]!, -1);
/** Pixels from [−1, 1] to [0, 1], where images live outside the networks. */
const toUnit = (x: Tensor): Tensor => x.add(1).mul(0.5);

/**
 * Noise z [N, latent] → examples [N, ...shape]: images in [0, 1], or points. A class joins the noise as a one-hot
 * vector (Mirza and Osindero 2014), as large on average as a dimension of the noise.
 */
export class Generator extends Module {
  readonly layers: Sequential;
  readonly #classes: number;

  constructor(shape: Shape, options: GeneratorOptions, classes = 0) {
    super();
    this.#classes = classes;
    const inputs = options.latent + classes;
    this.layers = new Sequential(
      ...(options.network === "mlp"
        ? [...mlpSteps(inputs, options, sizeOf(shape)), as(shape)]
        : growing(inputs, maps(shape, options.channels))),
      ...(shape.length === 3 ? [tanh, toUnit] : []),
    );
  }

  override children(): Iterable<readonly [string, unknown]> {
    return this.layers.children();
  }

  forward(z: Tensor, labels: Tensor | undefined, key?: Key): Tensor {
    const input =
      this.#classes > 0 ? concat([z, labels!.oneHot(this.#classes).mul(Math.sqrt(this.#classes))], 1) : z;
    return this.layers.forward(input, key);
  }
}

function mlpSteps(inputs: number, { width, depth }: GeneratorOptions, outputs: number): Step[] {
  const sizes = [inputs, ...Array.from({ length: depth }, () => width)];
  const hidden = sizes.slice(1).flatMap((out, i): Step[] => [new Linear(sizes[i]!, out), relu]);
  return [...hidden, new Linear(sizes.at(-1)!, outputs)];
}

/** Radford et al. (2016): transposed convolutions that double the image, with batch norm and ReLU between. */
function growing(inputs: number, down: readonly Shape[]): Step[] {
  const up = [...down].reverse();
  const first = up[0]!;
  return [
    new Linear(inputs, sizeOf(first), { ...small, bias: false }),
    as(first),
    ...up
      .slice(1)
      .flatMap((shape, i): Step[] => [
        new BatchNorm2d(up[i]![0]!),
        relu,
        new ConvTranspose2d(up[i]![0]!, shape[0]!, 4, { ...HALVE, bias: i === up.length - 2 }),
      ]),
  ];
}

/** A discriminator's output: scores [N] (or one per pack), and class logits [N, K] where it classifies. */
export interface Verdict {
  readonly scores: Tensor;
  readonly classes: Tensor | undefined;
}

/**
 * Examples [N, ...shape] → how real they are. Class-conditional either by a classifier on its features (Odena et
 * al. 2017, AC-GAN) or by the inner product of its features with an embedding of the class (Miyato and Koyama 2018).
 */
export class Discriminator extends Module {
  readonly features: Sequential;
  readonly out: Layer;
  readonly classifier: Layer | undefined;
  readonly embedding: Layer | undefined;
  readonly #shape: Shape;
  readonly #options: DiscriminatorOptions;

  constructor(shape: Shape, options: DiscriminatorOptions, classes = 0) {
    super();
    const { discriminatorNorm: norm, conditional, pack, minibatchStddev } = options;
    const packed = [shape[0]! * pack, ...shape.slice(1)];
    const wrap: Wrap = (layer) => (norm === "spectral" ? new SpectralNorm(layer) : layer);
    const { steps, size } =
      options.network === "mlp" ? mlpFeatures(packed, options, wrap) : shrinking(packed, options, wrap);
    this.features = new Sequential(...steps);
    const inputs = size + (minibatchStddev ? 1 : 0);
    this.out = wrap(new Linear(inputs, 1));
    if (conditional === "acgan") this.classifier = wrap(new Linear(inputs, classes));
    if (conditional === "projection") this.embedding = wrap(new Embedding(classes, inputs));
    this.#shape = packed;
    this.#options = options;
  }

  /** Examples packed as channels, `pack` at a time: [N / pack, pack·C, ...]. */
  pack(x: Tensor): Tensor {
    const n = x.shape[0]! / this.#options.pack;
    if (!Number.isInteger(n))
      throw new UserError(
        `the discriminator judges ${this.#options.pack} examples together: the batch size must be a multiple of that, not ${x.shape[0]}`,
      );
    return x.reshape(n, ...this.#shape);
  }

  forward(x: Tensor, labels: Tensor | undefined, key?: Key): Verdict {
    return this.judge(this.pack(x), labels, key);
  }

  /** The verdict on packed examples. */
  judge(packed: Tensor, labels: Tensor | undefined, key?: Key): Verdict {
    const input = packed.rank === 4 ? packed.mul(2).sub(1) : packed;
    const plain = this.features.forward(input, key?.split("features"));
    const h = this.#options.minibatchStddev ? withDeviation(plain) : plain;
    const score = this.out.forward(h, key?.split("out")).reshape(h.shape[0]!);
    const classes = this.classifier?.forward(h, key?.split("classifier"));
    if (!this.embedding || !labels) return { scores: score, classes };
    const e = this.embedding.forward(labels, key?.split("embedding"));
    return { scores: score.add(e.mul(h).sum({ axes: 1 })), classes };
  }
}

type Wrap = (layer: Linear | Conv2d | Embedding) => Layer;

interface Features {
  readonly steps: readonly Step[];
  readonly size: number;
}

function mlpFeatures(shape: Shape, options: DiscriminatorOptions, wrap: Wrap): Features {
  const { width, depth, discriminatorNorm } = options;
  const sizes = [sizeOf(shape), ...Array.from({ length: depth }, () => width)];
  const steps = sizes.slice(1).flatMap((out, i): Step[] => [
    wrap(new Linear(sizes[i]!, out)),
    // Not on the first layer, as in DCGAN. Real and generated examples come in separate batches.
    ...(discriminatorNorm === "batch" && i > 0 ? [new BatchNorm1d(out)] : []),
    slope,
  ]);
  return { steps: [flat, ...steps], size: sizes.at(-1)! };
}

function shrinking(shape: Shape, options: DiscriminatorOptions, wrap: Wrap): Features {
  const down = maps(shape, options.channels);
  const steps = down
    .slice(1)
    .flatMap((to, i): Step[] => [
      wrap(new Conv2d(down[i]![0]!, to[0]!, 4, HALVE)),
      ...(options.discriminatorNorm === "batch" && i > 0 ? [new BatchNorm2d(to[0]!)] : []),
      slope,
    ]);
  return { steps: [...steps, flat], size: sizeOf(down.at(-1)!) };
}

/** Examples per group. */
const GROUP = 4;

/**
 * Karras et al. (2018), section 3, on features h [N, F]: the standard deviation of each feature over a group of 4
 * examples, averaged over the features, as one more feature of each. Where 4 does not divide N, all are one group.
 */
export function withDeviation(h: Tensor): Tensor {
  const [n, f] = h.shape as [number, number];
  const size = n % GROUP === 0 ? GROUP : n;
  const groups = h.reshape(n / size, size, f);
  const centred = groups.sub(groups.mean({ axes: 1, keepDims: true }));
  const deviation = centred.square().mean({ axes: 1, keepDims: true }).add(1e-8).sqrt();
  const one = deviation.mean({ axes: 2, keepDims: true });
  return concat([h, one.broadcastTo([n / size, size, 1]).reshape(n, 1)], 1);
}
