/** GPT weights as others write them: GPT-2's (OpenAI, Hugging Face) and minGPT's (Karpathy; nanoGPT's, too). */
import { z } from "zod";
import { readGpt2Tokenizer } from "../data/bpe.ts";
import type { TokenizerSpec } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import { readSafeTensors } from "../nn/safetensors.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { showShape } from "../tensor/shape.ts";
import type { GptOptions } from "./gpt.ts";

/** `config.json` as either writes it: what of it says how the network computes. */
const Config = z.object({
  n_layer: z.int().min(1),
  n_head: z.int().min(1),
  n_embd: z.int().min(1),
  vocab_size: z.int().min(1),
  /** The context, by GPT-2's older and newer name and minGPT's. */
  n_positions: z.int().optional(),
  n_ctx: z.int().optional(),
  block_size: z.int().optional(),
  n_inner: z.int().nullish(),
  activation_function: z.string().optional(),
  layer_norm_epsilon: z.number().optional(),
});

/** The activations by the names of the Hugging Face Hub. */
const ACTIVATION_NAMES: Readonly<Record<string, GptOptions["activation"]>> = {
  gelu_new: "gelu_tanh",
  gelu_pytorch_tanh: "gelu_tanh",
  gelu: "gelu",
  relu: "relu",
  silu: "silu",
};

/** How GPT-2 is built; its numbers are those of a config.json. */
const GPT2 = {
  attention: true,
  gated: false,
  norm: "pre",
  normKind: "layer",
  residual: true,
  causal: true,
  positions: "learned",
} as const;

export interface GptWeights {
  readonly options: GptOptions;
  readonly dict: StateDict;
}

/** Masks that older files keep among the weights. */
const isMask = (name: string): boolean => /\.attn\.(masked_)?bias$/.test(name);

/** Linear layers of a block, whose weights GPT-2 keeps as [in, out] (OpenAI's Conv1D) and minGPT as [out, in]. */
const isLinear = (name: string): boolean => /\.(c_attn|c_proj|c_fc)\.weight$/.test(name);

/**
 * The options and weights of a GPT from the tensors of a file and its config.json. Which of the two layouts it has is told
 * by the shape of `c_attn`.
 * @throws UserError naming what is not as GPT-2 or minGPT write it.
 */
export function readGptWeights(
  tensors: Readonly<StateDict>,
  configuration: unknown,
  source = "the weights",
): GptWeights {
  const fail = (why: string): UserError => new UserError(`${source}: these are no weights of a GPT. ${why}`);
  const parsed = Config.safeParse(configuration);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw fail(`Its configuration (config.json) has no usable ${path.join(".")}: ${message}`);
  }
  const config = parsed.data;
  const named = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => !isMask(name))
      .map(([name, tensor]) => [name.replace(/^transformer\./, ""), tensor]),
  );
  const qkv = named["h.0.attn.c_attn.weight"];
  if (!qkv)
    throw fail(
      `There is no h.0.attn.c_attn.weight among them, but ${Object.keys(named).slice(0, 3).join(", ")} …`,
    );
  const width = config.n_embd;
  const is = (shape: readonly number[]): boolean => shape.join() === qkv.shape.join();
  const transposed = is([width, 3 * width]);
  if (!transposed && !is([3 * width, width]))
    throw fail(
      `h.0.attn.c_attn.weight is ${showShape(qkv.shape)}; expected is ${showShape([width, 3 * width])} (GPT-2) or ${showShape([3 * width, width])} (minGPT)`,
    );
  const dict: StateDict = {};
  for (const [name, tensor] of Object.entries(named))
    dict[name] = transposed && isLinear(name) ? flipped(tensor) : tensor;
  const { wte, head } = { wte: dict["wte.weight"], head: dict["lm_head.weight"] };
  // Tied weights are often written twice.
  const tied = !head || (wte !== undefined && sameNumbers(wte, head));
  if (tied) delete dict["lm_head.weight"];
  const vocabulary = wte?.shape[0];
  if (vocabulary !== config.vocab_size)
    throw fail(`Its configuration says ${config.vocab_size} tokens, and wte.weight has ${vocabulary}`);
  const activation = config.activation_function ?? "gelu_new";
  const known = ACTIVATION_NAMES[activation];
  if (!known)
    throw fail(`The activation ${activation} is not known here: ${Object.keys(ACTIVATION_NAMES).join(", ")}`);
  const context = config.n_positions ?? config.n_ctx ?? config.block_size;
  if (context === undefined)
    throw fail("Its configuration does not say the context (n_positions, block_size)");
  return {
    dict,
    options: {
      ...GPT2,
      width,
      heads: config.n_head,
      layers: config.n_layer,
      feedForward: config.n_inner ?? 4 * width,
      activation: known,
      bias: "h.0.attn.c_attn.bias" in dict,
      dropout: 0,
      vocabSize: config.vocab_size,
      context,
      tied,
    },
  };
}

