import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  batches,
  batchesPerEpoch,
  epochOrder,
  onePass,
  type PositionedBatch,
  prefetch,
} from "../../src/data/batches.ts";
import { batchOf, dataset, holdOut, split } from "../../src/data/dataset.ts";
import { compose, denormalize, horizontalFlip, normalize, pad } from "../../src/data/transforms.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { hostUniform, Key } from "../../src/tensor/random.ts";
import { counting } from "./helpers.ts";

/** Images of one pixel whose value and label are their index. */
const pixels = (n: number) => split([1, 1, 1], counting(n), Int32Array.from(counting(n)));
const key = Key.seed(7);
const labelsOf = (batch: { labels: { data: Int32Array } | undefined }) => [...batch.labels!.data];

function take(n: number, source: Iterator<PositionedBatch>): PositionedBatch[] {
  return Array.from({ length: n }, () => source.next().value as PositionedBatch);
}

describe("batchOf", () => {
  test("bytes become float32 of byte / 255, labels int32", () => {
    const data = split([2, 1, 2], Uint8Array.of(0, 51, 255, 1, 10, 20, 30, 40), Int32Array.of(5, 6));
    const batch = batchOf(data, [1, 0]);
    expect(batch.images.shape).toEqual([2, 2, 1, 2]);
    expect([...batch.images.data]).toEqual([10, 20, 30, 40, 0, 51, 255, 1].map((v) => Math.fround(v / 255)));
    expect(labelsOf(batch)).toEqual([6, 5]);
  });
  test("an index outside is refused", () => {
    expect(() => batchOf(pixels(3), [3])).toThrow("there is no image 3; the split has 3");
  });
  test("labels must name classes and be as many as images", () => {
    expect(() => split([1, 1, 1], counting(3), new Int32Array(2))).toThrow("there are 3 images and 2 labels");
    expect(() => dataset("toy", ["a", "b"], pixels(2), pixels(4))).toThrow(
      "toy: label 2 (of image 2) names none of the 2 classes.",
    );
  });
});

test("every tenth image is held out", () => {
  const { train, test: held } = holdOut(pixels(25));
  expect([...held.images]).toEqual([9, 19]);
  expect(train.length).toBe(23);
  expect(() => holdOut(pixels(9))).toThrow("there are 9 images; at least 10 are needed");
});

describe("batches", () => {
  test("an epoch holds every image once, whatever the sizes, and epochs differ", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        (n, batchSize, seed) => {
          const options = { batchSize, key: Key.seed(seed), dropLast: false };
          const epoch = take(batchesPerEpoch(n, batchSize, false), batches(pixels(n), options));
          expect(epoch.flatMap(labelsOf).sort((a, b) => a - b)).toEqual([...counting(n)]);
          expect(epoch.at(-1)!.next).toEqual({ epoch: 1, index: 0 });
        },
      ),
    );
    expect([...epochOrder(key, 0, 50)]).not.toEqual([...epochOrder(key, 1, 50)]);
    expect([...epochOrder(key, 3, 50)]).toEqual([...epochOrder(key, 3, 50)]);
  });

  test("dropLast keeps every batch full", () => {
    const sizes = take(7, batches(pixels(10), { batchSize: 4, key })).map((b) => b.images.shape[0]);
    expect(sizes).toEqual([4, 4, 4, 4, 4, 4, 4]);
  });

  test("without shuffling the order is that of the data", () => {
    const seen = take(3, batches(pixels(5), { batchSize: 2, key, shuffle: false })).map(labelsOf);
    expect(seen).toEqual([
      [0, 1],
      [2, 3],
      [0, 1],
    ]);
  });

  test("a run resumed at any position sees exactly the rest, transforms included", () => {
    const noise = (images: ReturnType<typeof normalize>, k: Key) =>
      ndarray(hostUniform(k, images.data.length), images.shape);
    const options = { batchSize: 4, key, transform: noise };
    const whole = take(12, batches(pixels(18), options));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), (at) => {
        const rest = take(11 - at, batches(pixels(18), options, whole[at]!.next));
        expect(rest.map(labelsOf)).toEqual(whole.slice(at + 1).map(labelsOf));
        expect(rest.map((b) => [...b.images.data])).toEqual(
          whole.slice(at + 1).map((b) => [...b.images.data]),
        );
      }),
    );
  });

  test("impossible sizes are refused", () => {
    expect(() => batches(pixels(3), { batchSize: 4, key }).next()).toThrow(
      "3 images do not fill one batch of 4",
    );
    expect(() => batches(pixels(3), { batchSize: 0, key }).next()).toThrow(
      "a batch size of 0 is not possible",
    );
  });

  test("onePass gives everything once, the rest in a smaller batch", () => {
    expect([...onePass(pixels(5), 2)].map(labelsOf)).toEqual([[0, 1], [2, 3], [4]]);
  });
});

