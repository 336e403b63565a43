import { expect, test } from "vitest";
import { rhymesData } from "../../../src/data/word-lists.ts";
import { judge } from "../../../src/rl/alignment/judge.ts";
import { distinct, endsIn, exactMatch, lengthNear, Rhymes, rewardsOf, rhymesOf, rhyming, rightPlaces, softLimit, wordhood } from "../../../src/rl/alignment/rewards.ts"; // biome-ignore format: a list of names
import { toneReward, toneRules, tonesOf } from "../../../src/rl/alignment/tones.ts";

const of = (completion: string, answer = "abc", prompt = "") => ({ prompt, completion, answer });

test("exact match is all or nothing; places give credit for each, and none for what is too long", () => {
  expect(exactMatch(of("abc"))).toBe(1);
  expect(exactMatch(of("abd"))).toBe(0);
  expect(rightPlaces(of("abd"))).toBeCloseTo(2 / 3, 12);
  expect(rightPlaces(of("abcabc"))).toBe(0.5);
  expect(rightPlaces(of(""))).toBe(0);
});

const known = { data: () => rhymesData(MODULE), tones: () => tonesOf("平\n仄\n中\n") };

test("ending, length, limit and distinct characters", () => {
  expect(endsIn("na")(of("nna", "", "an"))).toBe(1);
  expect(endsIn("na")(of("a", "", "n"))).toBe(1);
  expect(lengthNear(4)(of("ab"))).toBe(-0.5);
  expect([2, 4, 5, 6, 9].map((n) => softLimit(4, 6)(of("x".repeat(n))))).toEqual([-0, -0, -0.5, -1, -1]);
  expect(distinct(of("aab"))).toBeCloseTo(2 / 3, 12);
});

const MODULE = `export const dictionary = {
  "cat": "K AE1 T",
  "hat": "HH AE1 T",
  "mat": "M AE1 T",
  "mat(2)": "M EY1 T",
  "hotel": "HH OW0 T EH1 L",
  "motel": "M OW0 T EH1 L",
  "dell": "D EH1 L",
  "alone": "AH0 L OW1 N",
  "o'clock": "AH0 K L AA1 K",
  "antidisestablishment": "AE1 N T"
}`;

test("rhymes are the same phones from the last stressed vowel on; a word rhymes with all of its class and not with itself", () => {
  const data = rhymesData(MODULE);
  const words = rhymesOf(data);
  expect(data.train.length + data.test.length).toBe(6);
  expect(["cat hat", "hat mat", "cat mat", "hotel dell"].every((pair) => words.rhyme(...(pair.split(" ") as [string, string])))).toBe(true); // biome-ignore format: one thing
  expect(words.rhyme("cat", "dell")).toBe(false);
  expect(words.rhyme("cat", "cat")).toBe(false);
  expect(words.has("alone")).toBe(false);
  expect(rhyming(words)({ prompt: "cat", completion: "hat" })).toBe(1);
  expect(rhyming(words)({ prompt: "cat", completion: "zat" })).toBe(0);
  expect(wordhood(words)({ prompt: "cat", completion: "dell" })).toBe(1);
});

test("words with few rhymes can be left out", () => {
  const more = MODULE.replace('"alone"', '"stone": "S T OW1 N",\n  "alone"');
  const countOf = (name?: string): number => {
    const { train, test: rest } = rhymesData(more, { ...(name !== undefined && { name }) });
    return train.length + rest.length;
  };
  expect([countOf(), countOf("rhymes:1"), countOf("rhymes:2")]).toEqual([8, 8, 6]);
  expect(() => countOf("rhymes:many")).toThrow('as in rhymes:50, not "many"');
});

test("a long chain of pairs is one class", () => {
  const chain = Array.from({ length: 5000 }, (_, i) => [`w${i}`, `w${i + 1}`] as const);
  expect(new Rhymes(chain).rhyme("w0", "w5000")).toBe(true);
});

test("rewards have weights behind a star, and arguments behind a colon", () => {
  const all = rewardsOf(["exact*0.9", "ends:a", "length:5*0.1"], known);
  expect(all.map(({ name, weight }) => [name, weight])).toEqual([
    ["exact", 0.9],
    ["ends:a", 1],
    ["length:5", 0.1],
  ]);
  expect(() => rewardsOf(["exact*much"], known)).toThrow(/its weight, behind \*, is a number/);
});

test("a reward that is no finite number is refused with what got it", async () => {
  const rollout = { rows: 1, positions: 1, tokens: Int32Array.of(0, 1), mask: Float32Array.of(1), logProbs: Float32Array.of(0), starts: Int32Array.of(1), lengths: Int32Array.of(1), ended: Uint8Array.of(0) }; // biome-ignore format: one thing
  const dialogue = { vocabSize: 2, ending: 0, prompt: () => Int32Array.of(0), answer: () => Int32Array.of(0), text: () => "b" }; // biome-ignore format: one thing
  const parts = [{ name: "own", weight: 1, score: () => [Number.NaN] }];
  await expect(judge(rollout, [{ prompt: "a" }], { dialogue, parts })).rejects.toThrow(
    'the reward own of "b", for the prompt "a", is NaN; a finite number is expected',
  );
  const cut = await judge(rollout, [{ prompt: "a" }], { dialogue, parts: [{ ...parts[0]!, score: () => [1] }], missingEnd: -1 }); // biome-ignore format: one thing
  expect([...cut.rewards]).toEqual([-1]);
});

test("a quatrain keeps four rules of tone, or another form none", () => {
  // 平 and 仄 themselves, and one character that can be both.
  const tones = tonesOf("平\n仄\n中\n");
  const whole = "平平平仄仄，仄仄仄平平。仄仄平平仄，平平仄仄平。";
  expect(toneRules(whole, tones)).toEqual([true, true, true, true]);
  const broken = (at: number, character: string): string =>
    Array.from(whole, (own, i) => (i === at ? character : own)).join("");
  expect(toneRules(broken(3, "平"), tones)).toEqual([false, true, true, true]);
  expect(toneRules(broken(7, "平"), tones)).toEqual([false, false, false, true]);
  expect(toneRules(broken(10, "仄"), tones)).toEqual([true, true, true, false]);
  // Where it can be either, it breaks nothing; nor does one that is not known.
  expect(toneRules(broken(7, "中"), tones)).toEqual([true, true, true, true]);
  expect(toneRules(broken(7, "龘"), tones)).toEqual([true, true, true, true]);
  const judged = { prompt: whole.slice(0, 3), completion: broken(3, "平").slice(3) };
  expect(toneReward(tones, false)(judged)).toBe(0.75);
  expect(toneReward(tones, true)(judged)).toBe(0);
  expect(toneReward(tones, false)({ prompt: "", completion: whole.slice(0, -1) })).toBe(0);
  expect(() => rewardsOf(["tones:some"], known)).toThrow(/tones or tones:all/);
});
