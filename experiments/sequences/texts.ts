/** Texts made from the data sets of the package. */
import type { PairData, TokenData } from "../../src/data/data.ts";
import { documentData } from "../../src/data/text.ts";

const linesOf = ({ tokenizer }: TokenData, tokens: Int32Array): string[] =>
  tokenizer.decode(tokens).trimEnd().split("\n");

/** `count` of the training documents, evenly over all; the test documents stay as they are. */
export function fewer(data: TokenData, count: number): TokenData {
  const all = linesOf(data, data.train.tokens);
  const train = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
  return documentData(data.name, { train, test: linesOf(data, data.test.tokens) }, { like: data.spec });
}

/** The spelled words of pairs whose sources are words, in letters that `names` has; those that are names are left out. */
export function spelledWords({ source, train, test }: PairData, names: TokenData): TokenData {
  const known = new Set([names.train, names.test].flatMap(({ tokens }) => linesOf(names, tokens)));
  const spelled = (pairs: PairData["train"]): string[] => {
    const words = pairs.map((pair) => source.decode(pair.source));
    return [...new Set(words)].filter((word) => /^[a-z]+$/.test(word) && !known.has(word));
  };
  return documentData("words", { train: spelled(train), test: spelled(test) }, { like: names.spec });
}
