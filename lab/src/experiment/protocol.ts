/** What page and worker say to one another. Each message of a worker names the opening it belongs to. */
import type { Metrics } from "galatea/train/checkpoint.ts";
import type { MetricName } from "./metrics.ts";

/** What belongs together in one kind of experiment. */
export interface Kinds {
  /** All that decides what is learned. */
  readonly setting: unknown;
  /** What is known once it is open. */
  readonly opened: unknown;
  /** How a look is taken. */
  readonly how: unknown;
  readonly look: Seen;
  /** What a visitor asks of it beside looks, and what is answered, in one or several parts. */
  readonly ask: unknown;
  readonly answer: unknown;
}

export interface Seen {
  readonly step: number;
  /** What was measured, to be drawn with the metrics of the steps. */
  readonly numbers: Readonly<Partial<Record<MetricName, number>>>;
}

/** The result of a step, or of the half of one: `player` is whose turn it was. */
export interface Stepped {
  readonly step: number;
  readonly player: string | undefined;
  readonly metrics: Metrics;
  /** The steps that it has are used up: nothing follows. */
  readonly last?: boolean;
}

export type Order<K extends Kinds = Kinds> =
  | {
      readonly kind: "open";
      readonly opening: number;
      readonly setting: K["setting"];
      readonly ort: string;
    }
  /** Slow: two steps a second, each half by itself. */
  | { readonly kind: "play"; readonly slow: boolean }
  | { readonly kind: "pause" }
  /** Playing waits at this step, so that two side by side stay together. */
  | { readonly kind: "hold"; readonly until: number }
  | { readonly kind: "step" }
  | { readonly kind: "half" }
  | { readonly kind: "rewind" }
  /** What is to be seen from now on. */
  | { readonly kind: "look"; readonly look: K["how"] }
  | { readonly kind: "ask"; readonly asking: number; readonly ask: K["ask"] };

export type News<K extends Kinds = Kinds> = { readonly opening: number } & (
  | { readonly kind: "opened"; readonly opened: K["opened"] }
  /** How far the opening is, where it takes long. */
  | { readonly kind: "progress"; readonly done: number; readonly total: number }
  /** What the worker has fetched, to be kept for a visit without a network. */
  | { readonly kind: "files"; readonly files: readonly string[] }
  | { readonly kind: "steps"; readonly steps: readonly Stepped[] }
  | { readonly kind: "look"; readonly look: K["look"] }
  | { readonly kind: "rewound" }
  | { readonly kind: "answer"; readonly asking: number; readonly answer: K["answer"] }
  /** It cannot be answered; the experiment goes on. */
  | { readonly kind: "refused"; readonly asking: number; readonly message: string }
  /** Something is wrong, and it has stopped. */
  | { readonly kind: "problem"; readonly message: string }
);
