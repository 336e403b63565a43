import { describe, expect, test } from "vitest";
import { grad } from "../../src/tensor/grad.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { ShapeError } from "../../src/tensor/shape.ts";
import { assign } from "../../src/tensor/trace.ts";
import { Variable } from "../../src/tensor/variable.ts";

const z = o.zeros;
const ints = o.tensor([0, 1], "int32");

describe("a shape that cannot be names the op and the shapes", () => {
  const table: [string, () => unknown, string][] = [
    [
      "add",
      () => o.add(z([2, 3]), z([2, 4])),
      "add([2, 3], [2, 4]): these shapes do not broadcast: dimension 1 is 3 and 4",
    ],
    ["where", () => o.where(o.less(z([2]), z([2])), z([3]), z([3])), "where([2], [3], [3])"],
    [
      "matmul",
      () => o.matmul(z([2, 3]), z([4, 5])),
      "matmul([2, 3], [4, 5]): the inner dimensions are 3 and 4",
    ],
    ["matmul transposed", () => o.matmul(z([2, 3]), z([4, 5]), { transB: true }), "second transposed"],
    ["matmul batch", () => o.matmul(z([2, 3, 4]), z([3, 4, 5])), "matmul([2], [3])"],
    ["reshape", () => o.reshape(z([2, 3]), [4]), "reshape([2, 3], [4]): 6 elements cannot become 4"],
    ["reshape -1", () => o.reshape(z([2, 3]), [4, -1]), "6 elements do not divide by 4"],
    [
      "transpose",
      () => o.transpose(z([2, 3]), [0, 0]),
      "transpose([2, 3]): [0, 0] is not an order of its 2 axes",
    ],
    ["broadcastTo", () => o.broadcastTo(z([2, 3]), [3, 3]), "broadcastTo([2, 3], [3, 3])"],
    [
      "slice",
      () => o.slice(z([5]), { starts: [2], lengths: [4] }),
      "slice([5]): axis 0: 4 elements from 2 in steps of 1 leave its 5 elements",
    ],
    ["narrow", () => o.narrow(z([5]), 1, 0, 1), "narrow([5]): axis 1 is outside a tensor of 1 dimensions"],
    [
      "concat",
      () => o.concat([z([2, 3]), z([2, 4])], 0),
      "concat([2, 3], [2, 4]): the pieces differ in more than axis 0",
    ],
    ["concat of nothing", () => o.concat([], 0), "concat(): needs at least one piece"],
    ["chunk", () => o.chunk(z([2, 5]), 2, 1), "chunk([2, 5]): axis 1 does not divide into 2"],
    ["pad", () => o.pad(z([2]), { low: [-1], high: [0] }), "pad([2]): needs 1 amounts ≥ 0"],
    ["sum", () => o.sum(z([2]), { axes: [0, 0] }), "sum([2]): an axis is named twice in [0, 0]"],
    ["max", () => o.max(z([2]), { axes: 3 }), "max([2]): axis 3 is outside"],
    ["softmax", () => o.softmax(z([2]), 1), "softmax([2]): axis 1 is outside"],
    [
      "gatherElements",
      () => o.gatherElements(z([2, 3]), o.tensor([[0], [1], [0]], "int32"), 1),
      "gatherElements([2, 3], [3, 1]): may differ in axis 1 only",
    ],
    [
      "writeAt",
      () => o.writeAt(z([4, 3]), 1, z([4]), 1),
      "writeAt([4, 3], [], [4]): needs one position, and a value of shape [4, 1]",
    ],
    ["scatterAdd", () => o.scatterAdd(z([4]), ints, z([3]), 0), "scatterAdd([4], [2], [3])"],
    [
      "conv2d channels",
      () => o.conv2d(z([1, 3, 8, 8]), z([4, 2, 3, 3])),
      "conv2d([1, 3, 8, 8], [4, 2, 3, 3]): 3 channels, but the kernel takes 2 × 1 groups",
    ],
    [
      "conv2d groups",
      () => o.conv2d(z([1, 4, 8, 8]), z([3, 2, 3, 3]), { groups: 2 }),
      "2 groups do not divide 3 outputs",
    ],
    [
      "conv2d size",
      () => o.conv2d(z([1, 1, 2, 2]), z([1, 1, 3, 3])),
      "the kernel is larger than the padded image",
    ],
    [
      "conv2d rank",
      () => o.conv2d(z([1, 8, 8]), z([1, 1, 3, 3])),
      "conv2d([1, 8, 8], [1, 1, 3, 3]): needs images [N, C, H, W]",
    ],
    [
      "convTranspose2d",
      () => o.convTranspose2d(z([1, 3, 4, 4]), z([2, 1, 3, 3])),
      "3 channels, but the kernel has 2",
    ],
    [
      "maxPool2d",
      () => o.maxPool2d(z([1, 1, 2, 2]), 3),
      "maxPool2d([1, 1, 2, 2]): smaller than its window [3, 3]",
    ],
  ];
  test.each(table)("%s", (_, make, sentence) => {
    expect(make).toThrow(ShapeError);
    expect(make).toThrow(sentence);
  });
});

