/** What one example of a language model is, and how its loss is counted. */
import type { Examples, HostBatch, TokenData, TokenStream } from "../data/data.ts";
import { UserError } from "../errors.ts";
import type { ExampleSets } from "../model/contract.ts";
import { crossEntropy, type LossOptions } from "../nn/losses.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { maximum } from "../tensor/ops.ts";
import { hostPermutation, Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** In the place of tokens where an example is shorter than its row. */
export const PADDING = -1;

/** A part of a text: tokens start … end − 1, of which those before `counted` are read and not predicted anew. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly counted: number;
}

/**
 * The windows a text is read in. Each has at most `context` tokens and the one that follows the last; the first token is
 * read alone. A document begins with the ending of the one before, and none reaches into the next. Windows begin `stride`
 * tokens apart, and a token that two of them hold counts in the first.
 */
export function windowsOf(
  { tokens }: TokenStream,
  context: number,
  { ending, stride = context }: { readonly ending?: number | undefined; readonly stride?: number } = {},
): Window[] {
  const windows: Window[] = [];
  const within = (from: number, to: number): void => {
    // The token at `counted` is the first that no window has predicted yet.
    for (let start = from, counted = from + 1; counted < to; start += stride) {
      const end = Math.min(start + context + 1, to);
      if (end > counted) windows.push({ start, end, counted });
      counted = Math.max(counted, end);
    }
  };
  if (ending === undefined) within(0, tokens.length);
  else
    for (let from = -1; from + 1 < tokens.length; ) {
      const end = tokens.indexOf(ending, from + 1);
      within(from, end < 0 ? tokens.length : end + 1);
      if (end < 0) break;
      from = end;
    }
  return windows;
}

/** Windows as rows [N, width], padded behind. Before the text stands its ending, as between documents. */
export function rowsOf(
  { tokens }: TokenStream,
  windows: readonly Window[],
  width: number,
  ending: number | undefined,
): HostBatch {
  const out = new Int32Array(windows.length * width).fill(PADDING);
  for (const [n, { start, end }] of windows.entries()) {
    out.set(tokens.subarray(Math.max(0, start), end), n * width + (start < 0 ? 1 : 0));
    if (start < 0) out[n * width] = ending!;
  }
  return { tokens: ndarray(out, [windows.length, width]) };
}

/**
 * Training examples: rows of `context` tokens and the one that follows. A text in one piece is cut into windows that do not
 * overlap. Documents are shuffled (by a fixed key) and packed: a row starts with a document, others follow until it is full,
 * and the one that was cut off starts the next row. Nothing is padded; as documents are in random order, those before tell
 * nothing of the next.
 * @throws UserError where the text does not fill one row.
 */
export function languageExamples(data: TokenData, context: number): ExampleSets {
  const { ending } = data.spec;
  const [train, test] = [data.train, data.test].map((part): Examples => {
    const { tokens } = ending === undefined ? part : shuffled(part, ending);
    const starts = ending === undefined ? tiles(tokens.length, context) : packed(tokens, ending, context);
    const width = context + 1;
    return {
      length: starts.length,
      fields: { tokens: { shape: [width], dtype: "int32" } },
      batch: (indices) => {
        const out = new Int32Array(indices.length * width);
        for (let n = 0; n < indices.length; n++) {
          const start = starts[indices[n]!]!;
          out.set(tokens.subarray(start, start + width), n * width);
        }
        return { tokens: ndarray(out, [indices.length, width]) };
      },
    };
  }) as [Examples, Examples];
  if (train.length === 0)
    throw new UserError(
      `"${data.name}": the text has ${data.train.length} tokens to learn from, which is less than the context of ${context} and one to predict. Give a longer text, or a smaller option \`context\``,
    );
  return { train, test };
}

/** Starts of windows that overlap in one token: the last of each is predicted there and read in the next. */
const tiles = (length: number, context: number): number[] =>
  Array.from({ length: Math.max(0, Math.floor((length - 1) / context)) }, (_, i) => i * context);

/** The documents in a random order, with an ending before the first. */
function shuffled({ tokens }: TokenStream, ending: number): TokenStream {
  const documents: Int32Array[] = [];
  for (let from = 0; from < tokens.length; from += documents.at(-1)!.length) {
    const end = tokens.indexOf(ending, from);
    documents.push(tokens.subarray(from, end < 0 ? tokens.length : end + 1));
  }
  const order = hostPermutation(Key.seed(0).split("documents"), documents.length);
  const all = new Int32Array(tokens.length + 1);
  all[0] = ending;
  let at = 1;
  for (const i of order) {
    all.set(documents[i]!, at);
    at += documents[i]!.length;
  }
  return { length: all.length, tokens: all };
}

/** Starts of packed rows: the ending before a document. A document longer than a row continues in the next. */
function packed(tokens: Int32Array, ending: number, context: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start + context < tokens.length; ) {
    starts.push(start);
    const last = tokens.lastIndexOf(ending, start + context);
    start = last > start ? last : start + context;
  }
  return starts;
}

/** What is read of rows [B, T + 1], and what follows each: [B, T] both. */
export function readAndNext(rows: Tensor): { readonly read: Tensor; readonly next: Tensor } {
  const length = rows.shape[1]!;
  return { read: maximum(rows.narrow(1, 0, length - 1), 0), next: rows.narrow(1, 1, length) };
}

/** Nats a token of logits [B, T, V] for what follows; padding counts for nothing. */
export const nextTokenLoss = (logits: Tensor, next: Tensor, options: LossOptions = {}): Tensor =>
  crossEntropy(logits, next, { ignoreIndex: PADDING, ...options });
