import { ndarray } from "../../tensor/ndarray.ts";
import type { HostBatch } from "../../train/task.ts";
import type { Symmetry } from "../games/game.ts";
import type { Rng } from "../random.ts";
import type { Part } from "./parts.ts";

/** A position of a finished game, as the player saw it who moved there. */
export interface Position {
  /** Planes of cells, 0 and 1. */
  readonly seen: Uint8Array;
  /** 1 for legal actions. */
  readonly mask: Uint8Array;
  /** What the search found, π. */
  readonly pi: ArrayLike<number>;
  /** What became of the game for that player, z: 1 won, 0 drawn, −1 lost. */
  readonly z: number;
}

interface Saved {
  readonly size: number;
  readonly head: number;
  readonly seen: Uint8Array;
  readonly masks: Uint8Array;
  readonly pi: Float32Array;
  readonly z: Float32Array;
}

/** The last positions of games against oneself, as a ring; the oldest go first. */
export class Positions implements Part {
  readonly #capacity: number;
  readonly #width: number;
  readonly #actions: number;
  readonly #symmetries: readonly Symmetry[];
  #size = 0;
  #head = 0;
  readonly #seen: Uint8Array;
  readonly #masks: Uint8Array;
  readonly #pi: Float32Array;
  readonly #z: Float32Array;

  /** @param symmetries a position is drawn turned or mirrored by one of these, each as likely */
  constructor(capacity: number, width: number, actions: number, symmetries: readonly Symmetry[]) {
    this.#capacity = capacity;
    this.#width = width;
    this.#actions = actions;
    this.#symmetries = symmetries;
    this.#seen = new Uint8Array(capacity * width);
    this.#masks = new Uint8Array(capacity * actions);
    this.#pi = new Float32Array(capacity * actions);
    this.#z = new Float32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  add({ seen, mask, pi, z }: Position): void {
    const slot = this.#head;
    this.#seen.set(seen, slot * this.#width);
    this.#masks.set(mask, slot * this.#actions);
    this.#pi.set(pi, slot * this.#actions);
    this.#z[slot] = z;
    this.#head = (slot + 1) % this.#capacity;
    this.#size = Math.min(this.#size + 1, this.#capacity);
  }

  /** B positions by chance: observations [B, width], masks and pi [B, actions], z [B]. */
  sample(B: number, rng: Rng): HostBatch {
    const [width, actions] = [this.#width, this.#actions];
    const observations = new Float32Array(B * width);
    const masks = new Float32Array(B * actions);
    const pi = new Float32Array(B * actions);
    const z = new Float32Array(B);
    for (let b = 0; b < B; b++) {
      const slot = rng.integers(this.#size);
      const { cells, actions: turned } = this.#symmetries[rng.integers(this.#symmetries.length)]!;
      for (let from = 0; from < width; from += cells.length)
        for (let i = 0; i < cells.length; i++)
          observations[b * width + from + i] = this.#seen[slot * width + from + cells[i]!]!;
      for (let a = 0; a < actions; a++) {
        masks[b * actions + a] = this.#masks[slot * actions + turned[a]!]!;
        pi[b * actions + a] = this.#pi[slot * actions + turned[a]!]!;
      }
      z[b] = this.#z[slot]!;
    }
    return {
      observations: ndarray(observations, [B, width]),
      masks: ndarray(masks, [B, actions]),
      pi: ndarray(pi, [B, actions]),
      z: ndarray(z),
    };
  }

  save(): unknown {
    const [size, width, actions] = [this.#size, this.#width, this.#actions];
    return {
      size,
      head: this.#head,
      seen: this.#seen.subarray(0, size * width),
      masks: this.#masks.subarray(0, size * actions),
      pi: this.#pi.subarray(0, size * actions),
      z: this.#z.subarray(0, size),
    } satisfies Saved;
  }

  load(saved: unknown): void {
    const { size, head, seen, masks, pi, z } = saved as Saved;
    this.#size = size;
    this.#head = head;
    this.#seen.set(seen);
    this.#masks.set(masks);
    this.#pi.set(pi);
    this.#z.set(z);
  }
}
