import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import type { Data, ImageData, PairData, PointData, TokenData } from "../../src/data/data.ts";
import { openData } from "../../src/data/node.ts";
import { textData } from "../../src/data/text.ts";
import { counting, idxBytes } from "./helpers.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "galatea-open-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

test("the type of the name says the kind of the data", () => {
  expectTypeOf(openData<"mnist">).returns.resolves.toEqualTypeOf<ImageData>();
  expectTypeOf(openData<"folder:photos">).returns.resolves.toEqualTypeOf<ImageData>();
  expectTypeOf(openData<"ring-8">).returns.resolves.toEqualTypeOf<PointData>();
  expectTypeOf(openData<"text:a">).returns.resolves.toEqualTypeOf<TokenData>();
  expectTypeOf(openData<"pairs:a">).returns.resolves.toEqualTypeOf<PairData>();
  expectTypeOf(openData<"mine">).returns.resolves.toEqualTypeOf<Data>();
  expectTypeOf(openData<string>).returns.resolves.toEqualTypeOf<Data>();
});

describe("text:", () => {
  test("a file", async () => {
    const file = await put("a.txt", "0123456789");
    const data = await openData(`text:${file}`);
    expect([data.kind, data.name, data.test.tokens[0]]).toEqual(["tokens", `text:${file}`, 9]);
  });
  test("the .txt files of a folder, by name, each ended by a line break", async () => {
    await put("b.txt", "two\n");
    await put("a/z.txt", "one");
    await put("a/notes.md", "not read");
    await put(".hidden.txt", "not read");
    await put("c.txt", "three");
    const data = await openData(`text:${folder}`);
    const [train, held] = [data.train, data.test].map(({ tokens }) => data.tokenizer.decode(tokens));
    expect(train! + held!).toBe("one\ntwo\nthree\n");
  });
  test("what cannot be read is refused", async () => {
    await expect(openData(`text:${folder}`)).rejects.toThrow("there is no .txt file in this folder.");
    await expect(openData(`text:${folder}/a.txt`)).rejects.toThrow("a.txt: there is no such file.");
    await expect(openData(`lines:${folder}`)).rejects.toThrow("is a folder; a text file is expected.");
    const latin = await put("latin.txt", Uint8Array.of(0x63, 0x61, 0x66, 0xe9));
    await expect(openData(`text:${latin}`)).rejects.toThrow("latin.txt: this is not UTF-8 text.");
  });
});

test("lines: and pairs:", async () => {
  const lines = await put("names.txt", Array.from({ length: 20 }, (_, i) => `name ${i}`).join("\n"));
  const data = await openData(`lines:${lines}`, { tokenizer: "bytes" });
  expect(data.tokenizer.decode(data.test.tokens)).toBe("name 9\nname 19\n");
  const pairs = await put("pairs.tsv", "a\tb\n".repeat(10));
  expect((await openData(`pairs:${pairs}`)).train).toHaveLength(9);
  await expect(openData(`pairs:${lines}`)).rejects.toThrow(`pairs:${lines}, line 1: there is no tab.`);
});

describe("an image size", () => {
  const idx = (): Promise<string> => put("images", idxBytes([10, 4, 4], counting(160)));
  test("resizes images that are of another", async () => {
    const name = `idx:${await idx()}` as const;
    const progress: number[][] = [];
    const data = await openData(name, { imageSize: 2, onProgress: (...at) => progress.push(at) });
    expect(data.spec).toEqual({ kind: "images", name, shape: [1, 2, 2], classes: [] });
    // Pixel (0, 0) is the mean of 0, 1, 4 and 5.
    expect((await data.train.batch([0])).images.data[0]).toBe(Math.fround(Math.round(2.5) / 255));
    expect(progress.at(-1)).toEqual([10, 10]);
    expect((await openData(name, { imageSize: 4 })).train.fields.images!.shape).toEqual([1, 4, 4]);
  });
  test("of colours too, each channel by itself", async () => {
    const images = new Uint8Array(10 * 3 * 4).map((_, i) => 60 * (Math.floor(i / 4) % 3));
    const data = await openData(`idx:${await put("c", idxBytes([10, 3, 2, 2], images))}`, { imageSize: 3 });
    const { images: batch } = await data.test.batch([0]);
    expect([...batch.data].map((v) => Math.round(255 * v))).toEqual([
      ...Array(9).fill(0),
      ...Array(9).fill(60),
      ...Array(9).fill(120),
    ]);
  });
  test("is refused where nothing can be resized", async () => {
    await expect(openData("ring-8", { imageSize: 8 })).rejects.toThrow(
      '"ring-8" holds no images, so there is nothing to resize: leave the image size out.',
    );
    const text = `text:${await put("a.txt", "0123456789")}` as const;
    await expect(openData(text, { imageSize: 8 })).rejects.toThrow("so there is nothing to resize");
    for (const imageSize of [0, 2.5, Number.NaN])
      await expect(openData("mnist", { imageSize })).rejects.toThrow(
        `an image size of ${imageSize} is not possible`,
      );
  });
});

