import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText, lineData, pairData, textData } from "../../src/data/text.ts";

const alphabet = "abcdefghijklmnopqrst";
const numbered = (n: number, line: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => line(i)).join("\n");

describe("text", () => {
  test("the first nine tenths to learn from, the rest for testing; symbols by code point", () => {
    const { train, test: held, tokenizer, spec } = textData("text:a", `${alphabet}`);
    expect(tokenizer.decode(train.tokens)).toBe("abcdefghijklmnopqr");
    expect(tokenizer.decode(held.tokens)).toBe("st");
    expect([train.length, held.length]).toEqual([18, 2]);
    expect(spec).toEqual({
      kind: "tokens",
      name: "text:a",
      tokenizer: { kind: "characters", symbols: Array.from(alphabet) },
    });
  });
  test.each(["characters", "bytes"] as const)(
    "in %s, any text comes back whole at both sides",
    (tokenizer) => {
      fc.assert(
        fc.property(
          fc.string({ unit: fc.constantFrom("a", "é", "學", "🙂", "\u{20000}", "\n"), minLength: 10 }),
          (written) => {
            const data = textData("t", written, { tokenizer });
            const [a, b] = [data.train, data.test].map(({ tokens }) => data.tokenizer.decode(tokens));
            expect(a! + b!).toBe(written);
            expect(Array.from(a!)).toHaveLength(Math.floor(0.9 * Array.from(written).length));
          },
        ),
      );
    },
  );
  test("by the tokenizer of a run, which must know every character", () => {
    const like = textData("t", "zyxwvutsrq🙂").spec;
    expect([...textData("u", "qqqqqqqqqqqz", { like }).test.tokens]).toEqual([0, 9]);
    expect(() => textData("u", "qqqqqqqqqqé", { like })).toThrow(
      'u: the character "é" (U+00E9) has no token',
    );
  });
  test("too short, or no UTF-8", () => {
    expect(() => textData("text:a", "123456789")).toThrow("text:a: the text has 9 characters; at least 10");
    expect(() => textData("text:a", "")).toThrow("the text has 0 characters");
    expect(() => decodeText(Uint8Array.of(0x61, 0xff), "a.txt")).toThrow(
      "a.txt: this is not UTF-8 text. Convert it, or give another file.",
    );
    expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), "a.txt")).toBe("a");
  });
});

describe("lines", () => {
  test("each ends with a line break; every tenth is for testing; empty ones are left out", () => {
    const text = `${numbered(12, (i) => `name${i}`)}\r\n\r\n${numbered(9, (i) => `x${i}`)}`;
    const { train, test: held, tokenizer } = lineData("lines:a", text);
    expect(tokenizer.decode(held.tokens)).toBe("name9\nx7\n");
    expect(tokenizer.decode(train.tokens)).toBe(
      `${numbered(12, (i) => `name${i}`).replace("name9\n", "")}\n${numbered(9, (i) => `x${i}`).replace("x7\n", "")}\n`,
    );
    expect(tokenizer.spec).toMatchObject({ symbols: Array.from("\n0123456789aemnx") });
  });
  test("too few", () => {
    expect(() => lineData("lines:a", "a\n\nb")).toThrow("lines:a: there are 2 lines; at least 10 are needed");
  });
});

describe("pairs", () => {
  const good = numbered(10, (i) => `in${i}\toût${9 - i}`);
  test("source and target each with its own characters; every tenth pair is for testing", () => {
    const { train, test: held, source, target, spec } = pairData("pairs:a", `${good}\n`);
    expect([train.length, held.length]).toEqual([9, 1]);
    expect([source.decode(train[2]!.source), target.decode(train[2]!.target)]).toEqual(["in2", "oût7"]);
    expect(source.decode(held[0]!.source)).toBe("in9");
    expect([spec.source, spec.target]).toEqual([source.spec, target.spec]);
    expect(spec.target).toMatchObject({ symbols: Array.from("0123456789otû") });
  });
  test("by a run's tokenizers, or in bytes", () => {
    const like = pairData("pairs:a", good).spec;
    const shown = numbered(10, () => "in\tt");
    expect([...pairData("p", shown, { like }).train[0]!.source]).toEqual([10, 11]);
    expect([...pairData("p", shown, { tokenizer: "bytes" }).train[0]!.target]).toEqual([0x74]);
    expect(() =>
      pairData(
        "p",
        numbered(10, () => "in\tq"),
        { like },
      ),
    ).toThrow('p: the character "q"');
  });
  test.each([
    ["one word", "pairs:a, line 12: there is no tab. A line is a source text, one tab and a target text"],
    ["a\tb\tc", "pairs:a, line 12: there are 2 tabs."],
    ["\tb", "pairs:a, line 12: the source is empty."],
    ["a\t", "pairs:a, line 12: the target is empty."],
  ])("%j is refused by its line", (line, sentence) => {
    expect(() => pairData("pairs:a", `${good}\n\n${line}\n`)).toThrow(sentence);
  });
});
