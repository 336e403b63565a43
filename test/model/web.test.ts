import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRun, saveRun } from "../../src/catalog.node.ts";
import { CATALOG } from "../../src/catalog.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { openRunAt, openRunFiles } from "../../src/model/web.ts";
import { scratch } from "../cli/helpers.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = scratch();
let server: Server;
let base = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(root, decodeURIComponent(request.url!))));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const how = { count: 2, steps: 3, class: "7" };
const first = (output: Awaited<ReturnType<Awaited<ReturnType<typeof openRun>>["do"]>>): unknown =>
  (output.pictures![0] as { images: unknown }).images;

test("a run is opened by name, by URL and from files, draws the same, and needs no data set", async () => {
  const engine = await nodeEngine({ threads: 1 });
  const here = await openRun("ddpm-mnist", { engine });
  const there = await openRunAt(CATALOG, `${base}/examples/ddpm-mnist`, { engine });
  expect(there.step).toBe(8000);
  const drawn = first(await here.do("sample", how, { seed: 3 }));
  expect(first(await there.do("sample", how, { seed: 3 }))).toEqual(drawn);

  const saved = await saveRun(join(folder, "kept"), here);
  const paths = ["config.json", "checkpoints/8000/state.json", "checkpoints/8000/weights.safetensors"];
  const files = paths.map((path) => {
    const file = new File([readFileSync(join(saved.path, path))], path.split("/").at(-1)!);
    return Object.defineProperty(file, "webkitRelativePath", { value: `kept/${path}` });
  });
  const dropped = await openRunFiles(CATALOG, files, { engine });
  expect(first(await dropped.do("sample", how, { seed: 3 }))).toEqual(drawn);
  await expect(dropped.do("reconstruct", { steps: 2 })).rejects.toThrow(
    "this needs the run's data set, and none was given",
  );
  await engine.dispose();
});

test("what is no run is said", async () => {
  await expect(openRunAt(CATALOG, `${base}/examples/nothing`)).rejects.toThrow("there is no run here");
  expect(() => openRunFiles(CATALOG, [new File([], "a.txt")])).toThrow("there is no config.json among them");
  const engine = await nodeEngine({ threads: 1 });
  const opened = await openRun("ddpm-mnist", { engine });
  await expect(opened.do("sampel")).rejects.toThrow('unknown command "sampel"');
  await expect(opened.do("sample", { count: 0 })).rejects.toThrow("option `count` 0: too small");
  await engine.dispose();
});
