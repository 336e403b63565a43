import type { HostBatch } from "../data/data.ts";
import type { Module } from "../nn/module.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Moves, Pace } from "./learning.ts";

export type { HostBatch };

/** One batch as a loss sees it: named tensors, as in the examples ("images", "labels", "tokens" …). */
export type Batch = Readonly<Record<string, Tensor>>;

/** The loss to minimise, and any other numbers worth logging (all scalars). */
export type Losses = { readonly loss: Tensor } & Readonly<Record<string, Tensor>>;

/** A module and the loss it minimises. Most models have one player, a GAN two. */
export interface Player extends Moves {
  readonly name: string;
  readonly module: Module;
  /** Traced once. `key` is fresh at each step; `step` is the step number as a float32 scalar (for annealing). */
  readonly loss: (batch: Batch, key: Key, step: Tensor) => Losses;
  /** The loss on held-out examples, where it differs from the training loss (without dropout, say). */
  readonly validate?: ((batch: Batch, key: Key, step: Tensor) => Losses) | undefined;
  /** Updates of this player per step of the loop (a discriminator may have several); 1 when left out. */
  readonly repeats?: number | undefined;
}

/** Everything the training loop needs to know about a model. */
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

/** What a command or preview returns: numbers and text are printed, pictures and numbers are kept. */
export interface Output {
  readonly pictures?: readonly Picture[];
  readonly numbers?: Readonly<Record<string, number>>;
  /** Generated text, and warnings. */
  readonly text?: readonly string[];
  /** Data to keep, each as a file of text: "attention.json". */
  readonly files?: readonly { readonly name: string; readonly text: string }[];
}

/** A picture to show and save: `name` becomes the file's name. */
export type Picture =
  | {
      readonly name: string;
      /** [N, C, H, W] in [0, 1]. */
      readonly images: NdArray<"float32">;
      /** Images per row of the grid; about square when left out. */
      readonly columns?: number;
    }
  | { readonly name: string; readonly svg: string }
  | {
      readonly name: string;
      /** An animation: each frame a batch [N, C, H, W] in [0, 1]. */
      readonly frames: readonly NdArray<"float32">[];
      readonly columns?: number;
    };
