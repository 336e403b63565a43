/**
 * Parameterizations: what the network predicts. All are equivalent: with x_t = signal·x₀ + noise·ε (Ho et al. 2020,
 * eq. 4), any one of x₀, ε and v = signal·ε − noise·x₀ (Salimans and Ho 2022, appendix D) determines the others.
 */
import type { Operand } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A Level as numbers or tensors that broadcast to x. */
export interface LevelOf<N = Operand> {
  readonly signal: N;
  readonly noise: N;
}

/** x̂₀ and ε̂: estimates of the image and of the noise in it. */
export interface Estimate {
  readonly x0: Tensor;
  readonly epsilon: Tensor;
}

export interface Parameterization {
  /** The target of the network. */
  target(x0: Tensor, epsilon: Tensor, level: LevelOf): Tensor;
  /** x̂₀ and ε̂ from x_t and the prediction. */
  estimate(xt: Tensor, prediction: Tensor, level: LevelOf): Estimate;
}

/** x_t (Ho et al. 2020, eq. 4). */
export const noised = (x0: Tensor, epsilon: Tensor, { signal, noise }: LevelOf): Tensor =>
  x0.mul(signal).add(epsilon.mul(noise));

/** The ε with which x₀ becomes x_t. */
export const epsilonOf = (xt: Tensor, x0: Tensor, { signal, noise }: LevelOf): Tensor =>
  xt.sub(x0.mul(signal)).div(noise);

/** The x₀ with which ε becomes x_t (Ho et al. 2020, eq. 15). */
export const x0Of = (xt: Tensor, epsilon: Tensor, { signal, noise }: LevelOf): Tensor =>
  xt.sub(epsilon.mul(noise)).div(signal);

export const PARAMETERIZATIONS = {
  epsilon: {
    target: (_x0, epsilon) => epsilon,
    estimate: (xt, epsilon, level) => ({ x0: x0Of(xt, epsilon, level), epsilon }),
  },
  x0: {
    target: (x0) => x0,
    estimate: (xt, x0, level) => ({ x0, epsilon: epsilonOf(xt, x0, level) }),
  },
  v: {
    target: (x0, epsilon, { signal, noise }) => epsilon.mul(signal).sub(x0.mul(noise)),
    estimate: (xt, v, { signal, noise }) => ({
      x0: xt.mul(signal).sub(v.mul(noise)),
      epsilon: xt.mul(noise).add(v.mul(signal)),
    }),
  },
} as const satisfies Record<string, Parameterization>;

/** ε, x₀ or v (diffusers calls them epsilon, sample and v_prediction). */
export type Prediction = keyof typeof PARAMETERIZATIONS;
