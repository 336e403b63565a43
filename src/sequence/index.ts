export { ATTENTIONS, type AttentionName } from "./alignment.ts";
export { type AttentionMap, attentionMaps, type MapLabels, mapsPicture } from "./attention-maps.ts";
export { type BeamOptions, beamSearch, beamSearches, type Found } from "./beam.ts";
export { paddedLengths } from "./buckets.ts";
export { type CacheShape, KeyValueCache, type Remembering } from "./cache.ts";
export { CountModel } from "./count-model.ts";
export { type Compile, type Decoder, decodingStep, gptDecoder, plainGptDecoder } from "./decoder.ts";
export {
  type Encoded,
  EncoderDecoder,
  type Named,
  type TeacherForcing,
  targetLoss,
} from "./encoder-decoder.ts";
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
export { type PairDecoder, type PairDecoderOptions, pairDecoder, pairParts } from "./pair-decoder.ts";
export { Transformer, type TransformerOptions } from "./pair-transformer.ts";
export { endOf, pairExamples, pairSets } from "./pairs.ts";
export { alibiBias, alibiSlopes, POSITIONS, type Positions, rotate, sinusoidsAt } from "./positions.ts";
export {
  CELLS,
  type CellName,
  Seq2seq,
  type Seq2seqOptions,
} from "./seq2seq.ts";
export { seq2seq } from "./seq2seq-model.ts";
export { type Pass, Stack, type StackOptions } from "./stack.ts";
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
export { transformer } from "./transformer-model.ts";
export {
  type Agreement,
  agreement,
  editDistance,
  type Reference,
  referencesOf,
  type TranslateOptions,
  type Translation,
  translate,
} from "./translation.ts";
