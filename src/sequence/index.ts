export { type BeamOptions, beamSearch, type Found } from "./beam.ts";
export { type CacheShape, KeyValueCache, type Remembering } from "./cache.ts";
export { CountModel } from "./count-model.ts";
export { type Compile, type Decoder, decodingStep, gptDecoder, plainGptDecoder } from "./decoder.ts";
export { languageExamples, PADDING, type Window, windowsOf } from "./examples.ts";
export {
  ChoiceOptions,
  type GenerateOptions,
  generate,
  generateText,
  type TextOptions,
  type Written,
  type WrittenText,
} from "./generate.ts";
export { Gpt, type GptOptions } from "./gpt.ts";
export { gpt } from "./gpt-model.ts";
export { type GptWeights, readGptFiles, readGptWeights, writeGpt2Weights } from "./gpt-weights.ts";
export * from "./logits.ts";
export { alibiBias, alibiSlopes, POSITIONS, type Positions, rotate, sinusoidsAt } from "./positions.ts";
export {
  Block,
  type BlockInputs,
  type BlockOptions,
  CrossAttention,
  FeedForward,
  type Memory,
  type Scope,
  SelfAttention,
  type Source,
  type Watch,
} from "./transformer.ts";
