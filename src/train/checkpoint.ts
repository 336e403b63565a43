import type { Position } from "../data/batches.ts";
import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import type { Output } from "./task.ts";

/** Everything a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Steps done. The key of the next step is split from the seed by this number, so no key is carried. */
  readonly step: number;
  readonly seed: number;
  /** Where in the data the next step reads. */
  readonly position: Position;
  /** Time spent in steps so far. */
  readonly seconds: number;
  readonly weights: StateDict;
  /** The weights with their moving averages in place, if a player keeps any. */
  readonly ema: StateDict | undefined;
  /** Absent where only what using the model takes was kept: such a run cannot be trained on. */
  readonly optimizer: StateDict | undefined;
}

/** The optimizer's state, without which training cannot go on: a UserError where it was left out. */
export function trainable({ step, optimizer }: Checkpoint): StateDict {
  if (optimizer) return optimizer;
  throw new UserError(
    `the checkpoint of step ${step} holds the weights alone: it can be sampled and measured, but not trained on`,
  );
}

/** Where checkpoints go: a run folder in Node, whatever a page chooses in a browser. */
export interface CheckpointStore {
  /** Keep it whole or not at all; say where it is. */
  save(checkpoint: Checkpoint): Promise<string>;
}

export type Metrics = Readonly<Record<string, number>>;

/** What the training loop tells its listeners. `step` counts the steps done. */
export type TrainEvent =
  | { readonly kind: "step"; readonly step: number; readonly epoch: number; readonly metrics: Metrics }
  | ({ readonly kind: "sample"; readonly step: number } & Output)
  | { readonly kind: "checkpoint"; readonly step: number; readonly where: string }
  | { readonly kind: "done"; readonly step: number; readonly finished: boolean; readonly seconds: number };