describe("a dtype that cannot be says which are", () => {
  const bits = o.constant(1, "float16");
  const table: [string, () => unknown, string][] = [
    ["mixed", () => o.add(z([2]), ints), "add: the operands are float32 and int32; cast one of them"],
    ["exp", () => o.exp(ints), "exp: works on float32, not int32; cast it first"],
    ["storage", () => o.mul(bits, bits), "mul: works on float32, int32, int64, not float16"],
    ["condition", () => o.where(z([2]), z([2]), z([2])), "where (condition): works on bool, not float32"],
    ["index", () => o.gather(z([2]), z([1])), "gather (indices): works on int32, int64, not float32"],
    ["concat", () => o.concat([z([2]), ints], 0), "concat: the pieces are float32 and int32"],
    ["a fraction", () => o.mul(ints, 0.5), "0.5 is not a value of int32"],
    ["too large", () => o.tensor([256], "uint8"), "256 is not a value of uint8"],
    [
      "not a tensor",
      () => o.exp("1" as never),
      "a tensor, a variable, an array or a number was expected, not string",
    ],
  ];
  test.each(table)("%s", (_, make, sentence) => {
    expect(make).toThrow(sentence);
  });
});

test("host arrays", () => {
  expect(() => ndarray(new Float32Array(5), [2, 3])).toThrow("5 values do not fill shape [2, 3]");
  expect(() => ndarray(new Uint8Array(2) as never)).toThrow("say the dtype of a Uint8Array");
  expect(() => o.tensor([[1, 2], [3]])).toThrow("ragged");
  expect(() => o.tensor([1, [2]])).toThrow("ragged");
});

test("grad", () => {
  const [x, y] = [o.tensor([1, 2]), o.tensor([3])];
  expect(() => grad(o.exp(x), [x])).toThrow("the loss must be one number, not exp: float32[2]");
  expect(() => grad(o.constant(1, "int32"), [x])).toThrow("the loss must be float32, not int32");
  expect(() => grad(o.sum(x), [y])).toThrow("the loss does not depend on constant: float32[1]");
  const w = new Variable([2], { name: "encoder.weight" });
  expect(() => grad(o.sum(x), [w])).toThrow("the loss does not depend on encoder.weight");
  expect(grad(o.sum(x), [y], { unused: "zero" })[0]!.shape).toEqual([1]);
});

test("variables", () => {
  const w = new Variable([2, 3], { name: "w" });
  expect(() => w.set(ndarray(new Float32Array(6), [3, 2]))).toThrow(
    "w holds float32[2, 3]; it was given float32[3, 2]",
  );
  expect(() => assign(w, z([2, 3]))).toThrow("only a compiled function can assign");
});
