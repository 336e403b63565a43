/** Cases for linear algebra, normalisation, convolutions and pooling. */
import { convLength, sizeOf } from "../../../src/tensor/shape.ts";
import type { Attributes, ConvGeometry } from "../../../src/tensor/tensor.ts";
import {
  along,
  at,
  below,
  type Cases,
  type Draw,
  distinct,
  floats,
  type Maker,
  make,
  type Ref,
  type Rng,
  shape,
} from "../reference.ts";

type Pair = readonly [number, number];

const onAxis =
  (f: (line: number[]) => number[]): Draw<Attributes["softmax"]> =>
  (r) => {
    const of = shape(r, 1);
    const axis = r.int(0, of.length - 1);
    return { inputs: [floats(r, of, -3, 3)], attrs: { axis }, reference: (x) => along(x!, axis, f) };
  };

const logsumexp = (line: number[]): number => Math.log(line.reduce((s, v) => s + Math.exp(v), 0));

function moments(line: number[], eps: number): { mean: number; inv: number } {
  const mean = line.reduce((a, b) => a + b, 0) / line.length;
  const variance = line.reduce((s, v) => s + (v - mean) ** 2, 0) / line.length;
  return { mean, inv: 1 / Math.sqrt(variance + eps) };
}

const norm =
  (f: (line: number[], eps: number) => number[]): Draw<Attributes["invStd"]> =>
  (r) => {
    const of = shape(r, 1, 4, 2);
    const eps = r.pick([1e-2, 0.5]);
    return {
      inputs: [floats(r, of)],
      attrs: { eps },
      reference: (x) => along(x!, of.length - 1, (l) => f(l, eps)),
    };
  };

const matmuls: readonly Maker<"matmul">[] = [
  ...[0, 1, 2, 3].map(
    (bits): Maker<"matmul"> =>
      (r) =>
        matmul(r, [r.int(1, 3)], bits, 1),
  ),
  ...[0, 1, 2, 3].map(
    (bits): Maker<"matmul"> =>
      (r) =>
        matmul(r, [], bits, r.pick([1, 0.5, -2])),
  ),
  (r) => matmul(r, [2, 3], r.int(0, 3), 0.25),
];

function matmul(r: Rng, batch: number[], bits: number, alpha: number): ReturnType<Maker<"matmul">> {
  const [transA, transB] = [(bits & 1) > 0, (bits & 2) > 0];
  const [m, k, n] = [r.int(1, 4), r.int(1, 5), r.int(1, 4)];
  const [first, second] = r.bool() ? [batch, below(r, batch)] : [below(r, batch), batch];
  const a = floats(r, [...first, ...(transA ? [k, m] : [m, k])]);
  const b = floats(r, [...second, ...(transB ? [n, k] : [k, n])]);
  const lead = Array.from({ length: Math.max(first.length, second.length) }, (_, i) => batch[i]!);
  return {
    inputs: [a, b],
    attrs: { transA, transB, alpha },
    reference: (x, y) =>
      make([...lead, m, n], (...index) => {
        const outer = index.slice(0, -2);
        const [i, j] = index.slice(-2) as [number, number];
        let total = 0;
        for (let l = 0; l < k; l++)
          total +=
            at(x!, [...outer, ...(transA ? [l, i] : [i, l])]) *
            at(y!, [...outer, ...(transB ? [j, l] : [l, j])]);
        return alpha * total;
      }),
  };
}

// ---- the three convolutions: one walk over all (image, kernel, result) triples ----

interface Layout {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
}

