/** Rewards as functions of a prompt and its completion, by name; their sum is what a policy is paid, each is logged. */
import type { Data } from "../../data/data.ts";
import { lookup, UserError } from "../../errors.ts";
import { promptsOf } from "./dialogue.ts";
import { type Tones, toneReward } from "./tones.ts";

/** A completion to be judged. */
export interface Judged {
  readonly prompt: string;
  readonly completion: string;
  /** The right answer, where the data have one. */
  readonly answer?: string | undefined;
}

export type Reward = (judged: Judged) => number;

/** 1 where the completion is the answer, to the last character. */
export const exactMatch: Reward = ({ completion, answer }) => Number(completion === answer);

/** The share of places that are right, of as many as the longer of completion and answer has. */
export const rightPlaces: Reward = ({ completion, answer = "" }) => {
  const [have, want] = [Array.from(completion), Array.from(answer)];
  const right = want.filter((character, i) => have[i] === character).length;
  return right / Math.max(have.length, want.length, 1);
};

/** 1 where the text (prompt and completion) ends so. */
export const endsIn =
  (ending: string): Reward =>
  ({ prompt, completion }) =>
    Number((prompt + completion).endsWith(ending));

/** Falls by 1 for each `length` characters that the completion is from that length. */
export const lengthNear =
  (length: number): Reward =>
  ({ completion }) =>
    -Math.abs(Array.from(completion).length - length) / length;

/** DAPO's soft punishment (Yu et al. 2025, eq. 13): 0 to `free` characters, then falling to −1 at `most`. */
export const softLimit =
  (free: number, most: number): Reward =>
  ({ completion }) =>
    -Math.min(Math.max((Array.from(completion).length - free) / (most - free), 0), 1);

/** The share of distinct characters: what falls when a model repeats itself. */
export const distinct: Reward = ({ completion }) => {
  const all = Array.from(completion);
  return all.length === 0 ? 0 : new Set(all).size / all.length;
};

/**
 * Words by what they rhyme with, from pairs of words that do: whoever is paired is in one class. A dictionary, too: what is in no
 * pair is no word.
 */
export class Rhymes {
  readonly #classes = new Map<string, string>();

  constructor(pairs: Iterable<readonly [string, string]>) {
    for (const [a, b] of pairs) this.#classes.set(this.#root(a), this.#root(b));
  }

  #root(word: string): string {
    let root = word;
    for (let up = this.#classes.get(root); up !== undefined && up !== root; up = this.#classes.get(root))
      root = up;
    // So that the next look is short.
    this.#classes.set(word, root);
    return root;
  }

  has(word: string): boolean {
    return this.#classes.has(word);
  }

  rhyme(a: string, b: string): boolean {
    return a !== b && this.has(a) && this.has(b) && this.#root(a) === this.#root(b);
  }
}

/** 1 where the completion is another word that rhymes with the prompt. */
export const rhyming =
  (words: Rhymes): Reward =>
  ({ prompt, completion }) =>
    Number(words.rhyme(prompt, completion));

/** 1 where the completion is a word. */
export const wordhood =
  (words: Rhymes): Reward =>
  ({ completion }) =>
    Number(words.has(completion));

/** All words of pairs and how they rhyme. @throws UserError where the data are no pairs. */
export function rhymesOf(data: Data): Rhymes {
  if (data.kind !== "pairs")
    throw new UserError(
      `the reward rhyme needs pairs of words that rhyme (the data set rhymes), not "${data.name}"`,
    );
  const { train, test } = promptsOf(data, 0);
  return new Rhymes([...train, ...test].map(({ prompt, answer }) => [prompt, answer!] as const));
}

/** What rewards may need beside a completion. */
export interface Known {
  readonly data: () => Data;
  /** Tones of characters. */
  readonly tones: () => Tones;
}

type Maker = (argument: string, known: Known) => Reward;

const number = (text: string, what: string): number => {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value <= 0)
    throw new UserError(
      `the reward ${what} needs a number above 0 behind its colon, not ${JSON.stringify(text)}`,
    );
  return value;
};

export const REWARDS: Readonly<Record<string, { readonly about: string; readonly make: Maker }>> = {
  exact: { about: "1 where the completion is the right answer", make: () => exactMatch },
  places: { about: "the share of places that are right", make: () => rightPlaces },
  rhyme: {
    about: "1 where it is another word that rhymes",
    make: (_, { data }) => rhyming(rhymesOf(data())),
  },
  word: { about: "1 where it is a word of the data", make: (_, { data }) => wordhood(rhymesOf(data())) },
  ends: { about: "ends:TEXT, 1 where the text ends so", make: (text) => endsIn(text) },
  length: {
    about: "length:N, less for each character away from N",
    make: (text) => lengthNear(number(text, "length")),
  },
  distinct: { about: "the share of distinct characters", make: () => distinct },
  tones: {
    about:
      "of a quatrain: the share of the four rules of tone that it keeps; tones:all, 1 where it keeps all",
    make: (argument, { tones }) => {
      if (argument !== "" && argument !== "all")
        throw new UserError(`the reward tones is tones or tones:all, not tones:${argument}`);
      return toneReward(tones(), argument === "all");
    },
  },
};

export interface NamedReward {
  readonly name: string;
  readonly weight: number;
  readonly of: Reward;
}

/**
 * Rewards by their names: "exact", "ends:a", each with a weight if need be: "exact*0.9", "length:5*0.1".
 * @throws UserError where there is no such reward.
 */
export function rewardsOf(names: readonly string[], known: Known): NamedReward[] {
  return names.map((text) => {
    const [, name = "", argument = "", weight = "1"] = /^([^:*]*)(?::([^*]*))?(?:\*(.*))?$/.exec(text) ?? [];
    const { make } = lookup("reward", REWARDS, name);
    if (weight.trim() === "" || !Number.isFinite(Number(weight)))
      throw new UserError(
        `the reward ${text}: its weight, behind *, is a number, not ${JSON.stringify(weight)}`,
      );
    return {
      name: argument ? `${name}:${argument}` : name,
      weight: Number(weight),
      of: make(argument, known),
    };
  });
}
