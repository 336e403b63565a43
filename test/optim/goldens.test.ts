/** Five steps of every optimizer, and clipping, against PyTorch. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { init, Parameter } from "../../src/nn/index.ts";
import { adam, adamW, clipGradNorm, type OptimizerFactory, rmsprop, sgd } from "../../src/optim/index.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { distance, golden, goldens } from "../goldens/read.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await nodeEngine({ threads: 1 });
});
afterAll(() => engine.dispose());

// biome-ignore lint/suspicious/noExplicitAny: options as PyTorch names them
const MAKE: Record<string, (c: any) => OptimizerFactory> = {
  SGD: (c) => sgd({ ...c, weightDecay: c.weight_decay ?? 0 }),
  Adam: (c) => adam({ ...c, weightDecay: c.weight_decay ?? 0 }),
  AdamW: (c) => adamW({ ...c, weightDecay: c.weight_decay }),
  RMSprop: (c) => rmsprop({ ...c, weightDecay: c.weight_decay ?? 0 }),
};

/** Slice t of an array of steps. */
function at(array: NdArray, t: number): NdArray<"float32"> {
  const shape = array.shape.slice(1);
  const size = array.data.length / array.shape[0]!;
  return ndarray(array.data.slice(t * size, (t + 1) * size) as Float32Array, shape);
}

function parameterOf(name: string, value: NdArray): Parameter {
  const parameter = new Parameter(value.shape, init.zeros);
  parameter.name = name;
  parameter.set(value);
  return parameter;
}

describe("optimizers", () => {
  for (const [name, { config, state, inputs, outputs }] of goldens("optimizers"))
    if (!name.startsWith("clip"))
      // Packed: weight and bias lie in one vector. Alone: each is an optimizer of its own.
      test.each(["packed", "alone"])(`${name} %s`, async (how) => {
        const parameters = Object.entries(state).map(([n, value]) => parameterOf(n, value));
        const make = MAKE[name.split("_")[0]!]!(config);
        const teams = how === "packed" ? [parameters] : parameters.map((p) => [p]);
        const optimizers = teams.map((team) => make(team));
        const step = compile(
          (gradients: readonly Tensor[]) => {
            optimizers.forEach((optimizer, i) => {
              optimizer.step(how === "packed" ? gradients : [gradients[i]!], config.lr as number);
            });
          },
          { engine },
        );
        for (let t = 0; t < 5; t++) {
          await step(parameters.map((p) => at(inputs[`grad.${p.name}`]!, t)));
          for (const p of parameters)
            expect(
              distance(await engine.state.read(p), at(outputs[p.name]!, t)),
              `${p.name}, step ${t}`,
            ).toBeLessThan(1e-6);
        }
        await step.dispose();
      });
});

describe("clipGradNorm", () => {
  test.each(["clip_grad_norm", "clip_grad_norm_below"])("%s", async (name) => {
    const { config, inputs, outputs } = golden("optimizers", name);
    const clip = compile(
      (gradients: readonly Tensor[]) => clipGradNorm(gradients, config.max_norm as number),
      { engine },
    );
    const found = await clip([inputs["grad.weight"]!, inputs["grad.bias"]!]);
    expect(distance(found.norm, outputs.total_norm!)).toBeLessThan(1e-6);
    expect(distance(found.gradients[0]!, outputs.weight!)).toBeLessThan(1e-6);
    expect(distance(found.gradients[1]!, outputs.bias!)).toBeLessThan(1e-6);
    await clip.dispose();
  });

  test("a limit that is not above zero is refused", () => {
    expect(() => clipGradNorm([], 0)).toThrow("the largest norm is above 0, not 0");
  });
});