describe("like", () => {
  test("data that are no longer what a run learned from are refused", async () => {
    const images = await put("images", idxBytes([10, 4, 4], counting(160)));
    const name = `idx:${images},${await put("labels", idxBytes([10], counting(10, 2)))}` as const;
    const { spec } = await openData(name);
    expect((await openData(name, { like: spec })).spec).toEqual(spec);
    await expect(openData(`idx:${images}`, { like: spec })).rejects.toThrow(
      `"idx:${images}" holds images of 1 × 4 × 4 with no classes; expected images of 1 × 4 × 4 with the classes 0, 1.`,
    );
    await expect(openData("ring-8", { like: spec })).rejects.toThrow("holds points of 2 dimensions");
  });
  test("text is read by the tokenizer of the run", async () => {
    const file = await put("a.txt", "0123456789");
    const { spec: like } = textData("other", "abcdefghij0123456789");
    const data = await openData(`text:${file}`, { like });
    expect([data.spec.tokenizer, data.train.tokens[0]]).toEqual([like.tokenizer, 0]);
    // Both sides of pairs, too, so that what was trained on a text can be tuned on pairs.
    const pairs = await openData(`pairs:${await put("p", "a\tb\n".repeat(10))}`, { like });
    expect([pairs.spec.source, pairs.spec.target]).toEqual([like.tokenizer, like.tokenizer]);
    await expect(openData("ring-8", { like })).rejects.toThrow("holds points of");
  });
});

describe("data sets of a user's own", () => {
  const dice = (name = "dice", data = textData("dice", "123456123456")) => ({
    name,
    about: "throws of a die",
    open: () => Promise.resolve<Data>(data),
  });
  test("open by their names, beside ours", async () => {
    const data = await openData("dice", { extra: [dice()] });
    expect(data.kind).toBe("tokens");
    await expect(openData("dize", { extra: [dice()] })).rejects.toThrow('Did you mean "dice"?');
    expect((await openData("moons", { extra: [dice()] })).kind).toBe("points");
  });
  test("must be whole, called by their own name, and not by one of ours", async () => {
    await expect(openData("moons", { extra: [dice("moons")] })).rejects.toThrow(
      '"moons" is one of galatea\'s own data sets: give yours another name.',
    );
    await expect(openData("coins", { extra: [dice("coins")] })).rejects.toThrow(
      'the data set "coins" opens as tokens "dice" with a spec of tokens "dice": name and kind must be the same',
    );
    const broken = { ...textData("dice", "123456123456"), spec: { kind: "tokens", name: "dice" } };
    await expect(openData("dice", { extra: [dice("dice", broken as never)] })).rejects.toThrow(
      'the data set "dice" has no usable spec: spec.tokenizer: ',
    );
    await expect(openData("dice", { extra: [dice()], imageSize: 8 })).rejects.toThrow("holds no images");
  });
  test("must heed an image size", async () => {
    const images = `idx:${await put("images", idxBytes([10, 4, 4], counting(160)))}`;
    const source = {
      name: "mine",
      about: "",
      open: async () => {
        const data = (await openData(images)) as ImageData;
        return { ...data, name: "mine", spec: { ...data.spec, name: "mine" } };
      },
    };
    await expect(openData("mine", { extra: [source], imageSize: 8 })).rejects.toThrow(
      '"mine" cannot be resized: its images are 4 × 4, and an image size of 8 was asked for.',
    );
  });
});

test("a tokenizer is refused where there is no text, and where the text has one already", async () => {
  await expect(openData("ring-8", { tokenizer: "bytes" })).rejects.toThrow(
    '"ring-8" holds no text, so there is nothing to make tokens of: leave option `tokenizer` out.',
  );
  const text = `text:${await put("t.txt", "0123456789".repeat(3))}` as const;
  const { spec } = await openData(text);
  await expect(openData(text, { like: spec, tokenizer: "bytes" })).rejects.toThrow(
    "text is read by the tokenizer that the weights were trained with: leave option `tokenizer` out.",
  );
});
