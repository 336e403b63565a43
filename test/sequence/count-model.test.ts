import { describe, expect, test } from "vitest";
import { lineData, textData } from "../../src/data/text.ts";
import { CountModel } from "../../src/sequence/count-model.ts";
import { readShared, sharedFile } from "./shared-files.ts";

const tokens = (...all: number[]) => ({ length: all.length, tokens: Int32Array.from(all) });

describe("the n-gram count model", () => {
  test("by hand: two tokens, one step back", () => {
    // 0 1 0 0: unigrams 0 three times, 1 once; after 0 came 1 and 0, after 1 came 0.
    const model = new CountModel(tokens(0, 1, 0, 0), 2, 2);
    const unigram = (count: number): number => (count + 2 * 0.5) / (4 + 2);
    const losses = model.losses(tokens(0, 1, 0));
    const expected = [unigram(3), (1 + 2 * unigram(1)) / (2 + 2), (1 + 1 * unigram(3)) / (1 + 1)];
    expect([...losses]).toEqual(expected.map((p) => expect.closeTo(-Math.log(p), 12)));
  });
  test("all that can follow has probability 1 together, after any history", () => {
    const text = textData("t", "abracadabra abracadabra!?").train;
    const model = new CountModel(text, 4, 10);
    for (let n = 0; n < 6; n++) {
      const history = Array.from(text.tokens.slice(3, 3 + n));
      const sum = Array.from({ length: 10 }, (_, w) =>
        Math.exp(-model.losses(tokens(...history, w)).at(-1)!),
      );
      expect(sum.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    }
  });
  test("a document begins anew: the one before it tells nothing", () => {
    const { train, spec, tokenizer } = lineData(
      "t",
      Array.from({ length: 20 }, (_, i) => (i % 2 ? "ab" : "ba")).join("\n"),
    );
    const model = new CountModel(train, 5, tokenizer.vocabSize, spec.ending);
    const [a, b] = ["ab\nab\n", "ba\nab\n"].map((text) => model.losses(tokens(...tokenizer.encode(text))));
    expect(a!.slice(3)).toEqual(b!.slice(3));
  });

  const shakespeare = sharedFile("tiny-shakespeare.txt");
  test.skipIf(!shakespeare)("tiny-shakespeare by characters: the recorded losses", () => {
    const { train, test: held, tokenizer } = textData("t", readShared(shakespeare!));
    for (const [order, loss] of [
      [1, 3.347],
      [2, 2.486],
      [3, 2.049],
    ] as const)
      expect(new CountModel(train, order, tokenizer.vocabSize).loss(held)).toBeCloseTo(loss, 3);
    expect(new CountModel(train, 5, tokenizer.vocabSize).loss(held)).toBeCloseTo(1.669, 3);
  });
  const names = sharedFile("makemore-names.txt");
  test.skipIf(!names)("names: near the recorded 5-gram, whose test names were drawn", () => {
    const { train, test: held, tokenizer, spec } = lineData("t", readShared(names!));
    expect(new CountModel(train, 5, tokenizer.vocabSize, spec.ending).loss(held)).toBeCloseTo(2.02, 1);
  });
});
