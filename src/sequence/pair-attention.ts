/** What a trained encoder–decoder model looks at while it writes: its maps of attention, drawn and as data. */
import { z } from "zod";
import type { PairSpec } from "../data/spec.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { tokenizerOf } from "../data/tokenizers.ts";
import { UserError } from "../errors.ts";
import type { Output } from "../model/contract.ts";
import { ndarray } from "../tensor/ndarray.ts";
import { type AttentionMap, attentionMaps, type MapLabels, mapsPicture } from "./attention-maps.ts";
import type { PairContext } from "./pair-commands.ts";
import { translate } from "./translation.ts";

export const Attention = z.strictObject({
  source: z.string().describe("the source text"),
  target: z.string().optional().describe("the target text (default: what the model writes)"),
});
type Attention = z.output<typeof Attention>;

const wordsOf = (tokenizer: Tokenizer, tokens: ArrayLike<number>): string[] =>
  Array.from(tokens, (token) => tokenizer.decode([token]));

/** Which maps are drawn together: part of the layer's path, name of the picture, its title, and whose words stand beside it. */
export const PARTS = [
  { of: /^alignment$/, name: "alignment", title: "Alignment", rows: "written", columns: "source" },
  { of: /^decoder\..*cross/, name: "cross-attention", title: "Attention to the source", rows: "written", columns: "source" },
  { of: /^decoder\.h\.\d+$/, name: "decoder-attention", title: "Self-attention of the decoder", rows: "read", columns: "read" },
  { of: /^encoder\./, name: "encoder-attention", title: "Self-attention of the encoder", rows: "source", columns: "source" },
] as const; // biome-ignore format: a table

export async function attentionCommand(context: PairContext, { source, target }: Attention): Promise<Output> {
  const spec = context.spec as PairSpec;
  const { module, key, compile } = context;
  const [from, to] = [tokenizerOf(spec.source), tokenizerOf(spec.target)];
  const read = from.encode(source);
  if (read.length === 0) throw new UserError("option `source` is empty: give a text to look at");
  const [[best] = []] = target === undefined ? await translate(module, [read], { key }, context) : [];
  const written = target === undefined ? best!.tokens : Array.from(to.encode(target));
  const inputs = [read, [module.end, ...written]].map((row) =>
    ndarray(Int32Array.from(row), [1, row.length]),
  );
  const maps = await attentionMaps(
    (watch, tokens, before) => module.forward(tokens!, before!, { watch }),
    inputs,
    compile,
  );
  const sourceWords = wordsOf(from, read);
  const targetWords = wordsOf(to, written);
  const words = { source: sourceWords, read: ["start", ...targetWords], written: [...targetWords, "end"] };
  const pictures = await Promise.all(
    PARTS.flatMap(({ of, name, title, rows, columns }) => {
      const own = maps.filter(({ layer }) => of.test(layer));
      if (own.length === 0) return [];
      const labels: MapLabels = { rows: words[rows], columns: words[columns], y: rows, x: columns };
      return [mapsPicture(name, title, own, labels)];
    }),
  );
  const data = { ...words, maps: maps satisfies readonly AttentionMap[] };
  return {
    pictures,
    text: [`${source} → ${to.decode(Int32Array.from(written))}`],
    files: [{ name: "attention.json", text: `${JSON.stringify(data)}\n` }],
  };
}
