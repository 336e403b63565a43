/** Elementwise updates of state, the gradients given: the same bits wherever they run. */
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { init, Parameter } from "../../src/nn/index.ts";
import { adamW, type OptimizerFactory, rmsprop, sgd } from "../../src/optim/index.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { hostUniform, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { assign } from "../../src/tensor/trace.ts";

const RULES: readonly OptimizerFactory[] = [
  sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  adamW({ weightDecay: 0.1 }),
  rmsprop({ momentum: 0.5, centered: true }),
];

/** Weights and state after some steps of every rule, with gradients scaled by a number that is fed. */
export async function updates(engine: Engine, steps: number): Promise<number[]> {
  const key = Key.seed(2);
  const values: number[] = [];
  for (const [i, rule] of RULES.entries()) {
    const parameters = [[5, 7], [11], [300]].map((shape, k) => {
      const parameter = new Parameter(shape, init.zeros);
      parameter.name = `p${k}`;
      parameter.set(ndarray(hostUniform(key.split(`p${k}`), parameter.size), shape));
      return parameter;
    });
    const optimizer = rule(parameters);
    const step = compile(
      (gradients: readonly Tensor[], scale: Tensor, rate: Tensor) => {
        optimizer.step(
          gradients.map((g) => o.mul(o.sub(g, 0.5), scale)),
          o.mul(rate, o.exp(o.neg(scale))),
        );
        assign(parameters[2]!, o.tanh(parameters[2]!));
      },
      { engine },
    );
    for (let t = 0; t < steps; t++) {
      const drawn = parameters.map((p, k) =>
        ndarray(hostUniform(key.split(`g${i}${k}`).split(t), p.size), p.shape),
      );
      await step(drawn, 1 / (1 + t), 0.1);
    }
    for (const v of [...parameters, ...optimizer.variables.values()])
      values.push(...((await v.read()).data as Float32Array));
    await step.dispose();
  }
  return values;
}
