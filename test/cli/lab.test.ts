import { appendFileSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { beforeAll, describe, expect, test } from "vitest";
import { labServer, SERVED } from "../../src/cli/lab-server.ts";
import { unpackLogs } from "../../src/train/log-columns.ts";
import { modelRun } from "../run-configs.ts";
import { cli, scratch } from "./helpers.ts";

const folder = scratch();
const at = (path: string): string => join(folder, path);
const CONFIG = modelRun({ steps: 3 });

beforeAll(() => {
  for (const path of ["runs/a/samples", "runs/sweep/b", "runs/broken", "pages", "secret"])
    mkdirSync(at(path), { recursive: true });
  writeFileSync(at("runs/a/config.json"), JSON.stringify(CONFIG));
  writeFileSync(at("runs/a/metrics.jsonl"), '{"step":1,"loss":2}\n{"step":2,"loss":1}\n');
  writeFileSync(at("runs/a/samples/000001-samples.png"), "a picture");
  writeFileSync(at("runs/sweep/b/config.json"), JSON.stringify({ ...CONFIG, seed: 1 }));
  writeFileSync(at("runs/broken/config.json"), "{");
  writeFileSync(at("pages/index.html"), "<title>the lab</title>");
  writeFileSync(at("secret/config.json"), "not for you");
  symlinkSync(at("secret"), at("runs/a/samples/way-out"));
  symlinkSync(at("secret"), at("runs/outside"));
});

const get = (path: string, init: RequestInit = {}, host = "127.0.0.1:6007"): Promise<Response> =>
  Promise.resolve(labServer({ runs: at("runs"), pages: at("pages") }).request(`http://${host}${path}`, init));
const A = "/api/runs/a";

test("runs are listed with their configuration and last step; one that cannot be read says why", async () => {
  const runs = (await (await get("/api/runs")).json()) as Record<string, unknown>[];
  const of = (name: string): Record<string, unknown> => runs.find((run) => run.name === name)!;
  expect(of("a")).toMatchObject({ last: { step: 2, loss: 1 }, config: { model: "vae", seed: 0 } });
  expect(of("sweep/b")).toMatchObject({ changed: 0, config: { seed: 1 } });
  expect(of("broken").problem).toContain("is not JSON");
  // A single run can be shown, too.
  const one = await labServer({ runs: at("runs/a"), pages: at("pages") }).request(
    "http://localhost/api/runs",
  );
  expect(((await one.json()) as { name: string }[]).map(({ name }) => name)).toEqual(["."]);
});

test("the logs of several runs, read; nothing of what is elsewhere", async () => {
  const response = await get("/api/logs?run=sweep%2Fb&run=a&run=..%2Fsecret");
  const logs = unpackLogs(await response.arrayBuffer());
  expect(logs.map(({ name, size }) => [name, size])).toEqual([
    ["metrics", 0],
    ["timing", 0],
    ["metrics", 40],
    ["timing", 0],
    ["metrics", 0],
    ["timing", 0],
  ]);
  expect(logs[2]!.log.series()).toEqual(
    new Map([["loss", { steps: Float64Array.of(1, 2), values: Float64Array.of(2, 1) }]]),
  );
});

test("who watches a run is sent what is written, and all of it again where the run was set back", async () => {
  const stop = new AbortController();
  const response = await get("/api/watch?run=nowhere&metrics=0&timing=0&run=a&metrics=20&timing=0", {
    signal: stop.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<unknown> => {
    let text = "";
    while (!text.includes("\n\n")) text += (await reader.read()).value ?? "";
    return JSON.parse(/data: (.*)/.exec(text)![1]!);
  };
  const part = { run: 1, log: "metrics" };
  expect(await next()).toEqual({ ...part, text: '{"step":2,"loss":1}\n', again: false, size: 40 });
  appendFileSync(at("runs/a/metrics.jsonl"), '{"step":3,"loss":0}\n');
  expect(await next()).toEqual({ ...part, text: '{"step":3,"loss":0}\n', again: false, size: 60 });
  truncateSync(at("runs/a/metrics.jsonl"), 20);
  expect(await next()).toEqual({ ...part, text: '{"step":1,"loss":2}\n', again: true, size: 20 });
  await reader.cancel();
  stop.abort();
});

test("five hundred runs may be asked for in one address", async () => {
  const app = labServer({ runs: at("runs"), pages: at("pages") });
  const server = serve({ ...SERVED, fetch: app.fetch, port: 0 });
  await new Promise<void>((done) => server.once("listening", done));
  const names = Array.from({ length: 500 }, (_, i) => ["run", `a-sweep-with-a-long-name/of-many-runs-${i}`]);
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/api/samples?${new URLSearchParams(names)}`);
  expect(response.status).toBe(200);
  expect(await response.json()).toHaveLength(500);
  server.close();
});

test("samples and pages", async () => {
  const [none, some] = (await (await get("/api/samples?run=sweep%2Fb&run=a")).json()) as string[][];
  expect([none, some]).toEqual([[], expect.arrayContaining(["000001-samples.png"])]);
  const picture = await get(`${A}/samples/000001-samples.png`);
  expect([await picture.text(), picture.headers.get("Content-Type")]).toEqual(["a picture", "image/png"]);
  const page = await get("/");
  expect([await page.text(), page.headers.get("Content-Type")]).toEqual([
    "<title>the lab</title>",
    "text/html; charset=utf-8",
  ]);
  expect(page.headers.get("X-Content-Type-Options")).toBe("nosniff");
});

describe("what lies elsewhere is out of reach", () => {
  test.each([
    `${A}/samples/..%2F..%2F..%2Fsecret%2Fconfig.json`,
    `${A}/samples/way-out%2Fconfig.json`,
    "/api/runs/outside/samples/config.json",
    "/api/runs/..%2Fsecret/samples/config.json",
    "/..%2Fsecret/config.json",
    "/%2Fetc%2Fpasswd",
    "/.git/config",
    "/%zz",
    "/api/nothing",
  ])("%s", async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("There is nothing at this address.\n");
  });
});

test("other hosts and other methods are refused with a sentence", async () => {
  const elsewhere = await get("/api/runs", {}, "evil.example");
  expect(elsewhere.status).toBe(403);
  expect(await elsewhere.text()).toContain('not at "evil.example"');
  const written = await get("/api/runs", { method: "POST" });
  expect([written.status, await written.text()]).toEqual([
    405,
    "The lab only shows: POST is not possible.\n",
  ]);
});

test("galatea lab: a folder that is not there", async () => {
  const { code, err } = await cli(["lab", at("nowhere"), "--no-open"]);
  expect(code).toBe(1);
  expect(err).toContain(`there is no folder ${at("nowhere")}`);
});
