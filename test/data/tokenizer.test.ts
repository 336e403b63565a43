import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TokenizerSpec } from "../../src/data/spec.ts";
import { byteTokenizer, charactersOf, characterTokenizer, wordTokenizer } from "../../src/data/tokenizer.ts";
import { learnTokenizer, tokenizerOf } from "../../src/data/tokenizers.ts";

/** Latin, Chinese, emoji, a character beyond 16 bits, a byte order mark. */
const TEXT = "To be, or not. 學而時習之\n🙂𝄞\u{20000}\uFEFFé";
/** Any text of whole characters. */
const text = fc.string({ unit: "binary" });

describe("characters", () => {
  test("one token each by code point, in the order of the code points", () => {
    const symbols = charactersOf("b𝄞a\uFFFDba");
    expect(symbols).toEqual(["a", "b", "\uFFFD", "𝄞"]);
    expect([...characterTokenizer(symbols).encode("𝄞ab")]).toEqual([3, 0, 1]);
  });
  test("any text comes back, and every token is a whole character", () => {
    fc.assert(
      fc.property(text.filter(Boolean), (written) => {
        const tokenizer = characterTokenizer(charactersOf(written));
        const tokens = tokenizer.encode(written);
        expect(tokenizer.decode(tokens)).toBe(written);
        expect([...tokens].map((token) => tokenizer.decode([token]))).toEqual(Array.from(written));
      }),
    );
  });
  test("what has no token is named, and a number that is no token refused", () => {
    const tokenizer = characterTokenizer(["a", "b"]);
    expect(() => tokenizer.encode("ab🙂")).toThrow('the character "🙂" (U+1F642) has no token');
    expect(() => tokenizer.encode("a\n")).toThrow('the character "\\n" (U+000A) has no token');
    expect(() => tokenizer.decode([2])).toThrow("2 is not a token; tokens are 0 to 1");
    expect(() => tokenizer.decode([-1])).toThrow("-1 is not a token");
  });
});

describe("bytes", () => {
  test("are those of UTF-8, and any text comes back", () => {
    expect([...byteTokenizer.encode("é🙂")]).toEqual([0xc3, 0xa9, 0xf0, 0x9f, 0x99, 0x82]);
    fc.assert(
      fc.property(text, (written) => {
        expect(byteTokenizer.decode(byteTokenizer.encode(written))).toBe(written);
      }),
    );
    expect(() => byteTokenizer.decode([256])).toThrow("256 is not a token");
  });
});

describe("words", () => {
  test("are what stands between spaces and line breaks, and any text of known words comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "é", " ", "\n", "🙂") }), (written) => {
        const tokenizer = learnTokenizer("words", [written, "x"]);
        expect(tokenizer.decode(tokenizer.encode(written))).toBe(written);
      }),
    );
  });
  test("the most frequent have tokens, and one token is for all others", () => {
    const tokenizer = learnTokenizer("words:3", ["a b a d", "c b a"]);
    expect(tokenizer.spec).toEqual({ kind: "words", words: ["a", "b"], unknown: "<unk>" });
    expect([...tokenizer.encode("b e a")]).toEqual([1, 2, 0]);
    expect(tokenizer.decode([1, 2, 0])).toBe("b <unk> a");
  });
  test("without one for others, a word that has no token is named", () => {
    expect(() => wordTokenizer(["a", "b"]).encode("a c")).toThrow(
      'the word "c" has no token: it is not among the 2 words',
    );
  });
  test("a tokenizer that there is not is refused", () => {
    for (const name of ["sentences", "words:1", "bpe:many"])
      expect(() => learnTokenizer(name, ["a"])).toThrow(`unknown tokenizer "${name}"`);
  });
});

test("a tokenizer is made again from its spec", () => {
  for (const tokenizer of [
    byteTokenizer,
    characterTokenizer(charactersOf(TEXT)),
    learnTokenizer("words", [TEXT]),
  ]) {
    const again = tokenizerOf(TokenizerSpec.parse(JSON.parse(JSON.stringify(tokenizer.spec))));
    expect([...again.encode(TEXT)]).toEqual([...tokenizer.encode(TEXT)]);
    expect(again.decode(again.encode(TEXT))).toBe(TEXT);
    expect(again.vocabSize).toBe(tokenizer.vocabSize);
  }
});
