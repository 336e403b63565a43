/** A model with a code of two numbers, trained on digits: which settings it offers, and what page and worker say of it. */
import type { Value } from "../experiment/controls.ts";
import type { Kinds, Seen } from "../experiment/protocol.ts";

export type Coder = "vae" | "ae";

interface Offered {
  readonly model: Coder;
  readonly controls: readonly string[];
  readonly options: Readonly<Record<string, Value>>;
}

const SMALL = { latent: 2, width: 128 } as const;

/** As its page offers it: options of the model that are controls, and where the page departs from its defaults. */
export const CODERS: Readonly<Record<Coder, Offered>> = {
  vae: { model: "vae", controls: ["beta", "freeBits", "width"], options: { ...SMALL, klWarmup: 0 } },
  ae: { model: "ae", controls: ["width"], options: SMALL },
};

export const TRAINING = { batchSize: 64, lr: 2e-3 } as const;

/** Codes each way of the map, and test images whose codes lie on it. */
export const [GRID, SHOWN] = [14, 400] as const;

/** All that decides what is learned. */
export interface LatentSetting {
  readonly model: Coder;
  readonly seed: number;
  readonly lr: number;
  /** Only what differs from `options` above. */
  readonly options: Readonly<Record<string, Value>>;
  /** Where the images are. */
  readonly data: string;
}

export type Place = readonly [number, number];

/** The part of the plane of codes that is seen. */
export interface Window {
  readonly centre: Place;
  readonly reach: Place;
}

export interface LatentLook extends Seen {
  readonly window: Window;
  /** Decoded codes, row by row from above, as greys: [GRID² · pixels]. */
  readonly grid: Uint8ClampedArray;
  /** Codes of test images, x, y, x, y … */
  readonly codes: Float32Array;
}

export interface LatentKinds extends Kinds {
  readonly setting: LatentSetting;
  /** The classes of the test images whose codes are shown. */
  readonly opened: { readonly labels: Int32Array };
  readonly how: undefined;
  readonly look: LatentLook;
  /** A code to be decoded. */
  readonly ask: Place;
  /** Its image, in [0, 1]. */
  readonly answer: Float32Array;
}

/** Code i of a map's row or column, from −1 to 1: the middles of its cells. */
export const cell = (i: number): number => (2 * i + 1) / GRID - 1;
