export * from "./batches.ts";
export { bpeTokenizer, learnBpe, readGpt2Tokenizer } from "./bpe.ts";
export type { NamedBytes } from "./bytes.ts";
export { cifarDataset } from "./cifar.ts";
export * from "./data.ts";
export * from "./dataset.ts";
export { idxDataset, idxSplit, type Limit, readIdx } from "./idx.ts";
export * from "./image.ts";
export { KNOWN_SPECS, knownSpec } from "./known-specs.ts";
export { drawMixture, MIXTURES, type Mixture } from "./mixtures.ts";
export { CIFAR10, DATASETS, DIGITS, FASHION } from "./names.ts";
export { mixtureData } from "./points.ts";
export type { DataSource, Opened } from "./sources.ts";
export * from "./spec.ts";
export { TASKS, taskData } from "./tasks.ts";
export { documentData, lineData, pairData, pairsData, textData } from "./text.ts";
export {
  byteTokenizer,
  charactersOf,
  characterTokenizer,
  type TextStream,
  type Tokenizer,
  wordTokenizer,
} from "./tokenizer.ts";
export { learnTokenizer, tokenizerOf } from "./tokenizers.ts";
export * as transforms from "./transforms.ts";
export * from "./validation.ts";
export { type OpenOptions, openData } from "./web.ts";
export { cmudictData, namesData } from "./word-lists.ts";