/** Calls f with the flat positions in x, w and y of every product that a convolution sums. */
function walk({ x, w, y }: Layout, c: ConvGeometry, f: (x: number, w: number, y: number) => void): void {
  const [N, , H, W] = x as [number, number, number, number];
  const [O, I, KH, KW] = w as [number, number, number, number];
  const [, , OH, OW] = y as [number, number, number, number];
  const perGroup = O / c.groups;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let i = 0; i < I; i++)
        for (let kh = 0; kh < KH; kh++)
          for (let kw = 0; kw < KW; kw++)
            for (let oh = 0; oh < OH; oh++)
              for (let ow = 0; ow < OW; ow++) {
                const h = oh * c.stride[0] - c.padding[0][0] + kh * c.dilation[0];
                const v = ow * c.stride[1] - c.padding[1][0] + kw * c.dilation[1];
                if (h < 0 || h >= H || v < 0 || v >= W) continue;
                const channel = Math.floor(o / perGroup) * I + i;
                f(
                  ((n * x[1]! + channel) * H + h) * W + v,
                  ((o * I + i) * KH + kh) * KW + kw,
                  ((n * O + o) * OH + oh) * OW + ow,
                );
              }
}

type Part = keyof Layout;
const contraction =
  (layout: Layout, c: ConvGeometry, first: Part, second: Part, result: Part) =>
  (a?: Ref, b?: Ref): Ref => {
    const shapeOf = layout[result];
    const data = Array.from({ length: sizeOf(shapeOf) }, () => 0);
    walk(layout, c, (x, w, y) => {
      const position = { x, w, y };
      data[position[result]]! += a!.data[position[first]]! * b!.data[position[second]]!;
    });
    return { shape: shapeOf, data };
  };

/** Which of the lowerings a convolution is drawn for: blocked channels, more taps than single products are worth. */
type Kind = "plain" | "same" | "strided" | "any" | "blocked" | "wide";

type Geometry = Pick<ConvGeometry, "stride" | "dilation" | "padding">;
const UNIT: Geometry = {
  stride: [1, 1],
  dilation: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
};
const PADDED: Geometry = {
  ...UNIT,
  padding: [
    [1, 1],
    [1, 1],
  ],
};

function draw(r: Rng, kind: Kind): { layout: Layout; c: ConvGeometry } {
  const two = (low: number, high: number): [number, number] => [r.int(low, high), r.int(low, high)];
  const anything = (): Geometry => ({
    stride: two(1, 3),
    dilation: two(1, 2),
    padding: [two(0, 2), two(0, 2)],
  });
  const recipes: Record<
    Kind,
    () => { kernel: number[]; size: number[]; channels: number[]; geometry: Geometry }
  > = {
    plain: () => ({ kernel: two(1, 3), size: two(3, 6), channels: two(1, 2), geometry: UNIT }),
    same: () => ({ kernel: [3, 3], size: two(3, 6), channels: two(1, 2), geometry: PADDED }),
    strided: () => ({
      kernel: two(2, 3),
      size: two(3, 6),
      channels: two(1, 2),
      geometry: { ...PADDED, stride: [2, 2] },
    }),
    any: () => ({ kernel: two(1, 3), size: two(3, 6), channels: two(1, 2), geometry: anything() }),
    blocked: () => ({
      kernel: two(1, 3),
      size: two(2, 3),
      channels: r.pick([
        [16, 16],
        [32, 16],
        [16, 32],
      ]),
      geometry: r.pick([UNIT, UNIT, { ...PADDED, stride: [2, 1] }]),
    }),
    wide: () => ({ kernel: [8, 7], size: two(8, 9), channels: two(1, 2), geometry: r.pick([UNIT, PADDED]) }),
  };
  for (;;) {
    const { kernel, size, channels, geometry } = recipes[kind]();
    const groups = kind === "any" ? r.int(1, 2) : 1;
    const c: ConvGeometry = { ...geometry, groups };
    const x = [r.int(1, 2), groups * channels[0]!, ...size];
    const w = [groups * channels[1]!, channels[0]!, ...kernel];
    const out = ([0, 1] as const).map((i) => convLength(size[i]!, kernel[i]!, i, c));
    if (out.every((d) => d >= 1)) return { layout: { x, w, y: [x[0]!, w[0]!, ...out] }, c };
  }
}

const KINDS: readonly Kind[] = ["any", "plain", "same", "strided", "any", "blocked", "wide"];

