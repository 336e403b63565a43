import { describe, expect, test } from "vitest";
import { imageData } from "../../src/data/data.ts";
import { dataset, split } from "../../src/data/dataset.ts";
import { KNOWN_SPECS, knownSpec } from "../../src/data/known-specs.ts";
import { MIXTURES } from "../../src/data/mixtures.ts";
import { openData } from "../../src/data/node.ts";
import { mixtureData } from "../../src/data/points.ts";
import { DataSpec, fieldsOf } from "../../src/data/spec.ts";

const saved = (spec: DataSpec): DataSpec => DataSpec.parse(JSON.parse(JSON.stringify(spec)));
const photos: DataSpec = { kind: "images", name: "folder:photos", shape: [3, 8, 6], classes: [] };
const tokenizer = { kind: "characters", symbols: ["a", "𝄞"] } as const;

describe("a spec", () => {
  test.each<DataSpec>([
    photos,
    { kind: "points", name: "ring-8", dimensions: 2, classes: ["0", "1"] },
    { kind: "tokens", name: "text:x.txt", tokenizer },
    { kind: "pairs", name: "pairs:x.tsv", source: tokenizer, target: { kind: "bytes" } },
  ])("of $kind comes back from JSON", (spec) => {
    expect(saved(spec)).toEqual(spec);
  });
  test.each([
    ["another key", { ...photos, colour: true }],
    ["no channels", { ...photos, shape: [0, 8, 6] }],
    ["another kind", { ...photos, kind: "sounds" }],
    ["two letters in a symbol", { kind: "tokens", name: "x", tokenizer: { ...tokenizer, symbols: ["ab"] } }],
    ["a symbol twice", { kind: "tokens", name: "x", tokenizer: { ...tokenizer, symbols: ["a", "a"] } }],
  ])("with %s is refused", (_, spec) => {
    expect(DataSpec.safeParse(spec).success).toBe(false);
  });
  test("says what the fields of an example are, as the opened data do", () => {
    const plain = split([1, 2, 2], new Uint8Array(8));
    const labelled = split([1, 2, 2], new Uint8Array(8), Int32Array.of(0, 1));
    for (const data of [
      imageData(dataset("plain", [], plain, plain)),
      imageData(dataset("labelled", ["a", "b"], labelled, labelled)),
      mixtureData(MIXTURES["ring-8"]),
    ]) {
      expect(fieldsOf(data.spec)).toEqual(data.train.fields);
      expect(saved(data.spec)).toEqual(data.spec);
    }
    expect(fieldsOf(photos)).toEqual({ images: { shape: [3, 8, 6], dtype: "float32" } });
    expect(fieldsOf({ kind: "tokens", name: "x", tokenizer })).toEqual({});
  });
});

describe("what is known by name", () => {
  test("is what opening the data gives", async () => {
    expect(knownSpec("mnist")).toEqual((await openData("mnist")).spec);
    for (const mixture of Object.values(MIXTURES))
      expect(knownSpec(mixture.name)).toEqual(mixtureData(mixture).spec);
  });
  test("is a spec under its own name, resized where that is asked", () => {
    for (const [name, spec] of Object.entries(KNOWN_SPECS)) expect(saved(spec)).toEqual({ ...spec, name });
    expect(knownSpec("cifar10:photos/c")).toMatchObject({ name: "cifar10:photos/c", shape: [3, 32, 32] });
    expect(knownSpec("cifar10:c", 16)).toMatchObject({ shape: [3, 16, 16] });
    expect(knownSpec("folder:photos", 16)).toBeUndefined();
    expect(knownSpec("constructor")).toBeUndefined();
    expect(() => knownSpec("ring-8", 16)).toThrow('"ring-8" holds no images, so there is nothing to resize');
  });
});
