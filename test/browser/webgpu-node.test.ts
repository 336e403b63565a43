import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { type Trained, train } from "./training.ts";

/** The software adapter that comes with Debian's Chromium: a Vulkan driver for machines without a GPU. */
const DRIVER = process.env.VK_DRIVER_FILES ?? "/usr/lib/chromium/vk_swiftshader_icd.json";

let gpu: Engine;
let host: Engine;
beforeAll(async () => {
  if (!existsSync(DRIVER))
    throw new Error(
      `${DRIVER} is missing: install chromium and libvulkan1, or name a driver in VK_DRIVER_FILES`,
    );
  process.env.VK_DRIVER_FILES = process.env.VK_ICD_FILENAMES = DRIVER;
  gpu = await nodeEngine({ device: "webgpu" });
  host = await nodeEngine({ threads: 1 });
});
afterAll(() => Promise.all([gpu?.dispose(), host?.dispose()]));

describe("WebGPU in Node, on a software adapter", () => {
  test("state stays on the device from step to step, and can be read: the CPU's losses and weights", async () => {
    const [there, here]: [Trained, Trained] = [await train(gpu, 4), await train(host, 4)];
    there.losses.forEach((loss, i) => {
      expect(Math.abs(loss - here.losses[i]!)).toBeLessThan(1e-5);
    });
    there.weight.forEach((w, i) => {
      expect(Math.abs(w - here.weight[i]!)).toBeLessThan(1e-4);
    });
    for (const norm of [...here.norms, ...there.norms]) expect(norm).toBeCloseTo(here.norms[0]!, 3);
  });
});
