import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const node = new URL("../../src/engine/onnx/node.ts", import.meta.url).href;

/** Whether JavaScript still has denormals, in a process of its own, before and after its first engine. */
function denormals(options: object): unknown {
  const script = `
    const has = () => Number.MIN_VALUE > 0;
    const before = has();
    const { nodeEngine } = await import(${JSON.stringify(node)});
    await nodeEngine(${JSON.stringify(options)});
    console.log(JSON.stringify([before, has()]));`;
  return JSON.parse(execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], { encoding: "utf8" })); // biome-ignore format: one line
}

test("an engine leaves the arithmetic of JavaScript alone, unless it is asked to flush denormals", () => {
  expect(denormals({ threads: 1 })).toEqual([true, true]);
  expect(denormals({ threads: 1, flushDenormals: true })).toEqual([true, false]);
});
