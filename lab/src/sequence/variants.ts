/** The sequence models that learn in the page: which settings they offer, and how they are trained there. */
import type { Value } from "../experiment/controls.ts";

export type ModelName = "seq2seq" | "transformer" | "gpt";

export interface Variant {
  /** Its name in the catalogue. */
  readonly model: ModelName;
  /** Options of the model's schema that are offered as controls; five at most. */
  readonly controls: readonly string[];
  /** Where the page departs from the model's defaults. */
  readonly options: Readonly<Record<string, Value>>;
  readonly training: Readonly<Record<string, Value>>;
  /** Its node on the map. */
  readonly node: string;
}

const recurrent = (node: string, options: Variant["options"]): Variant => ({
  model: "seq2seq",
  controls: ["cell", "width", "embedding", "layers", "bidirectional"],
  options: { cell: "gru", width: 64, embedding: 32, layers: 1, bidirectional: true, dropout: 0, ...options },
  training: { batchSize: 64, lr: 5e-3, maxGradNorm: 1 },
  node,
});

const attending = (node: string, options: Variant["options"] = {}): Variant => ({
  model: "transformer",
  controls: ["positions", "norm", "residual", "heads", "layers"],
  options: { layers: 2, heads: 2, width: 32, context: 16, dropout: 0, ...options },
  training: { batchSize: 64, lr: 5e-3, maxGradNorm: 1, optimizer: "adamw", beta2: 0.98, warmup: 20 },
  node,
});

/** Models of pairs by the name of the variant. */
export const VARIANTS = {
  code: recurrent("seq2seq", { attention: "none" }),
  additive: recurrent("additive", { attention: "additive" }),
  dot: recurrent("dot", { attention: "dot" }),
  transformer: attending("translation"),
  "no-positions": attending("translation", { positions: "none" }),
  "no-residual": attending("translation", { residual: false }),
  "no-norm": attending("translation", { norm: "none" }),
  "one-head": attending("multi-head", { heads: 1 }),
  "no-cross": attending("translation", { crossAttention: false }),
} as const satisfies Readonly<Record<string, Variant>>;
export type VariantName = keyof typeof VARIANTS;
export const VARIANT_NAMES = Object.keys(VARIANTS) as VariantName[];

export const GPT: Variant = {
  model: "gpt",
  controls: ["layers", "width", "positions", "residual"],
  options: { layers: 2, heads: 4, width: 48, context: 16 },
  training: { batchSize: 32, lr: 3e-3, optimizer: "adamw", beta2: 0.99, weightDecay: 0.1, warmup: 50, maxGradNorm: 1 }, // biome-ignore format: one line
  node: "gpt",
};

/** How many names a GPT learns from, of some twelve thousand. */
export const NAME_COUNTS = ["all", "1000", "200"] as const;
export type NameCount = (typeof NAME_COUNTS)[number];

export const TASK_NAMES = ["reverse", "copy", "sort"] as const;
export type TaskName = (typeof TASK_NAMES)[number];
/** The longest source, the shortest, and the letters: a to h. */
export const [LENGTH, SHORTEST, SYMBOLS] = [8, 3, 8] as const;
export const LETTERS = "abcdefgh";
/** What is written at first. */
export const SOURCE = LETTERS;

export const dataName = (task: TaskName): string =>
  `task:${task},length=${LENGTH},min=${SHORTEST},symbols=${SYMBOLS}`;

/** What a source must be to be read; undefined where a text is none. */
export const sourceOf = (text: string): string | undefined =>
  new RegExp(`^[${LETTERS}]{1,${LENGTH}}$`).test(text) ? text : undefined;
