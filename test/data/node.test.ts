import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "fflate";
import { encode as encodeJpegFile } from "jpeg-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { slice } from "../../src/data/dataset.ts";
import { readFashionPackage } from "../../src/data/fashion-package.node.ts";
import { openFolder } from "../../src/data/folder.node.ts";
import { IDX_FILES } from "../../src/data/idx.ts";
import { raster } from "../../src/data/image.ts";
import { encodePng } from "../../src/data/image-files.ts";
import { openFashion, openIdxPair, openMnist } from "../../src/data/images.node.ts";
import { openData } from "../../src/data/node.ts";
import { counting, idxBytes } from "./helpers.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "galatea-data-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}
const grey = (value: number, width = 2, height = 2) =>
  encodePng(raster(width, height, 1, new Uint8Array(width * height).fill(value)));
const red = (width: number, height: number) =>
  encodePng(
    raster(
      width,
      height,
      3,
      new Uint8Array(3 * width * height).map((_, i) => (i % 3 === 0 ? 255 : 0)),
    ),
  );

/** Small stand-ins for the four files. */
const four: Record<string, Uint8Array> = {
  [IDX_FILES.trainImages]: idxBytes([3, 2, 2], counting(12)),
  [IDX_FILES.trainLabels]: idxBytes([3], [7, 8, 9]),
  [IDX_FILES.testImages]: idxBytes([1, 2, 2], [9, 9, 9, 9]),
  [IDX_FILES.testLabels]: idxBytes([1], [0]),
};

