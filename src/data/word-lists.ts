/** Data sets of words that come with the package, made from files of two npm packages it depends on. */

import { UserError } from "../errors.ts";
import { hostPermutation, Key } from "../tensor/random.ts";
import type { PairData, TokenData } from "./data.ts";
import type { OpenOptions } from "./sources.ts";
import { lineData, pairsData, type TextPair } from "./text.ts";

/** The package and file of each. */
export const WORD_LISTS = {
  names: { package: "humannames", file: "list.txt" },
  cmudict: { package: "cmu-pronouncing-dictionary", file: "index.js" },
  rhymes: { package: "cmu-pronouncing-dictionary", file: "index.js" },
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

/** Longer words are few, and would make every row as long. */
const LONGEST_RHYME = 12;

/**
 * Words, each with another that rhymes with it: the same phones from the last stressed vowel on, in its first pronunciation in the CMU
 * dictionary. Of the letters a to z alone, 12 at most. Within a class of rhymes each word is paired with the next in a random order,
 * so that all of a class are connected. Of `rhymes:50` those classes alone in which a word has 50 others. The words whose number n (alphabetically) has n mod 10 = 9 are for testing.
 */
export function rhymesData(
  module: string,
  { like, name = "rhymes" }: Options & { readonly name?: string } = {},
): PairData {
  const [, least = "1"] = name.split(":");
  const others = Number(least);
  if (!(Number.isInteger(others) && others > 0))
    throw new UserError(
      `${name}: the least number of other words that rhyme is a whole number above 0, as in rhymes:50, not "${least}"`,
    );
  const classes = new Map<string, string[]>();
  for (const [, word, pronunciation] of module.matchAll(/^ *"?([a-z]+)"?: "([^"]*)",?$/gm)) {
    if (word!.length > LONGEST_RHYME) continue;
    const rhyme = rhymeOf(pronunciation!.replace(/#.*$/, "").trim());
    const known = classes.get(rhyme);
    if (known) known.push(word!);
    else classes.set(rhyme, [word!]);
  }
  const pairs: TextPair[] = [];
  for (const [rhyme, words] of classes) {
    if (words.length <= others) continue;
    const order = hostPermutation(Key.seed(0).split(rhyme), words.length);
    for (const [i, n] of order.entries()) pairs.push([words[n]!, words[order[(i + 1) % words.length]!]!]);
  }
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const train = pairs.filter((_, i) => i % 10 !== 9);
  const test = pairs.filter((_, i) => i % 10 === 9);
  return pairsData(name, { train, test }, { like, tokenizers: ["characters", "characters"] });
}

/** "K AE1 T" → "AE1 T": from the last vowel with stress, or, where there is none, the last vowel. */
function rhymeOf(phones: string): string {
  const all = phones.split(" ");
  const stressed = all.findLastIndex((phone) => /[12]$/.test(phone));
  const from = stressed >= 0 ? stressed : all.findLastIndex((phone) => /\d$/.test(phone));
  return all
    .slice(Math.max(0, from))
    .map((phone) => phone.replace(/\d$/, ""))
    .join(" ");
}
