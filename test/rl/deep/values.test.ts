import { expect, test } from "vitest";
import { evaluate } from "../../../src/engine/eager.ts";
import { categorical, huber, ofAction, project, quantiles } from "../../../src/rl/deep/values.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { constant } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { engine } from "./learn.ts";

const t = (values: number[], shape = [values.length]): Tensor =>
  constant(ndarray(Float32Array.from(values), shape));
const numbers = async (x: Tensor): Promise<number[]> =>
  Array.from((await evaluate(x, await engine())).data as Float32Array);
const close = (found: number[], want: number[]): void => {
  expect(found.length).toBe(want.length);
  for (const [i, x] of want.entries()) expect(found[i]).toBeCloseTo(x, 5);
};

test("the projection of C51: shares go to neighbours, an end puts all on the reward, beyond the atoms is clipped", async () => {
  const atoms = { atoms: 3, low: 0, high: 2 };
  const p = t([0.2, 0.5, 0.3, 0.2, 0.5, 0.3, 0.2, 0.5, 0.3, 0.2, 0.5, 0.3], [4, 3]);
  const projected = project(p, t([0.3, 0.3, 9, 1]), t([0.5, 0, 0.5, 0]), atoms);
  // The last lies on an atom exactly, where floor and ceiling meet.
  close(await numbers(projected), [0.24, 0.67, 0.09, 0.7, 0.3, 0, 0, 0, 1, 0, 1, 0]);
});

test("means of distributions", async () => {
  const logits = t([Math.log(0.2), Math.log(0.5), Math.log(0.3)], [1, 1, 3]);
  close(await numbers(categorical({ atoms: 3, low: 0, high: 2 }).expectation(logits)), [1.1]);
  close(await numbers(quantiles(3).expectation(t([1, 2, 6], [1, 1, 3]))), [3]);
});

test("the quantile Huber loss against its definition", async () => {
  const z = [0.2, 1.5];
  const next = [0, 4];
  const target = next.map((x) => 0.3 + 0.5 * x);
  let want = 0;
  for (const [i, zi] of z.entries())
    for (const tj of target) {
      const u = tj - zi;
      const h = Math.abs(u) < 1 ? 0.5 * u * u : Math.abs(u) - 0.5;
      want += (Math.abs((i + 0.5) / 2 - (u < 0 ? 1 : 0)) * h) / 2;
    }
  close(await numbers(quantiles(2).loss(t(z, [1, 2]), t(next, [1, 2]), t([0.3]), t([0.5]))), [want]);
  close(await numbers(huber(t([-3, 0.5, 1]))), [2.5, 0.125, 0.5]);
});

test("rows of one action", async () => {
  const z = t([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
  close(await numbers(ofAction(z, constant(ndarray(Int32Array.of(1, 0))))), [3, 4, 5, 6]);
});