test("MNIST: 60,000 and 10,000 digits with the known counts and first labels", async () => {
  const mnist = await openMnist();
  expect([mnist.train.length, mnist.test.length, mnist.imageShape]).toEqual([60000, 10000, [1, 28, 28]]);
  expect([...mnist.train.labels!.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
  expect([...mnist.test.labels!.subarray(0, 8)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9]);
  const counts = new Int32Array(10);
  for (const label of mnist.train.labels!) counts[label]!++;
  expect([...counts]).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  // The mean and deviation that torchvision's examples normalise by: 0.1307 and 0.3081.
  let [sum, squares] = [0, 0];
  for (const v of mnist.train.images) {
    sum += v;
    squares += v * v;
  }
  const mean = sum / mnist.train.images.length / 255;
  expect(mean).toBeCloseTo(0.1307, 4);
  expect(Math.sqrt(squares / mnist.train.images.length / 255 ** 2 - mean ** 2)).toBeCloseTo(0.3081, 4);
});

describe("Fashion-MNIST", () => {
  test("from four IDX files in the data folder, gzipped or not", async () => {
    for (const [name, bytes] of Object.entries(four))
      await put(
        `fashion-mnist/${name}${name.includes("labels") ? ".gz" : ""}`,
        name.includes("labels") ? gzipSync(bytes) : bytes,
      );
    const data = await openFashion(join(folder, "fashion-mnist"));
    expect(data.classes[9]).toBe("ankle boot");
    expect([...data.train.labels!]).toEqual([7, 8, 9]);
    expect(data.test.length).toBe(1);
  });
  test("a missing file of the four is named", async () => {
    await put(`fashion-mnist/${IDX_FILES.trainImages}`, four[IDX_FILES.trainImages]!);
    await expect(openFashion(join(folder, "fashion-mnist"))).rejects.toThrow(
      `${join(folder, "fashion-mnist", IDX_FILES.trainLabels)}: there is no such file.`,
    );
  });
  test("from the npm package's layout: the first of each class are the test images", async () => {
    // A hundredth of the package's 1000 and 6000 images a class.
    const counts = { test: 10, train: 60 };
    const record = (i: number): number[] => Array.from({ length: 784 }, () => (i < counts.test ? 1 : 2));
    const plain = Array.from({ length: 70 }, (_, i) => record(i));
    const seam = [...plain.slice(0, 10), [], ...plain.slice(10), []];
    await put("src/clothes/0.json", JSON.stringify({ data: seam }));
    const one = await put("src/clothes/1.json", JSON.stringify({ data: plain }));
    for (let k = 2; k < 10; k++) await symlink(one, join(folder, `src/clothes/${k}.json`));
    const data = await readFashionPackage(folder, counts);
    expect([data.train.length, data.test.length]).toEqual([600, 100]);
    expect([new Set(data.test.images), new Set(data.train.images)]).toEqual([new Set([1]), new Set([2])]);
    expect([data.test.labels![9], data.test.labels![10], data.train.labels![599]]).toEqual([0, 1, 9]);
    await put("src/clothes/0.json", JSON.stringify({ data: plain.slice(1) }));
    await expect(readFashionPackage(folder, counts)).rejects.toThrow(
      "0.json: it should hold 70 images of 784 pixels",
    );
  });
});

describe("folder:", () => {
  test("sub-folders are classes; every tenth image is held out; grey stays grey", async () => {
    for (const name of ["cat", "dog"])
      for (let i = 0; i < 10; i++) await put(`${name}/${i}.png`, grey(name === "cat" ? 51 : 102));
    await put("cat/notes.txt", "not an image");
    await put(".hidden/x.png", "not read");
    const data = await openFolder(folder);
    expect([data.classes, data.imageShape, data.train.length]).toEqual([["cat", "dog"], [1, 2, 2], 18]);
    expect([...data.test.labels!]).toEqual([0, 1]);
    expect([...slice(data.test, 0).images.data.subarray(3, 5)]).toEqual([Math.fround(0.2), Math.fround(0.4)]);
  });
  test("train and test folders; sizes and channels made one; nested folders; progress", async () => {
    await put("train/a/1.png", red(8, 4));
    await put("train/a/more/2.png", grey(255, 4, 4));
    const data = new Uint8Array(4 * 64).fill(255);
    await put("test/a/3.JPG", encodeJpegFile({ width: 8, height: 8, data }, 90).data);
    const progress: [number, number][] = [];
    const set = await openFolder(folder, { imageSize: 2, onProgress: (...at) => progress.push(at) });
    expect(set.imageShape).toEqual([3, 2, 2]);
    expect([...slice(set.train, 0).images.data.subarray(0, 12)]).toEqual([
      1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect([set.train.length, set.test.length, progress]).toEqual([
      2,
      1,
      [
        [1, 3],
        [2, 3],
        [3, 3],
      ],
    ]);
    expect((await openFolder(folder, { imageSize: 2, channels: 1 })).imageShape).toEqual([1, 2, 2]);
  });
  test("images without sub-folders have no classes", async () => {
    for (let i = 0; i < 10; i++) await put(`${i}.png`, grey(i));
    const data = await openFolder(folder);
    expect([data.classes, data.train.labels, data.train.length]).toEqual([[], undefined, 9]);
  });
  test("what cannot be a data set is refused", async () => {
    await expect(openFolder(`${folder}/none`)).rejects.toThrow("none: there is no such folder.");
    await expect(openFolder(folder)).rejects.toThrow("there is no PNG or JPEG image in this folder.");
    for (let i = 0; i < 9; i++) await put(`a/${i}.png`, grey(i));
    await expect(openFolder(folder)).rejects.toThrow("there are 9 images; at least 10 are needed");
    const odd = await put("a/9.png", grey(1, 3, 2));
    await expect(openFolder(folder)).rejects.toThrow(
      `${odd} is 3 × 2). Give an image size to resize them to`,
    );
    await put("a/9.png", grey(1).subarray(0, 40));
    await expect(openFolder(folder)).rejects.toThrow("9.png: this PNG file is damaged");
    await put("b.png", grey(1));
    await expect(openFolder(folder)).rejects.toThrow("holds images (b.png) beside sub-folders (a)");
  });
});

describe("idx:", () => {
  test("a pair of files, with and without labels", async () => {
    const images = await put("images", gzipSync(idxBytes([20, 2, 2], counting(80))));
    const labels = await put("labels", idxBytes([20], counting(20, 4)));
    const both = await openIdxPair("idx", `${images},${labels}`);
    expect([both.classes, both.train.length, [...both.test.labels!]]).toEqual([
      ["0", "1", "2", "3"],
      18,
      [1, 3],
    ]);
    const alone = await openIdxPair("idx", `${images}`);
    expect([alone.classes, alone.test.labels]).toEqual([[], undefined]);
  });
  test("missing files and wrong forms are refused", async () => {
    await expect(openIdxPair("idx", `${folder}/x`)).rejects.toThrow("x: there is no such file.");
    await expect(openIdxPair("idx", `${folder}`)).rejects.toThrow("is a folder; an IDX file is expected.");
    await expect(openIdxPair("idx:a,b,c", "a,b,c")).rejects.toThrow("write idx:IMAGES or idx:IMAGES,LABELS");
  });
});

test("an unknown data set says what there is, and the nearest", async () => {
  await expect(openData("mnits")).rejects.toThrow(
    'unknown data set "mnits". Known: mnist, fashion-mnist, gaussians-25, ring-8, moons, spiral, folder:PATH, cifar10:FOLDER, idx:IMAGES[,LABELS], names, cmudict, tang-poems, tang-poems:FORM, rhymes, rhymes:N, task:NAME, text:PATH, lines:FILE, pairs:FILE. Did you mean "mnist"?',
  );
  await expect(openData("folder:")).rejects.toThrow('unknown data set "folder:"');
});
