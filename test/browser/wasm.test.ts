import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { scan } from "../../src/tensor/ops.ts";
import { hostBits, hostNormal, hostUniform, Key } from "../../src/tensor/random.ts";
import { OPS, type Report } from "../tensor/check.ts";
import { apart, CASES, results } from "../tensor/scan-cases.ts";
import { openPage, type TestPage } from "./harness.ts";
import { type Trained, train } from "./training.ts";
import { updates } from "./updates.ts";

let page: TestPage;
beforeAll(async () => {
  page = await openPage();
});
afterAll(() => page?.close());

describe("wasm in Chromium", () => {
  test("every primitive: value, gradient and gradient of the gradient", async () => {
    const on = { device: "wasm", threads: 1 };
    const reports = await page.call<Report[]>("check", { on, options: { seeds: 2 } });
    expect(new Set(reports.map((r) => r.op))).toEqual(new Set(OPS));
    expect(reports.filter((r) => r.problem).map((r) => `${r.label}: ${r.problem}`)).toEqual([]);
  });

  test.each(Object.keys(CASES))("a loop: %s", async (name) => {
    const engine = await nodeEngine({ threads: 1 });
    const host = await results(engine, name, scan);
    await engine.dispose();
    const web = await page.call<number[][]>("scan", { on: { device: "wasm", threads: 1 }, name });
    expect(apart(web, host)).toBeLessThan(2e-5);
  });

  test("training gives the losses that Node's engine gives", async () => {
    const engine = await nodeEngine({ threads: 1 });
    const host = await train(engine, 20);
    await engine.dispose();
    const web = await page.call<Trained>("train", { on: { device: "wasm", threads: 2 }, steps: 20 });
    expect(host.losses.at(-1)).toBeLessThan(host.losses[0]!);
    web.losses.forEach((loss, i) => {
      expect(Math.abs(loss - host.losses[i]!)).toBeLessThan(1e-5);
    });
    web.weight.forEach((w, i) => {
      expect(Math.abs(w - host.weight[i]!)).toBeLessThan(1e-4);
    });
    for (const norm of [...host.norms, ...web.norms]) expect(norm).toBeCloseTo(host.norms[0]!, 3);
  });

  test("optimizers given the same gradients take the same steps, to the last bit", async () => {
    const engine = await nodeEngine({ threads: 1 });
    const host = await updates(engine, 10);
    await engine.dispose();
    expect(new Set(host).size).toBeGreaterThan(1000);
    expect(await page.call("updates", { on: { device: "wasm", threads: 1 }, steps: 10 })).toEqual(host);
  });

  test("the same key draws the same numbers", async () => {
    type Drawn = Record<"bits" | "uniform" | "normal" | "plainNormal", number[]>;
    const got = await page.call<Drawn>("random", 11);
    const key = Key.seed(11).split("browser");
    expect(got.bits).toEqual(Array.from(hostBits(key, 1001)));
    expect(got.uniform).toEqual(Array.from(hostUniform(key, 1001)));
    expect(got.normal).toEqual(got.plainNormal);
    // log and cos are the platform's own: equal to a unit in the last place.
    hostNormal(key, 1001).forEach((v, i) => {
      expect(Math.abs(v - got.normal[i]!)).toBeLessThan(1e-6);
    });
  });

  test("without WebGPU, asking for it says what is missing", async () => {
    expect(await page.call("refusal", { device: "webgpu" })).toMatch(/^device webgpu: /);
    expect(await page.call("refusal", { device: "cuda" })).toMatch(/^device cuda exists in Node only/);
  });
});

describe("threads", () => {
  test("a cross-origin-isolated page uses two", async () => {
    const fresh = await openPage();
    const found = await fresh.call("environment", { device: "wasm", threads: 2 });
    const workers = fresh.workers();
    await fresh.close();
    expect(found).toEqual({ isolated: true, engine: "onnxruntime-web wasm, 2 threads" });
    // The page's own thread, and one worker.
    expect(workers).toBe(1);
  });

  test("any other page uses one", async () => {
    const plain = await openPage({ isolated: false });
    const found = await plain.call("environment", { device: "wasm", threads: 2 });
    const workers = plain.workers();
    await plain.close();
    expect(found).toEqual({ isolated: false, engine: "onnxruntime-web wasm, 1 thread" });
    expect(workers).toBe(0);
  });

  test("where none are asked for, the first graph decides: one for a small one", async () => {
    const small = await openPage();
    const found = await small.call<{ name: string; warnings: string[] }>("threads", "small");
    await small.close();
    expect(found.name).toBe("onnxruntime-web wasm, 1 thread");
    expect(found.warnings).toEqual([
      expect.stringMatching(
        /^ONNX Runtime runs with 1 thread here, .* and cannot change it: \d+ would serve this one\. createEngine\(\{ threads: \d+ \}\)/,
      ),
    ]);
    const large = await openPage();
    const many = await large.call<{ name: string; warnings: string[] }>("threads", "large");
    await large.close();
    expect(many.name).toMatch(/^onnxruntime-web wasm, ([2-8]) threads$/);
    expect(many.warnings).toEqual([]);
  });
});

describe("a worker bundled into one classic script", () => {
  test("computes with one thread", async () => {
    const tab = await openPage({ worker: "worker.ts" });
    const said = await tab.call<Record<string, unknown>[]>("worker", { threads: 1 });
    await tab.close();
    expect(said).toEqual([{ started: true }, { name: "onnxruntime-web wasm, 1 thread" }]);
  });

  test("says that threads cannot start, and does not run twice", async () => {
    const tab = await openPage({ worker: "worker.ts" });
    const said = await tab.call<Record<string, unknown>[]>("worker", { threads: 2 });
    await tab.close();
    expect(said).toEqual([
      { started: true },
      {
        error: expect.stringMatching(
          /^ONNX Runtime cannot start its threads here: it shares its file with the program that uses it\. Build workers as ES modules/,
        ),
      },
    ]);
  });
});
