import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { UserError } from "../../src/errors.ts";
import { train } from "../browser/training.ts";

const missing = (): Promise<never> =>
  Promise.reject(
    Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: "ERR_MODULE_NOT_FOUND" }),
  );
const broken = (): Promise<never> =>
  Promise.reject(Object.assign(new Error("libc.musl: not found\nat …"), { code: "ERR_DLOPEN_FAILED" }));

describe("without onnxruntime-node", () => {
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    vi.spyOn(console, "warn").mockImplementation((line: string) => void said.push(line));
  });
  afterEach(() => vi.restoreAllMocks());

  test("WebAssembly trains in its place, to the same numbers, and one line says so", async () => {
    const native = await nodeEngine({ threads: 1 });
    const expected = await train(native, 20);
    expect(said).toEqual([]);
    await native.dispose();

    const engine = await nodeEngine({ threads: 1 }, missing);
    expect(engine.name).toBe("onnxruntime-web wasm, 1 thread");
    const found = await train(engine, 20);
    await engine.dispose();
    expect(found.losses.at(-1)).toBeLessThan(found.losses[0]!);
    found.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(expected.losses[i]!, 5);
    });
    await (await nodeEngine({ threads: 1 }, missing)).dispose();
    expect(said).toEqual([
      "galatea: computing with WebAssembly, several times slower than the native engine: it is not installed. " +
        "`ONNXRUNTIME_NODE_INSTALL=skip npm install` brings it, without the CUDA libraries",
    ]);
  });

  test("one that does not load says why", async () => {
    const engine = await nodeEngine({ threads: 1 }, broken);
    await engine.dispose();
    expect(said).toEqual([expect.stringMatching(/: it does not load here: libc\.musl: not found$/)]);
  });

  test("a device that only it has is refused", async () => {
    const refused = await nodeEngine({ device: "cuda" }, missing).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as Error).message).toMatch(
      /^device cuda needs onnxruntime-node, and it is not installed\./,
    );
  });
});
