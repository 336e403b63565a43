/** Synthetic tasks that show what a sequence model can and cannot do. All are drawn from a fixed seed. */
import { lookup, UserError } from "../errors.ts";
import { hostBits, hostPermutation, Key } from "../tensor/random.ts";
import type { PairData } from "./data.ts";
import type { OpenOptions } from "./sources.ts";
import { pairsData, type TextPair } from "./text.ts";

/** Options of a task and their defaults. */
type Numbers = Readonly<Record<string, number>>;
type Options = Pick<OpenOptions, "like">;

interface SequenceTask {
  readonly about: string;
  readonly defaults: Numbers;
  make(name: string, n: Numbers, options: Options): PairData;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Up to `count` distinct strings of `min` to `length` letters, with lengths drawn uniformly. */
function strings({ count, min, length, symbols }: Numbers, key: Key): string[] {
  const found = new Set<string>();
  const bits = hostBits(key, 2 * count! * (length! + 1));
  for (let at = 0; found.size < count! && at + length! < bits.length; at += length! + 1) {
    const size = min! + (bits[at]! % (length! - min! + 1));
    found.add(Array.from({ length: size }, (_, i) => LETTERS[bits[at + 1 + i]! % symbols!]).join(""));
  }
  return [...found];
}

/** `count` strings of `min` to `length` letters in which none comes twice, with lengths drawn uniformly. */
function permutations({ count, min, length, symbols }: Numbers, key: Key): string[] {
  if (length! > symbols!)
    throw new UserError(`induction: ${length} distinct letters are more than the ${symbols} that there are`);
  const sizes = hostBits(key.split("lengths"), count!);
  const found = Array.from({ length: count! }, (_, i) =>
    Array.from(hostPermutation(key.split(i), symbols!), (at) => LETTERS[at]!)
      .slice(0, min! + (sizes[i]! % (length! - min! + 1)))
      .join(""),
  );
  return [...new Set(found)];
}

/** The first tenth is for testing: the examples are in random order. */
function firstTenth<T>(all: readonly T[]): { train: readonly T[]; test: readonly T[] } {
  const cut = Math.max(1, Math.floor(all.length / 10));
  return { test: all.slice(0, cut), train: all.slice(cut) };
}

const STRINGS = { min: 1, length: 10, symbols: 8, count: 20_000 };

/** A task that maps a random string to a target. */
const onStrings = (
  about: string,
  answer: (source: string) => string,
  defaults: Numbers = STRINGS,
): SequenceTask => ({
  about,
  defaults,
  make: (name, n, options) => {
    const all = strings(n, Key.seed(0).split(name));
    const pairs = all.map((source): TextPair => [source, answer(source)]);
    return pairsData(name, firstTenth(pairs), options);
  },
});

/** Every pair of whole numbers below `n`, in a random order. */
function sums(n: number, write: (a: number, b: number) => TextPair, key: Key): TextPair[] {
  return Array.from(hostPermutation(key, n * n), (i) => write(Math.floor(i / n), i % n));
}

const additions = (about: string, written: (sum: string) => string): SequenceTask => ({
  about,
  defaults: { digits: 2 },
  make: (name, { digits }, options) => {
    const pad = (n: number, width: number): string => String(n).padStart(width, "0");
    const write = (a: number, b: number): TextPair => [
      `${pad(a, digits!)}+${pad(b, digits!)}`,
      written(pad(a + b, digits! + 1)),
    ];
    return pairsData(name, firstTenth(sums(10 ** digits!, write, Key.seed(0).split(name))), options);
  },
});

export const TASKS: Readonly<Record<string, SequenceTask>> = {
  copy: onStrings("a random string, to be copied", (source) => source),
  reverse: onStrings("a random string, to be reversed", (source) => Array.from(source).reverse().join("")),
  sort: onStrings("a random string, to be sorted", (source) => Array.from(source).sort().join("")),
  addition: additions(
    "two numbers of `digits` digits and their sum; of all pairs, a tenth is for testing",
    (sum) => sum,
  ),
  "reversed-addition": additions("the same, the sum from its last digit to its first", (sum) =>
    Array.from(sum).reverse().join(""),
  ),
  induction: {
    about: "a string of distinct letters, to be written again: after each comes what came after it before",
    defaults: { min: 5, length: 12, symbols: 26, count: 20_000 },
    make: (name, n, options) => {
      const all = permutations(n, Key.seed(0).split(name));
      return pairsData(name, firstTenth(all.map((text): TextPair => [text, text])), options);
    },
  },
  "modular-addition": {
    about: "a + b modulo `modulus`; of all pairs, `percent` % for training and the others for testing",
    defaults: { modulus: 113, percent: 30 },
    make: (name, { modulus, percent }, options) => {
      const write = (a: number, b: number): TextPair => [`${a} + ${b}`, String((a + b) % modulus!)];
      const all = sums(modulus!, write, Key.seed(0).split(name));
      const cut = Math.floor((all.length * percent!) / 100);
      const parts = { train: all.slice(0, cut), test: all.slice(cut) };
      return pairsData(name, parts, { ...options, tokenizers: ["words", "words"] });
    },
  },
};

/** The maximum of each number: larger ones would not fit, or there are no letters for them. */
const MOST: Numbers = {
  symbols: LETTERS.length,
  digits: 3,
  modulus: 1000,
  percent: 99,
  length: 1000,
  count: 1e6,
};

/**
 * A task by the text after "task:": its name, then its settings ("reverse,length=20,symbols=4").
 * @throws UserError where there is no such task or setting.
 */
export function taskData(rest: string, name: string, options: Options = {}): PairData {
  const [kind = "", ...given] = rest.split(",");
  const task = lookup("task", TASKS, kind);
  const numbers: Record<string, number> = { ...task.defaults };
  for (const one of given) {
    const [key = "", value = ""] = one.split("=");
    lookup(`number of the task ${kind}`, task.defaults, key);
    const number = Number(value);
    const most = MOST[key] ?? Number.MAX_SAFE_INTEGER;
    if (!(value !== "" && Number.isInteger(number) && number >= 1 && number <= most))
      throw new UserError(
        `${name}: ${key} is a whole number from 1 to ${most}, not ${JSON.stringify(value)}`,
      );
    numbers[key] = number;
  }
  // The minimum must not exceed the maximum, whichever of them was given.
  if (numbers.min !== undefined) numbers.min = Math.min(numbers.min, numbers.length!);
  return task.make(name, numbers, options);
}
