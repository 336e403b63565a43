import { convLength } from "../../../tensor/primitives/convolution.ts";
import type { ConvGeometry, Tensor } from "../../../tensor/tensor.ts";
import type { Context, Lowerings } from "./context.ts";

type Quad = [number, number, number, number];

const convAttributes = (c: ConvGeometry) => ({
  strides: { ints: c.stride },
  dilations: { ints: c.dilation },
  pads: { ints: [c.padding[0][0], c.padding[1][0], c.padding[0][1], c.padding[1][1]] },
  group: { int: c.groups },
});

/** Stride 1: a convolution of g with the kernel turned around, in and out exchanged; faster than ConvTranspose. */
function turnedConvolution(
  t: Tensor<"conv2dInputGrad">,
  g: string,
  w: string,
  { model, once }: Context,
): string {
  const { attrs } = t;
  const [, inPerGroup, kh, kw] = t.inputs[1]!.shape as Quad;
  const out = t.inputs[1]!.shape[0]!;
  const { groups } = attrs;
  const [turned] = once(`turned ${w} ${groups}`, () => {
    let k = w;
    if (groups > 1)
      k = model.node("Reshape", [k, model.ints([groups, out / groups, inPerGroup, kh * kw])])[0]!;
    else if (kh * kw > 1) k = model.node("Reshape", [k, model.ints([out, inPerGroup, kh * kw])])[0]!;
    const perm = groups > 1 ? [0, 2, 1, 3] : kh * kw > 1 ? [1, 0, 2] : [1, 0, 2, 3];
    k = model.node("Transpose", [k], { perm: { ints: perm } })[0]!;
    if (kh * kw > 1) {
      const backwards = model.ints(Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i));
      k = model.node("Gather", [k, backwards], { axis: { int: groups > 1 ? 3 : 2 } })[0]!;
    }
    if (groups === 1 && kh * kw === 1) return [k];
    return model.node("Reshape", [k, model.ints([inPerGroup * groups, out / groups, kh, kw])]);
  });
  const padding = turnedPadding(t);
  return model.node("Conv", [g, turned!], convAttributes({ ...attrs, padding }))[0]!;
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
  conv2d: (t, inputs, { model }) => model.node("Conv", inputs, convAttributes(t.attrs))[0]!,

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

  // The batch becomes the channels that are summed over: x as C/groups images of groups·N channels, g as the kernel.
  conv2dWeightGrad: (t, [x, g], { model }) => {
    const { attrs } = t;
    const [n, channels, h, w] = t.inputs[0]!.shape as Quad;
    const { groups } = attrs;
    const per = channels / groups;
    const image = model.node("Reshape", [x!, model.ints([n, groups, per, h * w])])[0]!;
    const turned = model.node("Transpose", [image], { perm: { ints: [2, 1, 0, 3] } })[0]!;
    const input = model.node("Reshape", [turned, model.ints([per, groups * n, h, w])])[0]!;
    const kernel = model.node("Transpose", [g!], { perm: { ints: [1, 0, 2, 3] } })[0]!;
    const swapped: ConvGeometry = { ...attrs, stride: attrs.dilation, dilation: attrs.stride };
    const made = model.node("Conv", [input, kernel], convAttributes(swapped))[0]!;
    const [oh, ow] = t.inputs[1]!.shape.slice(2) as [number, number];
    const size = [convLength(h, oh, 0, swapped), convLength(w, ow, 1, swapped)];
    const exact = size[0] === attrs.kernel[0] && size[1] === attrs.kernel[1];
    const cut = exact
      ? made
      : model.node("Slice", [made, model.ints([0, 0]), model.ints(attrs.kernel), model.ints([2, 3])])[0]!;
    return model.node("Transpose", [cut], { perm: { ints: [1, 0, 2, 3] } })[0]!;
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
    const [n, c, h, w] = t.inputs[0]!.shape as Quad;
    const [sh, sw] = t.attrs.scale;
    const open = model.node("Reshape", [x!, model.ints([n * c, h, 1, w, 1])])[0]!;
    const spread = model.node("Expand", [open, model.ints([n * c, h, sh, w, sw])])[0]!;
    return model.node("Reshape", [spread, model.ints(t.shape)])[0]!;
  },
};
