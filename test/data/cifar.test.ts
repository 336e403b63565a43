import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CIFAR10_FILES } from "../../src/data/cifar.ts";
import { slice } from "../../src/data/dataset.ts";
import { openCifar } from "../../src/data/images.node.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "galatea-cifar-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Records whose red, green and blue planes count up from the label, from 50 and from 100. */
const records = (...labels: number[]): Uint8Array => {
  const out = new Uint8Array(labels.length * 3073);
  labels.forEach((label, r) => {
    out[r * 3073] = label;
    for (let p = 0; p < 3072; p++) {
      const base = [label, 50, 100][Math.floor(p / 1024)]!;
      out[r * 3073 + 1 + p] = base + (p % 64);
    }
  });
  return out;
};

async function put(inside = ""): Promise<string> {
  const place = join(folder, inside);
  await mkdir(place, { recursive: true });
  for (const [i, file] of CIFAR10_FILES.train.entries())
    await writeFile(join(place, file), records(i, 9 - i));
  await writeFile(join(place, CIFAR10_FILES.test), records(3));
  return place;
}

test.each(["", "cifar-10-batches-bin"])(
  "the five batches in order, and the test batch (in %j)",
  async (inside) => {
    await put(inside);
    const data = await openCifar("cifar10", folder);
    expect([data.train.length, data.test.length, data.imageShape]).toEqual([10, 1, [3, 32, 32]]);
    expect(data.classes).toHaveLength(10);
    expect(data.classes[3]).toBe("cat");
    expect([...data.train.labels!]).toEqual([0, 9, 1, 8, 2, 7, 3, 6, 4, 5]);
    const { images } = slice(data.train, 9, 10);
    expect(images.shape).toEqual([1, 3, 32, 32]);
    // Planes, then rows, then columns: row 1, column 2 is number 34 of its plane.
    const at = (channel: number): number => images.data[channel * 1024 + 34]! * 255;
    expect([0, 1, 2].map(at).map(Math.round)).toEqual([5 + 34, 50 + 34, 100 + 34]);
  },
);

test("what is not CIFAR-10's binary version is said", async () => {
  const place = await put();
  const file = join(place, "data_batch_3.bin");
  await writeFile(file, new Uint8Array(3073 + 5));
  await expect(openCifar("cifar10", place)).rejects.toThrow(
    `${file}: 3078 bytes are not a whole number of CIFAR-10 records of 3073 bytes. Take the "binary version"`,
  );
  await writeFile(file, records(4, 10));
  await expect(openCifar("cifar10", place)).rejects.toThrow(
    `${file}: record 1 has the label 10; CIFAR-10 has labels 0 to 9.`,
  );
  await rm(file);
  await expect(openCifar("cifar10", place)).rejects.toThrow(`${file}: there is no such file.`);
  await expect(openCifar("cifar10", join(folder, "nowhere"))).rejects.toThrow(
    `${join(folder, "nowhere")}: CIFAR-10 is not here. Fetch its binary version (cifar-10-binary.tar.gz)`,
  );
});