const pooled = (x: Ref, kernel: Pair, stride: Pair, f: (window: number[]) => number): Ref =>
  make(
    [
      x.shape[0]!,
      x.shape[1]!,
      ...([0, 1] as const).map((i) => Math.floor((x.shape[2 + i]! - kernel[i]) / stride[i]) + 1),
    ],
    (n, ch, i, j) => {
      const window: number[] = [];
      for (let a = 0; a < kernel[0]; a++)
        for (let b = 0; b < kernel[1]; b++)
          window.push(at(x, [n!, ch!, i! * stride[0] + a, j! * stride[1] + b]));
      return f(window);
    },
  );

export const networks: Cases<
  | "matmul"
  | "softmax"
  | "logSoftmax"
  | "standardize"
  | "invStd"
  | "conv2d"
  | "conv2dInputGrad"
  | "conv2dWeightGrad"
  | "maxPool2d"
  | "avgPool2d"
  | "upsampleNearest2d"
> = {
  matmul: matmuls,
  softmax: [onAxis((line) => line.map((v) => Math.exp(v - logsumexp(line))))],
  logSoftmax: [onAxis((line) => line.map((v) => v - logsumexp(line)))],
  standardize: [
    norm((line, eps) => {
      const { mean, inv } = moments(line, eps);
      return line.map((v) => (v - mean) * inv);
    }),
  ],
  invStd: [norm((line, eps) => [moments(line, eps).inv])],
  conv2d: KINDS.map((kind) => (r) => {
    const { layout, c } = draw(r, kind);
    const inputs = [floats(r, layout.x), floats(r, layout.w)];
    return {
      inputs,
      attrs: c,
      reference: contraction(layout, c, "x", "w", "y"),
      cpuOnly: kind === "blocked",
    };
  }),
  conv2dInputGrad: KINDS.map((kind) => (r) => {
    const { layout, c } = draw(r, kind);
    const inputs = [floats(r, layout.y), floats(r, layout.w)];
    const size = [layout.x[2]!, layout.x[3]!] as const;
    return {
      inputs,
      attrs: { ...c, size },
      reference: contraction(layout, c, "y", "w", "x"),
      cpuOnly: kind === "blocked",
    };
  }),
  conv2dWeightGrad: KINDS.map((kind) => (r) => {
    const { layout, c } = draw(r, kind);
    const inputs = [floats(r, layout.x), floats(r, layout.y)];
    const kernel = [layout.w[2]!, layout.w[3]!] as const;
    return {
      inputs,
      attrs: { ...c, kernel },
      reference: contraction(layout, c, "x", "y", "w"),
      cpuOnly: kind === "blocked",
    };
  }),
  maxPool2d: [
    (r) => {
      const kernel: Pair = [r.int(1, 3), r.int(1, 3)];
      const stride: Pair = [r.int(1, 3), r.int(1, 3)];
      const x = distinct(r, [r.int(1, 2), r.int(1, 2), r.int(3, 5), r.int(3, 5)]);
      return {
        inputs: [x],
        attrs: { kernel, stride },
        reference: (v) => pooled(v!, kernel, stride, (window) => Math.max(...window)),
      };
    },
  ],
  avgPool2d: [
    (r) => {
      const kernel: Pair = [r.int(1, 3), r.int(1, 3)];
      const x = floats(r, [r.int(1, 2), r.int(1, 3), kernel[0] * r.int(1, 2), kernel[1] * r.int(1, 3)]);
      return {
        inputs: [x],
        attrs: { kernel },
        reference: (v) => pooled(v!, kernel, kernel, (w) => w.reduce((a, b) => a + b, 0) / w.length),
      };
    },
  ],
  upsampleNearest2d: [
    (r) => {
      const scale: Pair = [r.int(1, 3), r.int(1, 3)];
      const x = floats(r, [r.int(1, 2), r.int(1, 3), r.int(1, 3), r.int(1, 3)]);
      return {
        inputs: [x],
        attrs: { scale },
        reference: (v) =>
          make(
            x.shape.map((d, i) => (i < 2 ? d : d * scale[i - 2]!)),
            (n, c, i, j) => at(v!, [n!, c!, Math.floor(i! / scale[0]), Math.floor(j! / scale[1])]),
          ),
      };
    },
  ],
};
