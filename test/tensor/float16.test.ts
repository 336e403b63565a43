import { expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/tensor/float16.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import { cast } from "../../src/tensor/ops.ts";
import { hostBits, Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const EVERY = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** 1.0 is 0x3c00, the smallest subnormal 2⁻²⁴ is 1, the largest number 65504 is 0x7bff. */
test("float16: landmarks", () => {
  const numbers = [
    1,
    -2,
    2 ** -24,
    2 ** -14,
    65504,
    65519,
    65520,
    1e9,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    2 ** -25,
  ];
  const bits = [0x3c00, 0xc000, 1, 0x400, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x3c00, 0x3c02, 0];
  expect(Array.from(float32ToFloat16(Float32Array.from(numbers)))).toEqual(bits);
  expect(Array.from(float16ToFloat32(Uint16Array.from(bits.slice(0, 5))))).toEqual(numbers.slice(0, 5));
});

test("bfloat16: landmarks", () => {
  const numbers = [1, -2, 1 + 2 ** -8, 1 + 3 * 2 ** -8, Number.POSITIVE_INFINITY, 3.4e38];
  expect(Array.from(float32ToBfloat16(Float32Array.from(numbers)))).toEqual([
    0x3f80, 0xc000, 0x3f80, 0x3f82, 0x7f80, 0x7f80,
  ]);
});

test.each([
  ["float16", float16ToFloat32, float32ToFloat16],
  ["bfloat16", bfloat16ToFloat32, float32ToBfloat16],
] as const)(
  "%s: all 65536 values survive float32, and the engine's casts agree",
  async (dtype, widen, round) => {
    const wide = widen(EVERY);
    const back = round(wide);
    EVERY.forEach((bits, i) => {
      if (Number.isNaN(wide[i]!)) expect(Number.isNaN(widen(back.subarray(i, i + 1))[0]!)).toBe(true);
      else if (back[i] !== bits) expect.fail(`${bits} came back as ${back[i]}`);
    });
    const engine = await nodeEngine({ threads: 1 });
    const f = compile((x: Tensor, y: Tensor) => [cast(x, "float32"), cast(y, dtype)], { engine });
    // Any float32 but NaN, of every exponent; ONNX Runtime is asked to take denormals for zero.
    const random = new Float32Array(hostBits(Key.seed(9), 50_000).buffer).filter(
      (v) => Math.abs(v) >= 2 ** -126,
    );
    const [got, rounded] = await f(ndarray(EVERY, [65536], dtype), ndarray(random));
    wide.forEach((v, i) => {
      if (!Number.isNaN(v) && Math.abs(v) >= 2 ** -126 && !Object.is(got!.data[i], v))
        expect.fail(`${dtype} bits ${i}: the engine says ${got!.data[i]}, not ${v}`);
    });
    const want = round(random);
    random.forEach((v, i) => {
      if (rounded!.data[i] !== want[i])
        expect.fail(`${v}: the engine rounds to ${rounded!.data[i]}, we to ${want[i]}`);
    });
    await f.dispose();
    await engine.dispose();
  },
);
