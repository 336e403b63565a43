import {
  add,
  and,
  apply,
  avgPool2d,
  div,
  equal,
  mul,
  not,
  or,
  slice,
  upsampleNearest2d,
  where,
} from "../ops.ts";
import { convLength, ShapeError, showShape } from "../shape.ts";
import type { ConvGeometry, Primitive, Tensor } from "../tensor.ts";
import { requireDtype } from "./elementwise.ts";
import { unslice } from "./shaping.ts";

const FLOAT = ["float32"] as const;

function geometryOnly({ stride, padding, dilation, groups }: ConvGeometry): ConvGeometry {
  return { stride, padding, dilation, groups };
}

const hw = (t: Tensor): [number, number] => [t.shape[2]!, t.shape[3]!];

function require4d(op: string, inputs: readonly Tensor[]): void {
  requireDtype(op, inputs, FLOAT);
  for (const t of inputs)
    if (t.rank !== 4)
      throw new ShapeError(
        op,
        inputs.map((i) => i.shape),
        "needs images [N, C, H, W] and kernels [out, in, H, W]",
      );
}

/** The three convolutions are one bilinear form seen from three sides, so each one's gradients are the others. */
export const convolution = {
  conv2d: {
    infer: ([x, w], c) => {
      require4d("conv2d", [x!, w!]);
      const [n, channels, h, width] = x!.shape as [number, number, number, number];
      const [out, inPerGroup, kh, kw] = w!.shape as [number, number, number, number];
      const shapes = [x!.shape, w!.shape];
      if (channels !== inPerGroup * c.groups)
        throw new ShapeError(
          "conv2d",
          shapes,
          `${channels} channels, but the kernel takes ${inPerGroup} × ${c.groups} groups`,
        );
      if (out % c.groups !== 0)
        throw new ShapeError("conv2d", shapes, `${c.groups} groups do not divide ${out} outputs`);
      const size = [convLength(h, kh, 0, c), convLength(width, kw, 1, c)] as const;
      if (size[0] < 1 || size[1] < 1)
        throw new ShapeError("conv2d", shapes, "the kernel is larger than the padded image");
      return { shape: [n, out, ...size], dtype: "float32" };
    },
    vjp: (g, _, [x, w], c) => [
      apply("conv2dInputGrad", [g, w!], { ...c, size: hw(x!) }),
      apply("conv2dWeightGrad", [x!, g], { ...c, kernel: hw(w!) }),
    ],
  } satisfies Primitive<"conv2d">,

  /** The transposed convolution: from [N, out, h, w] and the forward kernel back to [N, in, size]. */
  conv2dInputGrad: {
    infer: ([g, w], c) => {
      require4d("conv2dInputGrad", [g!, w!]);
      const shapes = [g!.shape, w!.shape];
      if (g!.shape[1] !== w!.shape[0])
        throw new ShapeError(
          "conv2dInputGrad",
          shapes,
          `${g!.shape[1]} channels, but the kernel has ${w!.shape[0]}`,
        );
      const fits = ([0, 1] as const).every((i) => convLength(c.size[i], hw(w!)[i], i, c) === hw(g!)[i]);
      if (!fits)
        throw new ShapeError(
          "conv2dInputGrad",
          shapes,
          `no convolution leads from size ${showShape(c.size)} to this one`,
        );
      return { shape: [g!.shape[0]!, w!.shape[1]! * c.groups, ...c.size], dtype: "float32" };
    },
    vjp: (h, _, [g, w], c) => [
      apply("conv2d", [h, w!], geometryOnly(c)),
      apply("conv2dWeightGrad", [h, g!], { ...geometryOnly(c), kernel: hw(w!) }),
    ],
  } satisfies Primitive<"conv2dInputGrad">,

  conv2dWeightGrad: {
    infer: ([x, g], c) => {
      require4d("conv2dWeightGrad", [x!, g!]);
      const shapes = [x!.shape, g!.shape];
      const whole = x!.shape[1]! % c.groups === 0 && g!.shape[1]! % c.groups === 0;
      if (x!.shape[0] !== g!.shape[0] || !whole)
        throw new ShapeError("conv2dWeightGrad", shapes, `no batch of both with ${c.groups} groups`);
      if (!([0, 1] as const).every((i) => convLength(hw(x!)[i], c.kernel[i], i, c) === hw(g!)[i]))
        throw new ShapeError("conv2dWeightGrad", shapes, `no kernel of ${showShape(c.kernel)} joins them`);
      return { shape: [g!.shape[1]!, x!.shape[1]! / c.groups, ...c.kernel], dtype: "float32" };
    },
    vjp: (h, _, [x, g], c) => [
      apply("conv2dInputGrad", [g!, h], { ...geometryOnly(c), size: hw(x!) }),
      apply("conv2d", [x!, h], geometryOnly(c)),
    ],
  } satisfies Primitive<"conv2dWeightGrad">,

  maxPool2d: {
    infer: ([x], { kernel, stride }) => {
      require4d("maxPool2d", [x!]);
      const size = hw(x!).map((d, i) => Math.floor((d - kernel[i]!) / stride[i]!) + 1);
      if (size.some((d) => d < 1))
        throw new ShapeError("maxPool2d", [x!.shape], `smaller than its window ${showShape(kernel)}`);
      return { shape: [x!.shape[0]!, x!.shape[1]!, ...size], dtype: "float32" };
    },
    // The first element of a window that equals its maximum takes the whole gradient, as in PyTorch.
    vjp: (g, y, [x], { kernel, stride }) => {
      let taken: Tensor | undefined;
      let total: Tensor | undefined;
      for (let i = 0; i < kernel[0]; i++)
        for (let j = 0; j < kernel[1]; j++) {
          const window = { starts: [0, 0, i, j], lengths: y.shape, steps: [1, 1, ...stride] };
          const hit = equal(slice(x!, window), y);
          const first = taken ? and(hit, not(taken)) : hit;
          taken = taken ? or(taken, hit) : hit;
          const piece = unslice(where(first, g, 0), x!.shape, window);
          total = total ? add(total, piece) : piece;
        }
      return [total];
    },
  } satisfies Primitive<"maxPool2d">,

  /** Means over windows that tile the image (stride = kernel). */
  avgPool2d: {
    infer: ([x], { kernel }) => {
      require4d("avgPool2d", [x!]);
      const size = hw(x!).map((d, i) => d / kernel[i]!);
      if (size.some((d) => !Number.isInteger(d)))
        throw new ShapeError(
          "avgPool2d",
          [x!.shape],
          `windows of ${showShape(kernel)} do not tile the image`,
        );
      return { shape: [x!.shape[0]!, x!.shape[1]!, ...size], dtype: "float32" };
    },
    vjp: (g, _, __, { kernel }) => [div(upsampleNearest2d(g, kernel), kernel[0] * kernel[1])],
  } satisfies Primitive<"avgPool2d">,

  upsampleNearest2d: {
    infer: ([x], { scale }) => {
      require4d("upsampleNearest2d", [x!]);
      return {
        shape: [x!.shape[0]!, x!.shape[1]!, ...hw(x!).map((d, i) => d * scale[i]!)],
        dtype: "float32",
      };
    },
    vjp: (g, _, __, { scale }) => [mul(avgPool2d(g, scale), scale[0] * scale[1])],
  } satisfies Primitive<"upsampleNearest2d">,
};