/**
 * A GPT's weights as GPT-2's files have them: tensors for model.safetensors, and config.json.
 * @throws UserError where the options are not GPT-2's, so that no such file could hold it.
 */
export function writeGpt2Weights(
  dict: Readonly<StateDict>,
  options: GptOptions,
): { readonly tensors: StateDict; readonly config: Readonly<Record<string, unknown>> } {
  const other = Object.entries(GPT2).find(([name, value]) => options[name as keyof GptOptions] !== value);
  const name = Object.entries(ACTIVATION_NAMES).find(([, own]) => own === options.activation)?.[0];
  if (other || !options.tied || !options.bias || !name)
    throw new UserError(
      `this is no GPT-2: ${other ? `option \`${other[0]}\` is not ${String(other[1])}` : "it has other activations, no bias, or an output layer of its own"}. Export it as a run instead (option \`format\` run)`,
    );
  const tensors: StateDict = {};
  for (const [key, tensor] of Object.entries(dict)) tensors[key] = isLinear(key) ? flipped(tensor) : tensor;
  const { vocabSize, context, width, layers, heads, feedForward, dropout } = options;
  const config = {
    model_type: "gpt2",
    architectures: ["GPT2LMHeadModel"],
    vocab_size: vocabSize,
    n_positions: context,
    n_ctx: context,
    n_embd: width,
    n_layer: layers,
    n_head: heads,
    n_inner: feedForward,
    activation_function: name,
    layer_norm_epsilon: 1e-5,
    attn_pdrop: dropout,
    embd_pdrop: dropout,
    resid_pdrop: dropout,
    tie_word_embeddings: true,
  };
  return { tensors, config };
}

/** A file of a folder by its name; undefined where there is none. */
type ReadFile = (name: string) => Promise<Uint8Array | undefined>;

/**
 * A GPT and its tokenizer from a folder of others: config.json, model.safetensors, and vocab.bpe with encoder.json or
 * merges.txt with vocab.json.
 * @throws UserError naming what is missing or is not a GPT's.
 */
export async function readGptFiles(
  read: ReadFile,
  folder: string,
): Promise<GptWeights & { readonly tokenizer: TokenizerSpec }> {
  const required = async (name: string): Promise<Uint8Array> => {
    const bytes = await read(name);
    if (!bytes) throw new UserError(`${folder}: ${name} of a GPT is missing`);
    return bytes;
  };
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const source = `${folder}/model.safetensors`;
  const { tensors } = readSafeTensors(await required("model.safetensors"), source);
  const weights = readGptWeights(tensors, JSON.parse(text(await required("config.json"))), source);
  const openai = await read("vocab.bpe");
  const merges = text(openai ?? (await required("merges.txt")));
  const vocabulary = text(await required(openai ? "encoder.json" : "vocab.json"));
  return { ...weights, tokenizer: readGpt2Tokenizer(merges, vocabulary).spec };
}

/** A matrix [a, b] as [b, a]. */
function flipped({ data, shape, dtype }: NdArray): NdArray {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = Number(data[i * columns + j]);
  return { data: out, shape: [columns, rows], dtype } as NdArray;
}

const sameNumbers = (a: NdArray, b: NdArray): boolean =>
  a.data.length === b.data.length && a.data.every((value, i) => value === b.data[i]);
