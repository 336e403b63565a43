import { readdirSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
// Nothing else: the methods are there wherever a tensor is.
import { Tensor } from "../../src/tensor/tensor.ts";

const f = (index: number, ...shape: number[]): Tensor =>
  new Tensor("input", [], { name: "x", index }, shape, "float32");

/** A graph as text, by what it computes and not by the order it was made in. */
const show = (t: Tensor): string =>
  t.is("input")
    ? `x${t.attrs.index}`
    : `${t.toString()} ${JSON.stringify(t.attrs)} (${t.inputs.map(show).join("; ")})`;

describe("methods of a tensor", () => {
  test("a formula in reading order is the functions in theirs", async () => {
    const { add, mul, sqrt } = await import("../../src/tensor/ops.ts");
    const [x0, noise, signal, sigma] = [f(0, 2, 3), f(1, 2, 3), f(2), f(3)];
    expect(show(x0.mul(signal).add(noise.mul(sigma)))).toBe(show(add(mul(x0, signal), mul(noise, sigma))));
    expect(show(x0.square().add(1).sqrt())).toBe(show(sqrt(add(mul(x0, x0), 1))));
  });

  test("every method is the function of its name", async () => {
    const ops = (await import("../../src/tensor/ops.ts")) as unknown as Record<
      string,
      (...args: unknown[]) => Tensor | Tensor[]
    >;
    const x = f(0, 2, 6);
    const image = f(1, 1, 2, 4, 4);
    const sequence = f(1, 1, 2, 4);
    const bools = x.less(0);
    const index = new Tensor("input", [], { name: "i", index: 2 }, [2, 3], "int32");
    const position = new Tensor("input", [], { name: "i", index: 3 }, [1], "int32");
    const special: Record<string, [Tensor, ...unknown[]]> = {
      not: [bools],
      and: [bools, bools],
      or: [bools, bools],
      leakyRelu: [x, 0.2],
      clamp: [x, -1, 1],
      cast: [x, "int32"],
      sum: [x, { axes: 0, keepDims: true }],
      mean: [x, { axes: 1 }],
      max: [x, { axes: 1 }],
      min: [x, { axes: 1 }],
      logsumexp: [x, { axes: 1 }],
      variance: [x, { axes: 1, correction: 1 }],
      argmax: [x, 1, { keepDims: true }],
      argmin: [x, 1],
      cumsum: [x, 1, { reverse: true }],
      transpose: [x, [1, 0]],
      broadcastTo: [x, [3, 2, 6]],
      flatten: [image, 1, 2],
      squeeze: [image, 0],
      unsqueeze: [x, 1],
      slice: [x, { starts: [0, 1], lengths: [2, 2], steps: [1, 2] }],
      narrow: [x, 1, 1, -1],
      chunk: [x, 3, 1],
      flip: [x, [1]],
      pad: [x, { low: [0, 1], high: [1, 0], value: 2 }],
      gather: [x, index, 1],
      gatherElements: [x, index, 1],
      scatterAdd: [x, index, f(3, 2, 3), 1],
      writeAt: [x, position, f(4, 2, 1), 1],
      oneHot: [index, 4],
      matmul: [x, x, { transB: true }],
      softmax: [x, 0],
      logSoftmax: [x, 0],
      conv1d: [sequence, f(3, 3, 2, 3), { padding: 1 }],
      maxPool1d: [sequence, 2, { stride: 1 }],
      avgPool1d: [sequence, 2, { stride: 1 }],
      conv2d: [image, f(3, 3, 2, 3, 3), { padding: 1 }],
      convTranspose2d: [image, f(3, 2, 3, 2, 2), { stride: 2 }],
      maxPool2d: [image, 2, { stride: 1 }],
      avgPool2d: [image, 2, { stride: 1 }],
      upsampleNearest2d: [image, 2],
    };
    const binary =
      "add sub mul div pow maximum minimum equal notEqual less lessEqual greater greaterEqual".split(" ");
    const own = new Set(["constructor", "rank", "size", "is", "toString", "reshape"]);
    const names = Object.getOwnPropertyNames(Tensor.prototype).filter((name) => !own.has(name));
    expect(names.length).toBeGreaterThan(70);
    for (const name of names) {
      const [on, ...rest] = special[name] ?? (binary.includes(name) ? [x, 2] : [x]);
      const method = (on as unknown as Record<string, (...args: unknown[]) => Tensor | Tensor[]>)[name]!;
      const [got, expected] = [method.apply(on, rest), ops[name]!(on, ...rest)];
      expect([name, [got].flat().map(show)]).toEqual([name, [expected].flat().map(show)]);
    }
    expect([x.reshape(3, -1).shape, x.reshape([4, 3]).shape]).toEqual([
      [3, 4],
      [4, 3],
    ]);
  });

  // tensor, ops and primitives need one another; only ops and tensor are imported from outside.
  test("whichever file of tensor/ is loaded first, the others load", async () => {
    const folder = new URL("../../src/tensor/", import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && !name.startsWith("primitives"),
    );
    expect(files.length).toBeGreaterThan(15);
    for (const file of files) {
      vi.resetModules();
      await import(new URL(file, folder).href);
      const { Tensor: Fresh } = (await import(new URL("tensor.ts", folder).href)) as {
        Tensor: typeof Tensor;
      };
      const x = new Fresh("input", [], { name: "x", index: 0 }, [2], "float32");
      expect([file, x.add(1).shape]).toEqual([file, [2]]);
    }
  });
});
