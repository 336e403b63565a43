import { expect } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Module } from "../../src/nn/module.ts";
import { grad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { distance, type Golden } from "./read.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** A case: its module (if it has state), and its outputs from its inputs. */
export interface Subject {
  readonly module?: Module;
  readonly run: (inputs: Tensors) => Tensors;
}

/** Outputs and the gradients of all parameters and float inputs, held against the golden. */
export async function compareGolden(engine: Engine, golden: Golden, { module, run }: Subject): Promise<void> {
  module?.loadStateDict(golden.state, { source: "the golden" });
  const parameters = module?.namedParameters() ?? [];
  const floats = Object.keys(golden.grads).filter((name) => name in golden.inputs);
  const program = compile(
    (inputs: Tensors) => {
      const outputs = run(inputs);
      const pieces = Object.entries(outputs).flatMap(([name, out]) => {
        const cotangent = inputs[`cotangent.${name}`] ?? inputs.cotangent;
        return cotangent ? [ops.sum(ops.mul(out, cotangent))] : [];
      });
      const total = outputs.loss ?? pieces.reduce((a, b) => ops.add(a, b));
      const targets = [...parameters.map(([, p]) => p), ...floats.map((name) => inputs[name]!)];
      const grads = grad(total, targets);
      const names = [...parameters.map(([name]) => name), ...floats];
      return { outputs, grads: Object.fromEntries(grads.map((g, i) => [names[i]!, g])) };
    },
    { engine },
  );
  const found = await program(golden.inputs);
  const state = (await module?.stateDict()) ?? {};
  for (const [name, value] of Object.entries(golden.outputs)) {
    const got = name.endsWith(".after") ? state[name.slice(0, -".after".length)] : found.outputs[name];
    expect(distance(got!, value), `output ${name}`).toBeLessThan(1e-5);
  }
  expect(Object.keys(found.grads).sort()).toEqual(Object.keys(golden.grads).sort());
  for (const [name, value] of Object.entries(golden.grads))
    expect(distance(found.grads[name]!, value), `gradient of ${name}`).toBeLessThan(2e-5);
  await program.dispose();
}
