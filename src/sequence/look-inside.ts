/** What a trained GPT does with a text: its maps of attention, and what each layer would say next. */
import { z } from "zod";
import type { DataSpec } from "../data/spec.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import type { Context, Output } from "../model/contract.ts";
import { chartSvg } from "../plot/chart.ts";
import { heatMap } from "../plot/heatmap.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { softmax } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { vocabularyOf } from "./answers.ts";
import { attentionMaps, mapsPicture } from "./attention-maps.ts";
import type { Gpt } from "./gpt.ts";

type GptContext = Context<unknown, Gpt>;

export const LookInside = z.strictObject({
  prompt: z
    .string()
    .describe("the text that is read; of a model that answers, question and answer with a tab between"),
});
type LookInside = z.output<typeof LookInside>;

/** A text as the model reads it, and each token as a word to show. */
interface Reading {
  readonly tokens: NdArray<"int32">;
  readonly words: readonly string[];
  readonly word: (token: number) => string;
}

const MARK = "▸";
const SHOWN: Readonly<Record<string, string>> = { "\n": "⏎", " ": "␣", "\t": "⇥" };

/** A document is read behind the ending of one before, a question behind a marker. */
function tokensOf(spec: DataSpec, prompt: string): { tokens: number[]; word: (token: number) => string } {
  if (spec.kind === "pairs") {
    const { tokenizer, marker, target } = vocabularyOf(spec);
    const [question = "", answer] = prompt.split("\t");
    const written = answer === undefined ? [] : target(tokenizerOf(spec.target).encode(answer));
    const tokens = [marker, ...Array.from(tokenizer.encode(question)), marker, ...written];
    return { tokens, word: (token) => (token === marker ? MARK : tokenizer.decode([token])) };
  }
  if (spec.kind !== "tokens") throw new UserError("only models of text can be looked into");
  const tokenizer = tokenizerOf(spec.tokenizer);
  const before = spec.ending === undefined ? [] : [spec.ending];
  const tokens = [...before, ...Array.from(tokenizer.encode(prompt))];
  return { tokens, word: (token) => tokenizer.decode([token]) };
}

function read({ spec, module }: GptContext, prompt: string): Reading {
  const { tokens, word } = tokensOf(spec, prompt);
  const { context } = module.options;
  if (tokens.length === 0) throw new UserError("option `prompt` is empty: give a text to read");
  if (tokens.length > context)
    throw new UserError(
      `option \`prompt\` is ${tokens.length} tokens, and the model's context is ${context}: give a shorter text`,
    );
  const shown = (token: number): string => word(token).replace(/[\n\t ]/g, (c) => SHOWN[c]!);
  return {
    tokens: ndarray(Int32Array.from(tokens), [1, tokens.length]),
    words: tokens.map(shown),
    word: shown,
  };
}

const json = (name: string, data: unknown) => ({ name: `${name}.json`, text: `${JSON.stringify(data)}\n` });

/** How much each token looks at each before it, by layer and head: drawn, and as data. */
export async function attention(context: GptContext, { prompt }: LookInside): Promise<Output> {
  const { tokens, words } = read(context, prompt);
  const { module, compile } = context;
  const maps = await attentionMaps((watch, t) => module.forward(t!, undefined, watch), [tokens], compile);
  const labels = { rows: words, columns: words, y: "token that looks", x: "token that is seen" };
  return {
    pictures: [await mapsPicture("attention", "Attention", maps, labels)],
    files: [json("attention", { tokens: words, maps })],
  };
}

/** Candidates that are kept of each layer and token. */
const KEPT = 5;

interface Candidate {
  readonly token: string;
  readonly probability: number;
}

/** The logit lens (nostalgebraist 2020): what the output layer makes of the stream after each block. */
export async function lens(context: GptContext, { prompt }: LookInside): Promise<Output> {
  const { tokens, words, word } = read(context, prompt);
  const { module, compile } = context;
  const program = compile((t: Tensor) => {
    const seen: Record<string, Tensor> = {};
    module.forward(t, undefined, (name, stream) => {
      if (/^(embedding|h\.\d+)$/.test(name)) seen[name] = softmax(module.logits(stream));
    });
    return seen;
  }, "logit lens");
  const found: Readonly<Record<string, NdArray>> = await program(tokens);
  const layers = Object.entries(found).map(([name, { data, shape }]) => ({
    layer: name === "embedding" ? name : `block ${Number(name.slice(2)) + 1}`,
    next: words.map((_, at) => candidates(Array.from(data, Number).slice(at * shape[2]!, (at + 1) * shape[2]!), word)), // biome-ignore format: one line
  }));
  const chart = heatMap(
    { title: "What each layer would say next", x: "token read", y: "after" },
    layers.map(({ next }) => next.map(([best]) => best!.probability)),
    {
      rows: layers.map(({ layer }) => layer),
      columns: words,
      cells: layers.map(({ next }) => next.map(([best]) => best!.token)),
      legend: "probability",
      cell: 40,
    },
  );
  const picture = { name: "lens", svg: await chartSvg(chart) };
  return { pictures: [picture], files: [json("lens", { tokens: words, layers })] };
}

const candidates = (probabilities: readonly number[], word: (token: number) => string): Candidate[] =>
  probabilities
    .map((probability, token) => ({ probability, token }))
    .sort((a, b) => b.probability - a.probability || a.token - b.token)
    .slice(0, KEPT)
    .map(({ probability, token }) => ({ token: word(token), probability }));
