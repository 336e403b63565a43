import type { Parameter } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Variable } from "../tensor/variable.ts";

/** Learning rate as a function of the step (0, 1, …), in the graph or on the host. */
export type Schedule = (step: Tensor) => Tensor;

/** An optimizer over fixed parameters. `step` is called while a training step is traced. */
export interface Optimizer {
  readonly parameters: readonly Parameter[];
  /** Its state by name ("exp_avg.encoder.0.weight"), for checkpoints. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Assign the parameters' next values. The gradients stand in the order of `parameters`. */
  step(gradients: readonly Tensor[], learningRate: Tensor | number): void;
}

/** Makes the optimizer once the parameters are known: what a training configuration holds. */
export type OptimizerFactory = (parameters: readonly Parameter[]) => Optimizer;
