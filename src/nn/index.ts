export { ACTIVATIONS, type Activation, type ActivationName } from "./activations.ts";
export {
  type AttentionMasks,
  type AttentionOptions,
  attentionWeights,
  joinHeads,
  MultiheadAttention,
  type MultiheadAttentionOptions,
  scaledDotProductAttention,
  splitHeads,
} from "./attention.ts";
export { type Layer, Sequential, type Step } from "./container.ts";
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
} from "./convolution.ts";
export { Dropout, type DropoutOptions, dropout } from "./dropout.ts";
export { Embedding, type SinusoidOptions, sinusoids, sinusoidTable } from "./embedding.ts";
export * as init from "./init.ts";
export { type LayerOptions, Linear, linear } from "./linear.ts";
export * from "./losses.ts";
export { Buffer, type Initializer, Module, Parameter, type StateDict } from "./module.ts";
export {
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormOptions,
  GroupNorm,
  LayerNorm,
  type LayerNormOptions,
  type NormOptions,
  RMSNorm,
  syncBatchNorm,
} from "./normalization.ts";
export { AvgPool1d, AvgPool2d, Flatten, MaxPool1d, MaxPool2d } from "./pooling.ts";
export {
  type CellOptions,
  type CellState,
  GRU,
  GRUCell,
  LSTM,
  LSTMCell,
  RecurrentCell,
  type RecurrentOptions,
  type RecurrentOutput,
  RNN,
  RNNCell,
  type RNNOptions,
} from "./recurrent.ts";
export { readSafeTensors, type SafeTensors, writeSafeTensors } from "./safetensors.ts";
export { SpectralNorm } from "./spectral-norm.ts";
export { summary } from "./summary.ts";
export {
  type DecoderMasks,
  type EncoderMasks,
  type NormPlace,
  type SublayerOptions,
  sublayer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerLayerOptions,
  type TransformerStackOptions,
} from "./transformer.ts";
