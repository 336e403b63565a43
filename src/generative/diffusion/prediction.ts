/**
 * What the network predicts. Each kind is the same knowledge in other words: with x_t = signal·x₀ + noise·ε
 * (Ho et al. 2020, eq. 4), one of x₀, ε and v = signal·ε − noise·x₀ (Salimans and Ho 2022, appendix D) gives all.
 */
import { add, asTensor, div, mul, type Operand, sub } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A Level in a graph: numbers or tensors that broadcast to x. */
export interface LevelOf<N = Operand> {
  readonly signal: N;
  readonly noise: N;
}

export interface Parameterization {
  /** What the network should have said. */
  target(x0: Operand, epsilon: Operand, level: LevelOf): Tensor;
  /** x₀ and ε from x_t and what it said. */
  read(xt: Operand, said: Operand, level: LevelOf): { x0: Tensor; epsilon: Tensor };
}

/** Ho et al. (2020), eq. 4. */
export const noised = (x0: Operand, epsilon: Operand, { signal, noise }: LevelOf): Tensor =>
  add(mul(x0, signal), mul(epsilon, noise));

/** ε that leads from this x₀ to this x_t. */
export const epsilonOf = (xt: Operand, x0: Operand, { signal, noise }: LevelOf): Tensor =>
  div(sub(xt, mul(x0, signal)), noise);

/** x₀ that this ε was added to (Ho et al. 2020, eq. 15). */
export const x0Of = (xt: Operand, epsilon: Operand, { signal, noise }: LevelOf): Tensor =>
  div(sub(xt, mul(epsilon, noise)), signal);

export const PARAMETERIZATIONS = {
  epsilon: {
    target: (_x0, epsilon) => asTensor(epsilon),
    read: (xt, said, level) => ({ x0: x0Of(xt, said, level), epsilon: asTensor(said) }),
  },
  x0: {
    target: (x0) => asTensor(x0),
    read: (xt, said, level) => ({ x0: asTensor(said), epsilon: epsilonOf(xt, said, level) }),
  },
  v: {
    target: (x0, epsilon, { signal, noise }) => sub(mul(epsilon, signal), mul(x0, noise)),
    read: (xt, said, { signal, noise }) => ({
      x0: sub(mul(xt, signal), mul(said, noise)),
      epsilon: add(mul(xt, noise), mul(said, signal)),
    }),
  },
} as const satisfies Record<string, Parameterization>;

/** ε, x₀ or v (diffusers calls them epsilon, sample and v_prediction). */
export type Prediction = keyof typeof PARAMETERIZATIONS;