describe("prefetch", () => {
  const pause = () => new Promise((done) => setTimeout(done, 5));
  test("keeps the order, and makes the next item while the consumer waits", async () => {
    let made = 0;
    const source = (function* () {
      for (; made < 4; ) yield made++;
    })();
    const seen: [number, number][] = [];
    for await (const item of prefetch(source)) {
      const before = made;
      await pause();
      seen.push([item, made - before]);
    }
    expect(seen).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 0],
    ]);
  });
  test("a consumer that never waits gets all the same", async () => {
    const seen: number[] = [];
    for await (const item of prefetch([5, 6, 7].values())) seen.push(item);
    expect(seen).toEqual([5, 6, 7]);
  });
  test("the source's error arrives when its item is asked for", async () => {
    const items = prefetch(
      (function* () {
        yield 1;
        throw new Error("file is gone");
      })(),
    );
    expect((await items.next()).value).toBe(1);
    await pause();
    await expect(items.next()).rejects.toThrow("file is gone");
  });
  test("leaving early closes the source and makes nothing more", async () => {
    let closed = false;
    let made = 0;
    const source = (function* () {
      try {
        for (;;) yield made++;
      } finally {
        closed = true;
      }
    })();
    for await (const _ of prefetch(source)) break;
    await pause();
    expect([closed, made]).toEqual([true, 1]);
  });
});

describe("transforms", () => {
  const x = ndarray(
    Float32Array.from({ length: 12 }, (_, i) => i / 12),
    [2, 1, 2, 3],
  );
  test("horizontalFlip mirrors whole images, by chance from the key", () => {
    expect([...horizontalFlip(0)(x, key).data]).toEqual([...x.data]);
    const mirrored = [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9].map((v) => Math.fround(v / 12));
    expect([...horizontalFlip(1)(x, key).data]).toEqual(mirrored);
    const many = ndarray(Float32Array.from(counting(2000, 2)), [1000, 1, 1, 2]);
    const flips = horizontalFlip()(many, key).data.filter((v, i) => i % 2 === 0 && v === 1).length;
    expect(Math.abs(flips - 500)).toBeLessThan(60); // four standard deviations are 63
    expect(horizontalFlip()(many, key)).toEqual(horizontalFlip()(many, key));
  });
  test("pad puts a border around each plane", () => {
    const out = pad(1, 9)(ndarray(Float32Array.of(1, 2), [2, 1, 1, 1]), key);
    expect(out.shape).toEqual([2, 1, 3, 3]);
    expect([...out.data]).toEqual([9, 9, 9, 9, 1, 9, 9, 9, 9, 9, 9, 9, 9, 2, 9, 9, 9, 9]);
  });
  test("normalize and denormalize are inverse; compose applies in order", () => {
    const image = ndarray(Float32Array.of(0, 0.5, 1), [1, 1, 1, 3]);
    expect([...normalize(image, key).data]).toEqual([-1, 0, 1]);
    expect(denormalize(normalize(image, key))).toEqual(image);
    const out = compose(normalize, pad(1, -1))(image, key);
    expect([...out.data.subarray(5, 10)]).toEqual([-1, -1, 0, 1, -1]);
  });
});
