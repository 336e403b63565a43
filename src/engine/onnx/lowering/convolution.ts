import type { ConvGeometry, Tensor } from "../../../tensor/tensor.ts";
import type { Context, Lowerings } from "./context.ts";
import { convAttributes, type Quad } from "./geometry.ts";
import { blockedConv, fitsBlocks } from "./nchwc.ts";
import { MOST_TAPS, weightGradByConv, weightGradByTaps } from "./weight-grad.ts";

/** Stride 1: a convolution of g with the kernel turned around, in and out exchanged; faster than ConvTranspose. */
function turnedConvolution(
  t: Tensor<"conv2dInputGrad">,
  g: string,
  w: string,
  { model, once, target }: Context,
): string {
  const filter = t.inputs[1]!.shape as Quad;
  const [out, inPerGroup, kh, kw] = filter;
  const geometry = { ...t.attrs, padding: turnedPadding(t) };
  const { groups } = geometry;
  if (fitsBlocks(filter, groups, target.block)) {
    const parts = { x: g, w, bias: undefined, filter, turned: true, geometry };
    return blockedConv(model, target.block, parts, convAttributes(geometry));
  }
  const [turned] = once(`turned ${w} ${groups}`, () => {
    const taps = kh * kw;
    let k = model.node("Reshape", [w, model.ints([groups, out / groups, inPerGroup, taps])])[0]!;
    k = model.node("Transpose", [k], { perm: { ints: [0, 2, 1, 3] } })[0]!;
    if (taps > 1) {
      const backwards = model.ints(Array.from({ length: taps }, (_, i) => taps - 1 - i));
      k = model.node("Gather", [k, backwards], { axis: { int: 3 } })[0]!;
    }
    return model.node("Reshape", [k, model.ints([inPerGroup * groups, out / groups, kh, kw])]);
  });
  return model.node("Conv", [g, turned!], convAttributes(geometry))[0]!;
}

function turnedPadding({ attrs, inputs, shape }: Tensor<"conv2dInputGrad">): ConvGeometry["padding"] {
  return ([0, 1] as const).map((i) => {
    const reach = attrs.dilation[i] * (inputs[1]!.shape[2 + i]! - 1);
    const low = reach - attrs.padding[i][0];
    return [low, shape[2 + i]! + reach - low - inputs[0]!.shape[2 + i]!] as const;
  }) as unknown as ConvGeometry["padding"];
}

export const convolution: Lowerings<
  "conv2d" | "conv2dInputGrad" | "conv2dWeightGrad" | "maxPool2d" | "avgPool2d" | "upsampleNearest2d"
> = {
  conv2d: (t, [x, w, bias], { model, target }) => {
    const filter = t.inputs[1]!.shape;
    // With constant weights ONNX Runtime goes to blocks by itself, and stays there from layer to layer.
    if (!t.inputs[1]!.is("constant") && fitsBlocks(filter, t.attrs.groups, target.block)) {
      const parts = { x: x!, w: w!, bias, filter, turned: false, geometry: t.attrs };
      return blockedConv(model, target.block, parts, convAttributes(t.attrs));
    }
    return model.node("Conv", bias ? [x!, w!, bias] : [x!, w!], convAttributes(t.attrs))[0]!;
  },

  conv2dInputGrad: (t, [g, w], ctx) => {
    const { attrs } = t;
    const unit = attrs.stride[0] === 1 && attrs.stride[1] === 1;
    if (
      unit &&
      turnedPadding(t)
        .flat()
        .every((p) => p >= 0)
    )
      return turnedConvolution(t, g!, w!, ctx);
    const rest = ([0, 1] as const).map((i) => {
      const kernel = t.inputs[1]!.shape[2 + i]!;
      const least = (t.inputs[0]!.shape[2 + i]! - 1) * attrs.stride[i] + attrs.dilation[i] * (kernel - 1) + 1;
      return t.shape[2 + i]! - least + attrs.padding[i][0] + attrs.padding[i][1];
    });
    const attributes = { ...convAttributes(attrs), output_padding: { ints: rest } };
    return ctx.model.node("ConvTranspose", [g!, w!], attributes)[0]!;
  },

  conv2dWeightGrad: (t, [x, g], ctx) => {
    const few = t.attrs.kernel[0] * t.attrs.kernel[1] <= MOST_TAPS;
    return few ? weightGradByTaps(t, x!, g!, ctx) : weightGradByConv(t, x!, g!, ctx);
  },

  maxPool2d: (t, [x], { model }) =>
    model.node("MaxPool", [x!], {
      kernel_shape: { ints: t.attrs.kernel },
      strides: { ints: t.attrs.stride },
    })[0]!,
  avgPool2d: (t, [x], { model }) =>
    model.node("AveragePool", [x!], {
      kernel_shape: { ints: t.attrs.kernel },
      strides: { ints: t.attrs.kernel },
    })[0]!,
  upsampleNearest2d: (t, [x], { model }) => {
    const data = Float32Array.of(1, 1, ...t.attrs.scale);
    const scales = model.initializer({ data, shape: [4], dtype: "float32" });
    return model.node("Resize", [x!, "", scales], {
      mode: { string: "nearest" },
      coordinate_transformation_mode: { string: "asymmetric" },
      nearest_mode: { string: "floor" },
    })[0]!;
  },
};
