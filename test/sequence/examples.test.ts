import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineData, textData } from "../../src/data/text.ts";
import { languageExamples, PADDING, rowsOf, windowsOf } from "../../src/sequence/examples.ts";

const stream = (tokens: number[]) => ({ length: tokens.length, tokens: Int32Array.from(tokens) });

describe("windows", () => {
  test("of one piece: every token but the first counts once, whatever the context and stride", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (length, context, s) => {
          const stride = Math.min(s, context);
          const windows = windowsOf(stream(Array.from({ length }, (_, i) => i)), context, { stride });
          const counted = windows.flatMap(({ start, end, counted: from }) => {
            expect(from).toBeGreaterThan(start);
            expect(end - start).toBeLessThanOrEqual(context + 1);
            return Array.from({ length: end - from }, (_, i) => from + i);
          });
          expect(counted).toEqual(Array.from({ length: length - 1 }, (_, i) => i + 1));
        },
      ),
    );
  });
  test("of documents: each begins with the ending before it, and a long one goes on in the next window", () => {
    // Documents "1 2", "", "3 4 5 6"; 0 ends each.
    const text = stream([1, 2, 0, 0, 3, 4, 5, 6, 0]);
    const windows = windowsOf(text, 3, { ending: 0 });
    const { data } = rowsOf(text, windows, 4, 0).tokens!;
    expect(
      Array.from({ length: windows.length }, (_, n) =>
        Array.from((data as Int32Array).slice(4 * n, 4 * n + 4)),
      ),
    ).toEqual([
      [0, 1, 2, 0],
      [0, 0, PADDING, PADDING],
      [0, 3, 4, 5],
      [5, 6, 0, PADDING],
    ]);
  });
});

describe("examples", () => {
  test("of a text: rows that follow one another", async () => {
    const data = textData("t", "abcdefghijklmnopqrstuvwxyz".repeat(4));
    const { train } = languageExamples(data, 8);
    const { tokens } = await train.batch([0, 1]);
    expect(data.tokenizer.decode(tokens!.data.slice(0, 9) as Int32Array)).toBe("abcdefghi");
    expect(data.tokenizer.decode(tokens!.data.slice(9) as Int32Array)).toBe("ijklmnopq");
  });
  test("of documents: each row starts with one, none is lost, and only the last of a row is cut", async () => {
    const words = Array.from({ length: 60 }, (_, i) => "abcdefgh".slice(i % 8) + "xyz".slice(i % 3));
    const data = lineData("t", words.join("\n"));
    const { train } = languageExamples(data, 16);
    const { tokens } = await train.batch(Array.from({ length: train.length }, (_, i) => i));
    const rows = Array.from({ length: train.length }, (_, n) =>
      data.tokenizer.decode((tokens!.data as Int32Array).slice(17 * n, 17 * n + 17)),
    );
    const whole = rows.flatMap((row) => {
      expect(row[0]).toBe("\n");
      return row.slice(1).split("\n").slice(0, -1);
    });
    const learned = data.tokenizer.decode(data.train.tokens).trimEnd().split("\n");
    // What stands after the last full row is left out.
    expect(whole.length).toBeGreaterThan(learned.length - 8);
    for (const word of whole) expect(learned.splice(learned.indexOf(word), 1)).toEqual([word]);
  });
  test("a text shorter than the context is refused", () => {
    expect(() => languageExamples(textData("t", "abcdefghijklmn"), 32)).toThrow(
      '"t": the text has 12 tokens to learn from, which is less than the context of 32 and one to predict',
    );
  });
});
