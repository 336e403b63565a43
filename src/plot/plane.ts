/** Pictures in the plane: points, displacements, curves and regions over one another, on axes of equal scale. */
import type { NdArray } from "../tensor/ndarray.ts";
import type { ChartSpec } from "./chart.ts";
import { axis, frame, type Labels } from "./parts.ts";
import { PALETTE } from "./theme.ts";

/** Points [N, D ≥ 2], of which the first two coordinates are shown. */
export type Points = NdArray<"float32">;

/** The same length in both directions, so that circles are round. */
export interface Square {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
}

/** What is behind everything else: data, regions. */
export const BACKDROP = "#b4b4b4";

interface Ink {
  readonly color?: string;
  readonly opacity?: number;
}

export type PlaneLayer =
  | ({ readonly kind: "points"; readonly points: Points; readonly size?: number } & Ink)
  /** From each point to its partner, with a head there where they differ. */
  | ({ readonly kind: "arrows"; readonly from: Points; readonly to: Points; readonly head?: number } & Ink)
  /** Each a curve through points [N, 2]. */
  | ({ readonly kind: "curves"; readonly curves: readonly Points[]; readonly width?: number } & Ink)
  /** Circles of this radius, in the data's units (but never too small to be seen). */
  | {
      readonly kind: "circles";
      readonly centres: readonly (readonly [number, number])[];
      readonly radius: number;
    };

/** The smallest square that holds these points, and a margin, a share of its side. Points far out are left out by `share`. */
export function squareAround(sets: readonly Points[], { margin = 0.08, share = 1 } = {}): Square {
  const bounds = [0, 1].map((axis) => {
    const values = sets.flatMap(({ data, shape: [n, d] }) =>
      Array.from({ length: n! }, (_, i) => data[i * d! + axis]!),
    );
    values.sort((a, b) => a - b);
    const skip = Math.floor(((1 - share) / 2) * values.length);
    return [values[skip] ?? -1, values.at(-1 - skip) ?? 1] as const;
  });
  const side = (1 + 2 * margin) * Math.max(...bounds.map(([low, high]) => high - low), 1e-6);
  const [x, y] = bounds.map(([low, high]) => [(low + high - side) / 2, (low + high + side) / 2] as const);
  return { x: x!, y: y! };
}

const places = ({ data, shape: [n, d] }: Points): { x: number; y: number }[] =>
  Array.from({ length: n! }, (_, i) => ({ x: data[i * d!]!, y: data[i * d! + 1]! }));

/**
 * Whether a mark with these ends can be seen in the square. What cannot is left out and not only cut off: of marks that lie far
 * outside, as those of a model that has just begun to learn, resvg ends the process.
 */
const seenIn =
  ({ x, y }: Square) =>
  (...ends: readonly { readonly x: number; readonly y: number }[]): boolean => {
    const beyond = (values: number[], [low, high]: readonly [number, number]): boolean =>
      values.every((value) => value < low) || values.every((value) => value > high);
    return !beyond(ends.map((end) => end.x), x) && !beyond(ends.map((end) => end.y), y); // biome-ignore format: the two alike
  };

/** Layers in the plane, the first at the back; what lies outside the square is cut off. */
export function planeChart(
  labels: Labels,
  square: Square,
  layers: readonly PlaneLayer[],
  { size = 380 }: { readonly size?: number } = {},
): ChartSpec {
  const position = {
    x: { field: "x", ...axis(labels.x ?? "x"), scale: { domain: square.x, nice: false } },
    y: { field: "y", ...axis(labels.y ?? "y"), scale: { domain: square.y, nice: false } },
  };
  const pixels = size / (square.x[1] - square.x[0]);
  return {
    ...frame(labels, size, size),
    layer: layers.flatMap((layer) => marks(layer, position, pixels, seenIn(square))),
  };
}

function marks(
  layer: PlaneLayer,
  position: object,
  pixels: number,
  seen: ReturnType<typeof seenIn>,
): object[] {
  if (layer.kind === "circles") {
    // A mark's size is its area in square pixels.
    const size = Math.max(12, 2 * layer.radius * pixels + 4) ** 2;
    const mark = { type: "point", size, color: "#888888", strokeWidth: 1.2, clip: true };
    return [{ data: { values: layer.centres.map(([x, y]) => ({ x, y })) }, mark, encoding: position }];
  }
  const { color = PALETTE[0], opacity = 0.6 } = layer;
  const ink = { color, opacity, clip: true };
  switch (layer.kind) {
    case "points": {
      const mark = { type: "circle", size: layer.size ?? 5, ...ink };
      return [{ data: { values: places(layer.points).filter((place) => seen(place)) }, mark, encoding: position }]; // biome-ignore format: one mark
    }
    case "curves": {
      const values = layer.curves
        .map(places)
        .filter((curve) => seen(...curve))
        .flatMap((curve, line) => curve.map((place, order) => ({ ...place, line, order })));
      const mark = { type: "line", strokeWidth: layer.width ?? 1, strokeJoin: "round", ...ink };
      return [{ data: { values }, mark, encoding: { ...position, detail: { field: "line" }, order: { field: "order" } } }]; // biome-ignore format: one mark
    }
    case "arrows": {
      const heads = places(layer.to);
      const values = places(layer.from)
        .map(({ x, y }, i) => {
          const { x: x2, y: y2 } = heads[i]!;
          // A symbol points up, and turns clockwise.
          return { x, y, x2, y2, turn: (Math.atan2(x2 - x, y2 - y) * 180) / Math.PI };
        })
        .filter(({ x, y, x2, y2 }) => seen({ x, y }, { x: x2, y: y2 }));
      const { head = 22 } = layer;
      const ends = values.map(({ x2, y2, turn }) => ({ x: x2, y: y2, turn })).filter((end) => seen(end));
      return [
        {
          data: { values },
          mark: { type: "rule", strokeWidth: 1, ...ink },
          encoding: { ...position, x2: { field: "x2" }, y2: { field: "y2" } },
        },
        ...(head === 0
          ? []
          : [
              {
                data: { values: ends },
                mark: { type: "point", shape: "triangle", filled: true, size: head, ...ink },
                encoding: { ...position, angle: { field: "turn", type: "quantitative", scale: null } },
              },
            ]),
      ];
    }
  }
}
