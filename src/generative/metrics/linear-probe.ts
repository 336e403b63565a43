import { compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { Linear } from "../../nn/linear.ts";
import { crossEntropy } from "../../nn/losses.ts";
import { adam } from "../../optim/adam.ts";
import { linear as linearDecay } from "../../optim/schedules.ts";
import { grad } from "../../tensor/grad.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { argmax } from "../../tensor/ops.ts";
import { hostPermutation, type Key } from "../../tensor/random.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { statistics } from "../latent.ts";

/** Codes [N, D] with the class of each [N]. */
export interface LabelledCodes {
  readonly codes: NdArray<"float32">;
  readonly labels: NdArray<"int32">;
}

export interface ProbeOptions {
  readonly engine: Engine;
  readonly key: Key;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly lr?: number;
  readonly progress?: (done: number, total: number) => void;
}

/**
 * The test accuracy (0 … 1) of multinomial logistic regression on codes, as a measure of a representation (Alain and
 * Bengio 2016): codes are standardised by the training set's mean and standard deviation, and the regression is
 * trained by Adam with a learning rate that falls to zero.
 */
export async function linearProbe(
  train: LabelledCodes,
  test: LabelledCodes,
  classes: number,
  { engine, key, steps = 2000, batchSize = 500, lr = 0.02, progress }: ProbeOptions,
): Promise<number> {
  const [n, d] = train.codes.shape as [number, number];
  if (test.codes.shape[1] !== d)
    throw new ShapeError(
      "linearProbe",
      [train.codes.shape, test.codes.shape],
      "codes of one size are expected",
    );
  const size = Math.min(batchSize, n);
  const stepsPerEpoch = Math.floor(n / size);
  const scale = standardizer(train.codes);
  const codes = scale(train.codes);

  const layer = new Linear(d, classes).initialize(key.split("weights"));
  const optimizer = adam()(layer.parameters());
  const schedule = linearDecay(lr, { steps });
  const step = compile(
    (x: Tensor, y: Tensor, t: Tensor) => {
      const loss = crossEntropy(layer.forward(x), y);
      optimizer.step(grad(loss, layer.parameters()), schedule(t));
      return loss;
    },
    { engine, name: "linear probe" },
  );
  const predict = compile((x: Tensor) => argmax(layer.forward(x), -1), { engine, name: "linear probe" });
  try {
    const x = new Float32Array(size * d);
    const y = new Int32Array(size);
    let order = hostPermutation(key.split("order"), n);
    for (let t = 0; t < steps; t++) {
      const at = (t % stepsPerEpoch) * size;
      if (at === 0 && t > 0) order = hostPermutation(key.split("order").split(t), n);
      for (let i = 0; i < size; i++) {
        const from = order[at + i]!;
        x.set(codes.data.subarray(from * d, (from + 1) * d), i * d);
        y[i] = train.labels.data[from]!;
      }
      if (t % 20 === 0) progress?.(t, steps);
      await step(ndarray(x, [size, d]), ndarray(y), t);
    }
    progress?.(steps, steps);
    const guesses = (await predict(scale(test.codes))) as NdArray<"int32">;
    const right = guesses.data.reduce((count, g, i) => count + (g === test.labels.data[i] ? 1 : 0), 0);
    return right / guesses.data.length;
  } finally {
    await step.dispose();
    await predict.dispose();
    for (const v of [...layer.parameters(), ...optimizer.variables.values()]) engine.state.release(v);
  }
}

/** Scales each dimension to mean 0 and standard deviation 1; a constant dimension becomes 0. */
function standardizer(codes: NdArray<"float32">): (codes: NdArray<"float32">) => NdArray<"float32"> {
  const d = codes.shape[1]!;
  const { mean, variance } = statistics(codes);
  const factor = variance.map((v) => (v > 1e-12 ? 1 / Math.sqrt(v) : 0));
  return ({ data, shape }) =>
    ndarray(
      data.map((v, i) => (v - mean[i % d]!) * factor[i % d]!),
      shape,
    );
}
