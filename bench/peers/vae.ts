import { hostUniform, Key } from "../../src/tensor/random.ts";

/** The workload `vae` of ../step.ts as the peers take it: its sizes, images, and initial weights from one distribution. */
export const BATCH = 128;
export const PIXELS = 784;
export const LATENTS = 20;
/** Inputs and outputs of the dense layers: two encode, two decode. */
export const LAYERS = [
  [PIXELS, 400],
  [400, 2 * LATENTS],
  [LATENTS, 400],
  [400, PIXELS],
] as const;
export const REPEATS = { repeats: 200, warmup: 50 };

const key = Key.seed(0);

export const images = (): Float32Array => hostUniform(key.split("x"), BATCH * PIXELS);

/** `length` initial weights or biases of a layer: uniform between ±1/√inputs, as PyTorch's and ours. */
export const initial = (name: string, length: number, inputs: number): Float32Array =>
  hostUniform(key.split(name), length).map((u) => (2 * u - 1) / Math.sqrt(inputs));
