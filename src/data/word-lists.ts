/** Data sets of words that come with the package, made from files of two npm packages it depends on. */
import type { PairData, TokenData } from "./data.ts";
import type { OpenOptions } from "./sources.ts";
import { lineData, pairsData, type TextPair } from "./text.ts";

/** The package and file of each. */
export const WORD_LISTS = {
  names: { package: "humannames", file: "list.txt" },
  cmudict: { package: "cmu-pronouncing-dictionary", file: "index.js" },
} as const;

type Options = Pick<OpenOptions, "tokenizer" | "like">;

/**
 * First and last names from all over the world, in lower case, only the letters a to z, without duplicates, in the order of
 * the file (alphabetical). Every tenth is for testing.
 */
export function namesData(list: string, options: Options = {}): TokenData {
  const names = list.toLowerCase().split(/\r?\n/);
  return lineData("names", [...new Set(names.filter((name) => /^[a-z]+$/.test(name)))].join("\n"), options);
}

/**
 * Spellings and pronunciations from the CMU Pronouncing Dictionary, split as cmusphinx's g2p-seq2seq does: the words in
 * the order of the file, number n of them (from 0) for testing where n mod 20 is 17 or 18, for validation where it is 19,
 * and for training otherwise. The pronunciations of a word stay together. Stress digits and comments are left out.
 * Letters are the tokens of a source, phones those of a target.
 */
export function cmudictData(module: string, { like }: Options = {}): PairData {
  const parts = { train: [] as TextPair[], validation: [] as TextPair[], test: [] as TextPair[] };
  let [words, last] = [-1, ""];
  for (const [, spelling, pronunciation] of module.matchAll(/^ *"(.+?)": "([^"]*)",?$/gm)) {
    const word = spelling!.replace(/\(\d+\)$/, "");
    if (word !== last) words++;
    last = word;
    const phones = pronunciation!.replace(/#.*$/, "").replace(/\d/g, "").trim();
    const n = words % 20;
    parts[n === 19 ? "validation" : n >= 17 ? "test" : "train"].push([word, phones]);
  }
  return pairsData("cmudict", parts, { like, tokenizers: ["characters", "words"] });
}
