/** A Transformer's techniques as options, for decoder-only and encoder–decoder models alike. */
import { z } from "zod";
import { ACTIVATIONS, type ActivationName } from "../nn/activations.ts";
import { POSITIONS } from "./positions.ts";

export const BLOCK_OPTIONS = {
  feedForward: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe("hidden width of the feed-forward layers; 0: no feed-forward (default: 4 × width)"),
  activation: z
    .enum(Object.keys(ACTIVATIONS) as [ActivationName, ...ActivationName[]])
    .default("gelu_tanh")
    .describe("activation of the feed-forward layers"),
  gated: z.boolean().default(false).describe("gate the feed-forward layers; with silu this is SwiGLU"),
  positions: z.enum(POSITIONS).default("rotary").describe("position encoding"),
  norm: z
    .enum(["pre", "post", "none"])
    .default("pre")
    .describe("normalise before each sublayer (pre), after the residual sum (post), or not at all"),
  normKind: z.enum(["layer", "rms"]).default("layer").describe("LayerNorm or RMSNorm"),
  attention: z.boolean().default(true).describe("leave self-attention out: no token sees another"),
  residual: z.boolean().default(true).describe("leave the residual connections out"),
  causal: z
    .boolean()
    .default(true)
    .describe("leave the causal mask out: a token sees those after it, and so what it should predict"),
  bias: z.boolean().default(true).describe("no biases in linear layers and norms"),
  tied: z.boolean().default(true).describe("do not tie the output layer to the embedding"),
};
