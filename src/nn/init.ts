/**
 * Initialisers of parameters, with PyTorch's names and defaults (torch.nn.init): each is a pure function of a
 * key and a shape. Weights are [out, in, ...kernel].
 */
import { UserError } from "../errors.ts";
import { hostNormal, hostUniform, type Key } from "../tensor/random.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Initializer } from "./module.ts";

export const constant =
  (value: number): Initializer =>
  (_, shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

export const zeros: Initializer = constant(0);
export const ones: Initializer = constant(1);

/** U[low, high). */
export const uniform =
  (low = 0, high = 1): Initializer =>
  (key, shape) =>
    hostUniform(key, sizeOf(shape)).map((u) => low + (high - low) * u);

/** N(mean, std²). */
export const normal =
  (mean = 0, std = 1): Initializer =>
  (key, shape) =>
    hostNormal(key, sizeOf(shape)).map((z) => mean + std * z);

/** N(mean, std²) truncated to [low, high]: draws outside are drawn again. */
export const truncNormal =
  (mean = 0, std = 1, low = -2, high = 2): Initializer =>
  (key, shape) => {
    if (low >= high || low > mean + 2 * std || high < mean - 2 * std)
      throw new UserError(
        `truncNormal: [${low}, ${high}] must be an interval that reaches within two standard deviations (${std}) of the mean (${mean})`,
      );
    const out = new Float32Array(sizeOf(shape));
    for (let filled = 0, round = 0; filled < out.length; round++)
      for (const z of hostNormal(key.split(round), out.length)) {
        const value = mean + std * z;
        if (value >= low && value <= high && filled < out.length) out[filled++] = value;
      }
    return out;
  };

/** Fan in and fan out of a weight: [out, in, ...kernel] → in·|kernel| and out·|kernel|. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2)
    throw new UserError(`fan in and fan out need two dimensions or more, not ${showShape(shape)}`);
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1]! * field, fanOut: shape[0]! * field };
}

export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leaky_relu" | "selu";

/** The factor that keeps a signal's variance through a nonlinearity; `slope` is leaky_relu's. */
export function gain(nonlinearity: Nonlinearity, slope = 0.01): number {
  const table: Record<Nonlinearity, number> = {
    linear: 1,
    sigmoid: 1,
    tanh: 5 / 3,
    relu: Math.SQRT2,
    leaky_relu: Math.sqrt(2 / (1 + slope ** 2)),
    selu: 3 / 4,
  };
  return table[nonlinearity];
}

export interface KaimingOptions {
  /** Negative slope of the leaky_relu that follows. */
  readonly a?: number;
  /** Keep the variance forwards (fan_in) or backwards (fan_out). */
  readonly mode?: "fan_in" | "fan_out";
  readonly nonlinearity?: Nonlinearity;
}

function kaimingStd(shape: Shape, options: KaimingOptions): number {
  const { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" } = options;
  const { fanIn, fanOut } = fans(shape);
  return gain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut);
}

const symmetric = (bound: number): Initializer => uniform(-bound, bound);

/** He et al. (2015), eq. 10: variance gain² / fan. */
export const kaimingUniform =
  (options: KaimingOptions = {}): Initializer =>
  (key, shape) =>
    symmetric(Math.sqrt(3) * kaimingStd(shape, options))(key, shape);

export const kaimingNormal =
  (options: KaimingOptions = {}): Initializer =>
  (key, shape) =>
    normal(0, kaimingStd(shape, options))(key, shape);

function xavierStd(shape: Shape, factor: number): number {
  const { fanIn, fanOut } = fans(shape);
  return factor * Math.sqrt(2 / (fanIn + fanOut));
}

/** Glorot and Bengio (2010), eq. 16: variance 2·factor² / (fan_in + fan_out). */
export const xavierUniform =
  (factor = 1): Initializer =>
  (key, shape) =>
    symmetric(Math.sqrt(3) * xavierStd(shape, factor))(key, shape);

export const xavierNormal =
  (factor = 1): Initializer =>
  (key, shape) =>
    normal(0, xavierStd(shape, factor))(key, shape);

/** U(±1/√fan): what PyTorch's layers use for the bias of a weight with this fan_in. */
export const fanUniform = (fanIn: number): Initializer => symmetric(fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0);

/**
 * A random (semi-)orthogonal matrix [out, in·|kernel|] times `factor` (Saxe et al., 2013): its shorter side is
 * orthonormal. Gram–Schmidt on normal vectors, twice for accuracy.
 */
export const orthogonal =
  (factor = 1): Initializer =>
  (key: Key, shape: Shape) => {
    if (shape.length < 2)
      throw new UserError(`orthogonal needs two dimensions or more, not ${showShape(shape)}`);
    const rows = shape[0]!;
    const columns = sizeOf(shape) / rows;
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    const draws = hostNormal(key, count * length);
    const basis: Float64Array[] = [];
    for (let i = 0; i < count; i++) {
      const v = Float64Array.from(draws.subarray(i * length, (i + 1) * length));
      for (let pass = 0; pass < 2; pass++)
        for (const u of basis) {
          let dot = 0;
          for (let j = 0; j < length; j++) dot += u[j]! * v[j]!;
          for (let j = 0; j < length; j++) v[j]! -= dot * u[j]!;
        }
      const scale = 1 / Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
      basis.push(v.map((x) => x * scale));
    }
    const out = new Float32Array(rows * columns);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < length; j++)
        out[rows <= columns ? i * columns + j : j * columns + i] = factor * basis[i]![j]!;
    return out;
  };
