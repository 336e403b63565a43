import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { scan } from "../../src/tensor/ops.ts";
import { OPS, type Report } from "../tensor/check.ts";
import { apart, CASES, results } from "../tensor/scan-cases.ts";
import { openPage, type TestPage } from "./harness.ts";
import { type Trained, train } from "./training.ts";

const on = { device: "webgpu" };
let page: TestPage;
beforeAll(async () => {
  page = await openPage({ webgpu: true });
});
afterAll(() => page?.close());

/** Shaders may be off by more than a CPU is: sin and cos by 2^-11 in absolute terms, says WGSL. */
const SLACK = { sin: 500, cos: 500 } as Partial<Record<string, number>>;

describe("WebGPU in Chromium, on a software adapter", () => {
  test.each(OPS)("%s", async (op) => {
    const options = { ops: [op], seeds: 1, gpu: true, slack: SLACK[op] ?? 20 };
    const reports = await page.call<Report[]>("check", { on, options });
    expect(reports.length).toBeGreaterThan(0);
    expect(reports.filter((r) => r.problem).map((r) => `${r.label}: ${r.problem}`)).toEqual([]);
  });

  test.each(Object.keys(CASES))("a loop: %s", async (name) => {
    const engine = await nodeEngine({ threads: 1 });
    const host = await results(engine, name, scan);
    await engine.dispose();
    const web = await page.call<number[][]>("scan", { on, name });
    expect(apart(web, host)).toBeLessThan(1e-4);
  });

  test("no node of a training step falls back to the CPU", async () => {
    const fresh = await openPage({ webgpu: true });
    const placed = await fresh.call("placement");
    await fresh.close();
    expect(placed).toEqual(["All nodes placed on [WebGpuExecutionProvider]"]);
  });

  test("training with state in GPU buffers gives the losses that Node's engine gives", async () => {
    const engine = await nodeEngine({ threads: 1 });
    const host = await train(engine, 4);
    await engine.dispose();
    const web = await page.call<Trained>("train", { on, steps: 4 });
    web.losses.forEach((loss, i) => {
      expect(Math.abs(loss - host.losses[i]!)).toBeLessThan(1e-5);
    });
    web.weight.forEach((w, i) => {
      expect(Math.abs(w - host.weight[i]!)).toBeLessThan(1e-4);
    });
    for (const norm of [...host.norms, ...web.norms]) expect(norm).toBeCloseTo(host.norms[0]!, 3);
  });
});
