import { ACTIVATIONS, type Activation } from "../../nn/activations.ts";
import { Conv2d } from "../../nn/convolution.ts";
import * as init from "../../nn/init.ts";
import { Linear, linear } from "../../nn/linear.ts";
import { type Initializer, Module, Parameter } from "../../nn/module.ts";
import { LayerNorm } from "../../nn/normalization.ts";
import { abs, add, mul, normal, reshape, sign, sqrt, transpose } from "../../tensor/ops.ts";
import type { Key } from "../../tensor/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface MlpOptions {
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
  readonly activation: "relu" | "tanh";
  /** Orthogonal first weights with these gains and biases of 0; PyTorch's defaults when left out. */
  readonly gains?: { readonly hidden: number; readonly last: number } | undefined;
  /** Fully connected layers that explore by themselves (`NoisyLinear`). */
  readonly noisy?: boolean;
  /** Layer normalisation before each activation, over all of a layer's outputs. */
  readonly norm?: boolean;
}

/** Where layers of a network get their first values. */
const layerInit = (gain: number | undefined): { weightInit?: Initializer; biasInit?: Initializer } =>
  gain === undefined ? {} : { weightInit: init.orthogonal(gain), biasInit: init.zeros };

/**
 * x [n, in] → [n, out] by hidden layers; pictures [n, h, w, c] go through 16 filters of 3 × 3 first (MinAtar's network), but for
 * those too small for them.
 */
export class Mlp extends Module {
  readonly convolution: Conv2d | undefined;
  readonly hidden: (Linear | NoisyLinear)[];
  readonly norms: LayerNorm[];
  readonly last: Linear | NoisyLinear;
  readonly #activation: Activation;

  constructor(shape: Shape, out: number, { hidden, activation, gains, noisy, norm }: MlpOptions) {
    super();
    const [h = 1, w = 1, channels = 1] = shape;
    const picture = shape.length === 3 && Math.min(h, w) >= 3;
    this.convolution = picture ? new Conv2d(channels, FILTERS, 3, layerInit(gains?.hidden)) : undefined;
    const first = picture ? (h - 2) * (w - 2) * FILTERS : shape.reduce((a, b) => a * b, 1);
    const widths = [first, ...hidden];
    const layer = (i: number, o: number, gain?: number): Linear | NoisyLinear =>
      noisy ? new NoisyLinear(i, o) : new Linear(i, o, layerInit(gain));
    this.hidden = hidden.map((width, i) => layer(widths[i]!, width, gains?.hidden));
    this.norms = norm ? (picture ? widths : hidden).map((width) => new LayerNorm([width])) : [];
    this.last = layer(widths.at(-1)!, out, gains?.last);
    this.#activation = ACTIVATIONS[activation];
  }

  /** The last hidden layer's output, which heads share. */
  trunk(x: Tensor, key?: Key): Tensor {
    const norms = [...this.norms];
    const squash = (h: Tensor): Tensor => this.#activation(norms.shift()?.forward(h) ?? h);
    const flat = (y: Tensor): Tensor => reshape(y, [x.shape[0]!, -1]);
    let h = flat(x);
    if (this.convolution) {
      const seen = this.convolution.forward(transpose(x, [0, 3, 1, 2]));
      h = norms.length > 0 ? squash(flat(seen)) : flat(squash(seen));
    }
    for (const [i, layer] of this.hidden.entries()) h = squash(layer.forward(h, key?.split(i)));
    return h;
  }

  forward(x: Tensor, key?: Key): Tensor {
    return this.last.forward(this.trunk(x, key), key?.split("last"));
  }
}

const FILTERS = 16;

/**
 * Noisy networks (Fortunato et al. 2018) with factorised noise, eq. 10–11: y = (μʷ + σʷ ∘ f(ε)f(ε′)ᵀ) x + μᵇ + σᵇ ∘ f(ε),
 * f(x) = sign(x)√|x|. How much noise there is is learned; without a key there is none.
 */
export class NoisyLinear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly weight_sigma: Parameter;
  readonly bias_sigma: Parameter;

  constructor(inFeatures: number, outFeatures: number) {
    super();
    const mu = init.fanUniform(inFeatures);
    const sigma = init.constant(0.5 / Math.sqrt(inFeatures));
    this.weight = new Parameter([outFeatures, inFeatures], mu);
    this.bias = new Parameter([outFeatures], mu);
    this.weight_sigma = new Parameter([outFeatures, inFeatures], sigma);
    this.bias_sigma = new Parameter([outFeatures], sigma);
  }

  forward(x: Tensor, key?: Key): Tensor {
    if (!key) return linear(x, this.weight, this.bias);
    const [out, from] = this.weight.shape as [number, number];
    const noise = (name: string, size: number): Tensor => {
      const e = normal(key.split(name), [size]);
      return mul(sign(e), sqrt(abs(e)));
    };
    const [ahead, behind] = [noise("out", out), noise("in", from)];
    const spread = mul(this.weight_sigma, mul(reshape(ahead, [out, 1]), behind));
    return linear(x, add(this.weight, spread), add(this.bias, mul(this.bias_sigma, ahead)));
  }
}
