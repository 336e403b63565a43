import {
  asTensor,
  clamp,
  elu,
  gelu,
  geluTanh,
  leakyRelu,
  logSigmoid,
  relu,
  sigmoid,
  silu,
  softplus,
  tanh,
} from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";

export type Activation = (x: Tensor) => Tensor;

/** Activations by the names that configurations use (PyTorch's functional names). */
export const ACTIVATIONS = {
  relu,
  silu,
  gelu,
  gelu_tanh: geluTanh,
  tanh,
  sigmoid,
  leaky_relu: (x) => leakyRelu(x),
  elu,
  softplus,
  logsigmoid: logSigmoid,
  mish: (x) => x.mul(x.softplus().tanh()),
  hardtanh: (x) => clamp(x, -1, 1),
  identity: (x) => asTensor(x),
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof ACTIVATIONS;
