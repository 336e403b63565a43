/** What page and worker say to one another. Each message of a worker names the opening it belongs to. */
import type { Stepped } from "./experiment.ts";
import type { Look, LookOptions, Setting, View } from "./models.ts";

export type Order =
  | { readonly kind: "open"; readonly opening: number; readonly setting: Setting; readonly ort: string }
  /** Slow: two steps a second, each half by itself. */
  | { readonly kind: "play"; readonly slow: boolean }
  | { readonly kind: "pause" }
  | { readonly kind: "step" }
  | { readonly kind: "half" }
  | { readonly kind: "rewind" }
  /** What is to be seen from now on. */
  | { readonly kind: "look"; readonly look: LookOptions };

export type News = { readonly opening: number } & (
  | { readonly kind: "opened"; readonly view: View; readonly real: Float32Array }
  /** What the worker has fetched, to be kept for a visit without a network. */
  | { readonly kind: "files"; readonly files: readonly string[] }
  | { readonly kind: "steps"; readonly steps: readonly Stepped[] }
  | { readonly kind: "look"; readonly look: Look }
  | { readonly kind: "rewound" }
  /** Something is wrong, and it has stopped. */
  | { readonly kind: "problem"; readonly message: string }
);
