import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "fflate";
import { afterEach, describe, expect, test } from "vitest";
import { CIFAR10_FILES } from "../../src/data/cifar.ts";
import { IDX_FILES } from "../../src/data/idx.ts";
import { openData } from "../../src/data/web.ts";
import { counting, idxBytes } from "./helpers.ts";

/** Small stand-ins for the four files of MNIST. */
const four: Record<string, Uint8Array> = {
  [IDX_FILES.trainImages]: idxBytes([3, 2, 2], counting(12)),
  [IDX_FILES.trainLabels]: idxBytes([3], [7, 8, 9]),
  [IDX_FILES.testImages]: idxBytes([1, 2, 2], [9, 9, 9, 9]),
  [IDX_FILES.testLabels]: idxBytes([1], [0]),
};

let close: (() => void) | undefined;
afterEach(() => {
  close?.();
  close = undefined;
  Reflect.deleteProperty(globalThis, "caches");
});

/** A server, and the addresses that it was asked for. */
async function serve(answer: RequestListener): Promise<{ base: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url!);
    answer(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
/** Files below /data/, each also with .gz. */
const files =
  (all: Record<string, Uint8Array | string>): RequestListener =>
  (request, response) => {
    const name = decodeURI(request.url!).replace("/data/", "");
    const found = all[name.replace(/\.gz$/, "")];
    if (!request.url!.startsWith("/data/") || found === undefined) return void response.writeHead(404).end();
    const bytes = typeof found === "string" ? new TextEncoder().encode(found) : found;
    response.end(name.endsWith(".gz") ? gzipSync(bytes) : bytes);
  };

const labelsOf = async (examples: { length: number; batch(i: number[]): unknown }): Promise<number[]> => {
  const batch = (await examples.batch([...Array(examples.length).keys()])) as {
    labels: { data: Int32Array };
  };
  return [...batch.labels.data];
};

/** The part of the Cache API that is used. */
function fakeCaches(): Map<string, Response> {
  const kept = new Map<string, Response>();
  const cache = {
    match: (key: string) => Promise.resolve(kept.get(key)?.clone()),
    put: (key: string, response: Response) => Promise.resolve(void kept.set(key, response)),
  };
  Object.assign(globalThis, { caches: { open: () => Promise.resolve(cache) } });
  return kept;
}

describe("MNIST", () => {
  test("is fetched from the folder at a URL, with progress in bytes", async () => {
    const { base, asked } = await serve(files(four));
    const seen: [number, number | undefined][] = [];
    const data = await openData("mnist", { url: `${base}/data`, onProgress: (...at) => seen.push(at) });
    expect([data.kind, data.train.length, data.classes.length]).toEqual(["images", 3, 10]);
    expect([await labelsOf(data.train), await labelsOf(data.test)]).toEqual([[7, 8, 9], [0]]);
    const all = Object.values(four).reduce((n, bytes) => n + bytes.length, 0);
    expect(seen.at(-1)).toEqual([all, all]);
    expect(asked.sort()).toEqual(
      Object.keys(four)
        .map((name) => `/data/${name}`)
        .sort(),
    );
  });
  test("from URLs that a function gives, gzipped, resized", async () => {
    const { base } = await serve(files(four));
    const url = (file: string) => new URL(`/data/${file}.gz`, base);
    const data = await openData("mnist", { url, imageSize: 4 });
    expect(data.spec.shape).toEqual([1, 4, 4]);
    await expect(openData("mnist", { url: () => undefined })).rejects.toThrow(
      `the function that gives the URLs of "mnist" gives none for "train-images-idx3-ubyte".`,
    );
  });
  test("only the first images, and no more of the files than they take", async () => {
    const pixels = new Uint8Array(3_000_000);
    const big = {
      ...four,
      [IDX_FILES.trainImages]: idxBytes([3, 1000, 1000], pixels),
      [IDX_FILES.testImages]: idxBytes([1, 1000, 1000], pixels.subarray(0, 1_000_000)),
    };
    const { base } = await serve(files(big));
    let received = 0;
    const onProgress = (bytes: number, total?: number) => {
      received = bytes;
      expect(total).toBeUndefined();
    };
    const data = await openData("mnist", { url: `${base}/data`, limit: { train: 1 }, onProgress });
    expect([data.train.length, data.test.length, await labelsOf(data.train)]).toEqual([1, 1, [7]]);
    expect(received).toBeLessThan(1_000_000 + 1_000_000 + 500_000);
  });
  test.each([
    ["mnist", { train: 0 }, "a limit of 0 train images is not possible: give a whole number, such as 1000."],
    ["mnist", { test: 2 }, "t10k-images-idx3-ubyte holds 1 items, and the first 2 were asked for."],
    ["ring-8", { train: 2 }, '"ring-8" cannot be limited to its first images: leave the limit out.'],
    ["idx:a,b", { train: 2 }, '"idx:a,b" cannot be limited to its first images'],
  ])("%s with a limit of %j is refused", async (name, limit, sentence) => {
    const { base } = await serve(files(four));
    await expect(openData(name, { url: `${base}/data`, limit })).rejects.toThrow(sentence);
  });
});

describe("the cache", () => {
  test("keeps what was fetched: the second time nothing is asked for", async () => {
    const kept = fakeCaches();
    const { base, asked } = await serve(files(four));
    const options = { url: `${base}/data/` };
    await openData("mnist", options);
    expect([...kept.keys()].sort()).toEqual(
      Object.keys(four)
        .map((name) => `${base}/data/${name}`)
        .sort(),
    );
    expect(asked).toHaveLength(4);
    let received = 0;
    const again = await openData("mnist", { ...options, onProgress: (bytes) => (received = bytes) });
    expect([asked.length, await labelsOf(again.train)]).toEqual([4, [7, 8, 9]]);
    expect(received).toBe(Object.values(four).reduce((n, bytes) => n + bytes.length, 0));
    await openData("mnist", { ...options, cache: false });
    expect(asked).toHaveLength(8);
  });
  test("keeps a part of a file under the limit that it was needed for", async () => {
    const kept = fakeCaches();
    const { base, asked } = await serve(files(four));
    const url = (file: string) => `${base}/data/${file}.gz`;
    await openData("mnist", { url, limit: { train: 2 } });
    expect([...kept.keys()][0]).toContain("ubyte.gz?galatea-limit=2-all");
    const again = await openData("mnist", { url, limit: { train: 2 } });
    expect([asked.length, await labelsOf(again.train)]).toEqual([4, [7, 8]]);
    expect((await openData("mnist", { url })).train.length).toBe(3);
    expect(asked).toHaveLength(8);
  });
  test("keeps nothing of a data set that is damaged, and a full disk is no trouble", async () => {
    const kept = fakeCaches();
    const { base } = await serve(files({ ...four, [IDX_FILES.testLabels]: idxBytes([2], [0]) }));
    await expect(openData("mnist", { url: `${base}/data` })).rejects.toThrow("was cut short");
    expect(kept.size).toBe(0);
    const put = () => Promise.reject(new Error("QuotaExceededError"));
    const cache = { match: () => Promise.resolve(undefined), put };
    Object.assign(globalThis, { caches: { open: () => Promise.resolve(cache) } });
    const whole = await serve(files(four));
    expect((await openData("mnist", { url: `${whole.base}/data` })).train.length).toBe(3);
  });
});

test("text, lines, pairs and IDX pairs: paths in the name are relative to the URL", async () => {
  const { base } = await serve(
    files({
      "a.txt": "0123456789",
      "more/b.txt": "x\n".repeat(10),
      "p.tsv": "a\tb\n".repeat(10),
      images: idxBytes([10, 2, 2], counting(40)),
      labels: idxBytes([10], counting(10, 2)),
    }),
  );
  const url = `${base}/data`;
  expect((await openData("text:a.txt", { url })).train.length).toBe(9);
  expect((await openData(`text:${url}/a.txt`, {})).name).toBe(`text:${url}/a.txt`);
  expect((await openData("lines:more/b.txt.gz", { url, tokenizer: "bytes" })).test.length).toBe(2);
  expect((await openData("pairs:p.tsv", { url })).train).toHaveLength(9);
  expect((await openData("idx:images,labels", { url })).classes).toEqual(["0", "1"]);
  await expect(openData("text:a.txt", { url, imageSize: 8 })).rejects.toThrow(
    "so there is nothing to resize",
  );
});

test("CIFAR-10: of as many files as its first images take", async () => {
  const records = (...labels: number[]) =>
    Uint8Array.from(labels.flatMap((label) => [label, ...counting(3072)]));
  const batches = Object.fromEntries(CIFAR10_FILES.train.map((name, i) => [`c/${name}`, records(i, 9 - i)]));
  const { base, asked } = await serve(files({ ...batches, "c/test_batch.bin": records(3, 4) }));
  const url = `${base}/data`;
  const data = await openData("cifar10:c", { url, limit: { train: 3, test: 1 } });
  expect([await labelsOf(data.train), await labelsOf(data.test)]).toEqual([[0, 9, 1], [3]]);
  expect(asked.map((path) => path.split("/").at(-1))).toEqual([
    "data_batch_1.bin",
    "data_batch_2.bin",
    "test_batch.bin",
  ]);
  await expect(openData("cifar10:c", { url, limit: { train: 11 } })).rejects.toThrow(
    "CIFAR-10 holds 10 images here, and the first 11 were asked for.",
  );
});

describe("what cannot be fetched is said by its URL", () => {
  test("not there, no server, no address", async () => {
    const { base } = await serve(files(four));
    await expect(openData("mnist", { url: `${base}/other` })).rejects.toThrow(
      /other\/.*cannot be fetched: the server answers 404/,
    );
    close!();
    close = undefined;
    await expect(openData("mnist", { url: base })).rejects.toThrow(/cannot be fetched: .* \(CORS\)/);
    await expect(openData("mnist")).rejects.toThrow(
      'in a page "mnist" must be fetched: give the URL of the folder with its files (url).',
    );
    await expect(openData("folder:photos", { url: base })).rejects.toThrow(
      'unknown data set "folder:photos"',
    );
  });
  test("a web page in its place", async () => {
    const { base } = await serve((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end("<!doctype html>");
    });
    await expect(openData("text:a.txt", { url: base })).rejects.toThrow(
      `${base}/a.txt cannot be fetched: the server sends a web page instead. Is the address right?`,
    );
  });
  test.each(["", ".gz"])("a connection that breaks off (a.txt%s)", async (suffix) => {
    const { base } = await serve((_, response) => {
      response.setHeader("content-length", 1000);
      response.write(suffix ? gzipSync(counting(200)).subarray(0, 100) : "abc", () => response.destroy());
    });
    await expect(openData(`text:a.txt${suffix}`, { url: base })).rejects.toThrow(
      /a\.txt.*(broke off|cut short)/,
    );
  });
});
