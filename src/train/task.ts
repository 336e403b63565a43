import type { HostBatch } from "../data/data.ts";
import type { Module } from "../nn/module.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Moves, Pace } from "./learning.ts";

export type { HostBatch };

/** What a loss sees of one batch: named tensors, as the examples give them ("images", "labels", "tokens" …). */
export type Batch = Readonly<Record<string, Tensor>>;

/** The loss to minimise, and any other numbers worth logging (all scalars). */
export type Losses = { readonly loss: Tensor } & Readonly<Record<string, Tensor>>;

/** One side of the game: the module it moves and the loss it minimises. Most models have one, a GAN two. */
export interface Player extends Moves {
  readonly name: string;
  readonly module: Module;
  /** Traced once. `key` is fresh at each step; `step` is the step number as a float32 scalar (for annealing). */
  readonly loss: (batch: Batch, key: Key, step: Tensor) => Losses;
  /** What is measured on held-out examples, where that is not the loss as it is trained on (without dropout, say). */
  readonly validate?: ((batch: Batch, key: Key, step: Tensor) => Losses) | undefined;
  /** Half-steps of this player per step of the loop (a discriminator may take several); 1 when left out. */
  readonly repeats?: number | undefined;
}

/** Everything the training loop needs to know of a model. */
export interface Task {
  readonly name: string;
  /** All weights, under the names of the state dict. Whoever starts a run initialises or loads them. */
  readonly module: Module;
  readonly players: readonly Player[];
}

/** How long and how fast a run trains. Models see it when their players are made, for schedules and annealing. */
export interface Plan extends Pace {
  /** May be a fraction: a step may take several batches. */
  readonly stepsPerEpoch: number;
  /** Examples in a (micro-)batch. */
  readonly batchSize: number;
  /** Micro-batches whose gradients are averaged for one step of an optimizer. */
  readonly accumulate: number;
}

/** What a look at a model gives: numbers and text are printed, pictures and numbers are kept. */
export interface Output {
  readonly pictures?: readonly Picture[];
  readonly numbers?: Readonly<Record<string, number>>;
  /** For models that write words, and for warnings. */
  readonly text?: readonly string[];
}

/** A picture to show and save: `name` becomes the file's name. */
export type Picture =
  | {
      readonly name: string;
      /** [N, C, H, W] in [0, 1]. */
      readonly images: NdArray<"float32">;
      /** Pictures in a row of the grid; about square when left out. */
      readonly columns?: number;
    }
  | { readonly name: string; readonly svg: string }
  | {
      readonly name: string;
      /** An animation: each frame a batch [N, C, H, W] in [0, 1]. */
      readonly frames: readonly NdArray<"float32">[];
      readonly columns?: number;
    };
