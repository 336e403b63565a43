/** A small network trained with everything a training step needs; runs on any engine, in Node and in a page. */
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { grad } from "../../src/tensor/grad.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { hostNormal, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";

export interface Trained {
  readonly losses: number[];
  /** A weight read back from the engine at the end. */
  readonly weight: number[];
  /** Of all parameters, by a second program that shares them: while the first one lives, and after. */
  readonly norms: number[];
}

/** An image network with noise, batch statistics kept as state, and momentum: `steps` steps of it. */
export async function train(engine: Engine, steps: number): Promise<Trained> {
  const key = Key.seed(1);
  const variable = (name: string, shape: number[], scale: number): Variable => {
    const size = shape.reduce((n, d) => n * d, 1);
    const values = hostNormal(key.split(name), size).map((v) => v * scale);
    return new Variable(shape, { name, value: ndarray(values, shape) });
  };
  const parameters = [
    variable("conv", [4, 1, 3, 3], 0.3),
    variable("conv.bias", [4, 1, 1], 0),
    variable("linear", [3, 4 * 3 * 3], 0.2),
    variable("linear.bias", [3], 0),
  ] as const;
  const momenta = parameters.map((p) => variable(`momentum.${p.name}`, [...p.shape], 0));
  const running = variable("running_mean", [1, 4, 1, 1], 0);
  const step = compile(
    (x: Tensor, labels: Tensor, noise: Key) => {
      const [w, b, v, c] = parameters;
      const noisy = o.add(x, o.mul(o.normal(noise.split("noise"), x.shape), 0.1));
      const h = o.add(o.conv2d(noisy, w, { padding: 1 }), b);
      const mean = o.mean(h, { axes: [0, 2, 3], keepDims: true });
      assign(running, o.add(o.mul(running, 0.9), o.mul(o.stopGradient(mean), 0.1)));
      const pooled = o.maxPool2d(o.silu(o.sub(h, mean)), 2);
      const logits = o.add(o.matmul(o.reshape(pooled, [-1, 36]), v, { transB: true }), c);
      const loss = o.neg(o.mean(o.sum(o.mul(o.logSoftmax(logits), o.oneHot(labels, 3)), { axes: 1 })));
      grad(loss, parameters).forEach((g, i) => {
        const m = o.add(o.mul(momenta[i]!, 0.9), g);
        assign(momenta[i]!, m);
        assign(parameters[i]!, o.sub(parameters[i]!, o.mul(m, 0.1)));
      });
      return loss;
    },
    { engine, name: "step" },
  );
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const x = ndarray(hostNormal(key.split("x").split(i % 4), 8 * 36), [8, 1, 6, 6]);
    const labels = ndarray(Int32Array.from({ length: 8 }, (_, j) => (i + j) % 3));
    losses.push(Number((await step(x, labels, key.split("step").split(i))).data[0]));
  }
  // Another program over the same state, before and after the first one is gone.
  const norm = compile(() => o.sum(parameters.map((p) => o.sum(o.square(p))).reduce((a, b) => o.add(a, b))), {
    engine,
  });
  const norms = [Number((await norm()).data[0])];
  await step.dispose();
  norms.push(Number((await norm()).data[0]));
  const weight = Array.from((await engine.state.read(parameters[2])).data as Float32Array);
  return { losses, weight, norms };
}
