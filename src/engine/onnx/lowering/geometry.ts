import type { ConvGeometry } from "../../../tensor/tensor.ts";

/** A shape of four dimensions: images [N, C, H, W], kernels [out, in, kh, kw]. */
export type Quad = [number, number, number, number];

/** A convolution's geometry as ONNX's attributes. */
export const convAttributes = (c: ConvGeometry) => ({
  strides: { ints: c.stride },
  dilations: { ints: c.dilation },
  pads: { ints: [c.padding[0][0], c.padding[1][0], c.padding[0][1], c.padding[1][1]] },
  group: { int: c.groups },
});
