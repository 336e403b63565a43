import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readIdx } from "../../src/data/idx.ts";
import { openMnist } from "../../src/data/images.node.ts";
import { mnist } from "../../src/data/vite.node.ts";

const plugin = mnist();
plugin.configResolved({ base: "/app/" });

/** As connect does: the path is taken off what the handler sees. */
const server = createServer();
plugin.configureServer({
  middlewares: {
    use: (path, handle) =>
      server.on("request", (request, response) => {
        const missing = () => void response.writeHead(404).end("not here");
        if (!request.url!.startsWith(path)) return missing();
        request.url = request.url!.slice(path.length);
        handle(request, response, missing);
      }),
  },
});
let base: string;
beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test("the server gives the files below the base, gzipped, and nothing else", async () => {
  const response = await fetch(`${base}/app/mnist/t10k-labels-idx1-ubyte?t=1`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect([response.headers.get("content-encoding"), bytes[0], bytes[1]]).toEqual([null, 0x1f, 0x8b]);
  const { shape, data } = await readIdx({ file: "labels", bytes });
  expect([shape, [...data.subarray(0, 4)]]).toEqual([[10_000], [7, 2, 1, 0]]);
  for (const path of ["/app/mnist/package.json", "/mnist/t10k-labels-idx1-ubyte", "/app/mnist/"])
    expect((await fetch(base + path)).status).toBe(404);
});

test("a build holds the four files", async () => {
  const emitted: { fileName: string; source: Uint8Array }[] = [];
  await plugin.generateBundle.call({ emitFile: (file) => emitted.push(file) });
  expect(emitted.map(({ fileName }) => fileName).sort()).toEqual([
    "mnist/t10k-images-idx3-ubyte",
    "mnist/t10k-labels-idx1-ubyte",
    "mnist/train-images-idx3-ubyte",
    "mnist/train-labels-idx1-ubyte",
  ]);
  expect(emitted.reduce((n, { source }) => n + source.length, 0)).toBeLessThan(12.5e6);
  const { source } = emitted.find(({ fileName }) => fileName.endsWith("t10k-images-idx3-ubyte"))!;
  const { data } = await readIdx({ file: "images", bytes: source });
  expect(Buffer.compare(data, (await openMnist()).test.images)).toBe(0);
});
