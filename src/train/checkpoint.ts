import { z } from "zod";
import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import type { Output } from "./task.ts";

/** Everything a run needs to continue as if it had never stopped, whatever learns in it. */
export interface Checkpoint {
  /** Steps done (for agents, environment steps or episodes). Keys are split from the seed by it, so none is saved. */
  readonly step: number;
  readonly seed: number;
  /** Time spent in steps so far. */
  readonly seconds: number;
  /**
   * Named tensors in named groups: `weights`; `ema`, the weights with their moving averages in place; `optimizer`;
   * an agent's table, normalisation or replay. Using a run takes only the weights.
   */
  readonly tensors: { readonly weights: StateDict } & Readonly<Record<string, StateDict>>;
  /** What else the next step depends on, as JSON: the position in the data, environments, random generators. */
  readonly progress: Readonly<Record<string, unknown>>;
}

/** The optimizer's state. @throws UserError where the checkpoint has none, so that training cannot continue. */
export function trainable({ step, tensors }: Pick<Checkpoint, "step" | "tensors">): StateDict {
  if (tensors.optimizer) return tensors.optimizer;
  throw new UserError(
    `the checkpoint of step ${step} holds the weights alone: it can be sampled and measured, but not trained on`,
  );
}

export const PositionSchema = z.strictObject({ epoch: z.int().min(0), index: z.int().min(0) });

/** Where checkpoints are saved: a run folder in Node; in a browser, what the page chooses. */
export interface CheckpointStore {
  /** Save it whole or not at all; returns where, for people. */
  save(checkpoint: Checkpoint): Promise<string>;
  /** Mark the checkpoint of this step, just saved, as the best so far: it is kept when older ones are removed. */
  markBest?(step: number, numbers: Metrics): Promise<void>;
}

export type Metrics = Readonly<Record<string, number>>;

/** An event of a training loop. `step` counts the steps done; agents may have no epochs. */
export type TrainEvent =
  | { readonly kind: "step"; readonly step: number; readonly epoch?: number; readonly metrics: Metrics }
  | ({ readonly kind: "sample"; readonly step: number } & Output)
  | { readonly kind: "validation"; readonly step: number; readonly metrics: Metrics; readonly best: boolean }
  | { readonly kind: "checkpoint"; readonly step: number; readonly where: string }
  | { readonly kind: "done"; readonly step: number; readonly finished: boolean; readonly seconds: number };
