import { describe, expect, test } from "vitest";
import type { PairData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { taskData } from "../../src/data/tasks.ts";

/** All pairs of a task as text. */
function texts(data: PairData): (readonly [string, string])[] {
  return [...data.test, ...data.train].map(
    ({ source, target }) => [data.source.decode(source), data.target.decode(target)] as const,
  );
}
const pairs = (rest: string): (readonly [string, string])[] => texts(taskData(rest, `task:${rest}`));

describe("synthetic tasks", () => {
  test.each([
    ["copy", (s: string) => s],
    ["reverse", (s: string) => Array.from(s).reverse().join("")],
    ["sort", (s: string) => Array.from(s).sort().join("")],
  ])("%s, of distinct strings within their bounds", (task, answer) => {
    const all = pairs(`${task},min=2,length=5,symbols=3,count=100`);
    expect(new Set(all.map(([source]) => source)).size).toBe(100);
    for (const [source, target] of all) {
      expect(source).toMatch(/^[abc]{2,5}$/);
      expect(target).toBe(answer(source));
    }
  });
  test("a small space is used up: minGPT's 729 inputs", () => {
    expect(pairs("sort,length=6,min=6,symbols=3")).toHaveLength(729);
  });
  test("addition has every pair once, and digits enough for the sum", () => {
    const all = pairs("addition,digits=1");
    expect(all).toHaveLength(100);
    for (const [source, target] of all) {
      const [a, b] = source.split("+").map(Number);
      expect(target).toBe(String(a! + b!).padStart(2, "0"));
    }
  });
  test("modular addition is split by percent, and a residue is one token", () => {
    const data = taskData("modular-addition,modulus=7,percent=50", "m");
    expect([data.train.length, data.test.length]).toEqual([24, 25]);
    for (const [source, target] of texts(data)) {
      const [a, b] = source.split(" + ").map(Number);
      expect(Number(target)).toBe((a! + b!) % 7);
    }
    expect(data.train.every(({ source, target }) => source.length === 3 && target.length === 1)).toBe(true);
  });
  test("induction repeats a string of distinct letters", () => {
    const all = pairs("induction,length=7,min=4,symbols=8,count=50");
    expect(new Set(all.map(([source]) => source.length))).toEqual(new Set([4, 5, 6, 7]));
    for (const [source, target] of all)
      expect([target, new Set(source).size]).toEqual([source, source.length]);
    expect(() => pairs("induction,length=9,symbols=8")).toThrow("9 distinct letters are more than the 8");
  });
  test("what is not there is named", () => {
    expect(() => taskData("cpoy", "task:cpoy")).toThrow('unknown task "cpoy". Known: copy, reverse');
    expect(() => taskData("copy,size=3", "task:copy,size=3")).toThrow(
      'unknown number of the task copy "size"',
    );
    expect(() => taskData("copy,symbols=40", "task:c")).toThrow(
      'symbols is a whole number from 1 to 26, not "40"',
    );
  });
});

describe("word lists that come with the package", () => {
  test("names: lower case, each once, every tenth for testing", async () => {
    const { spec, train, test: held, tokenizer } = await openData("names");
    expect(spec.tokenizer).toMatchObject({
      kind: "characters",
      symbols: ["\n", ...Array.from("abcdefghijklmnopqrstuvwxyz")],
    });
    expect(tokenizer.decode(train.tokens.subarray(0, 20))).toBe("a\naa\naab\naaban\naaber");
    const counts = [train, held].map(({ tokens }) => tokens.filter((token) => token === spec.ending).length);
    expect(counts).toEqual([175_678, 19_519]);
  });
  test("cmudict: cmusphinx's rule, all pronunciations of a word in one part", async () => {
    const data = await openData("cmudict");
    expect([data.train.length, data.validation!.length, data.test.length]).toEqual([114_918, 6752, 13_485]);
    expect([data.source.vocabSize, data.target.vocabSize]).toEqual([29, 39]);
    const words = [data.train, data.validation!, data.test].map(
      (part) => new Set(part.map(({ source }) => data.source.decode(source))),
    );
    expect(words.map(({ size }) => size)).toEqual([107_140, 6302, 12_604]);
    expect([...words[2]!].filter((word) => words[0]!.has(word) || words[1]!.has(word))).toEqual([]);
    const first = data.test[2]!;
    expect(data.target.decode(first.target)).toBe("AA R D V AA R K");
  });
});
