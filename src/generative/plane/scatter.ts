/** Points in the plane, over what is known of where they should lie. */
import type { Mixture } from "../../data/mixtures.ts";
import { CURVES } from "../../data/points.ts";
import type { DataSpec } from "../../data/spec.ts";
import type { Output, Picture } from "../../model/contract.ts";
import { type ChartSpec, chartSvg } from "../../plot/chart.ts";
import type { Labels } from "../../plot/parts.ts";
import {
  BACKDROP,
  type PlaneLayer,
  type Points,
  planeChart,
  type Square,
  squareAround,
} from "../../plot/plane.ts";
import { PALETTE } from "../../plot/theme.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { coverage, coverageNumbers, coverageWords, mixtureOf } from "../metrics/coverage.ts";

/** Points to show, and to measure mode coverage by, as in the papers. */
export const POINTS = 2500;

/** Where points of a data set should lie, in grey, and the square of the plane that shows them. */
export interface Scene {
  readonly square: Square;
  readonly layers: readonly PlaneLayer[];
}

/** The modes of a mixture, each a circle of 3σ. */
export function mixtureScene({ centres, sigma }: Mixture): Scene {
  const far = Math.max(...centres.flat().map(Math.abs));
  const reach = Math.max(1.3 * far, far + 4 * sigma);
  const side = [-reach, reach] as const;
  return { square: { x: side, y: side }, layers: [{ kind: "circles", centres, radius: 3 * sigma }] };
}

/** Curves of a data set that is known by its name. */
function curveScene(name: string): Scene | undefined {
  if (!Object.hasOwn(CURVES, name)) return undefined;
  const { at, classes, sigma } = CURVES[name as keyof typeof CURVES];
  const steps = 120;
  const curves = classes.map((_, label) =>
    pointsOf(Array.from({ length: steps + 1 }, (_, i) => at(label, i / steps))),
  );
  const { x } = squareAround(curves);
  const square = squareAround(curves, { margin: 0.06 + (4 * sigma) / (x[1] - x[0]) });
  return { square, layers: [{ kind: "curves", curves, color: BACKDROP, opacity: 1, width: 1.5 }] };
}

/** The scene of a data set that is known by its name, or of the mixture it is drawn from; no data set is opened. */
export function sceneOf(spec: DataSpec, mixture = mixtureOf(spec)): Scene | undefined {
  return mixture ? mixtureScene(mixture) : curveScene(spec.name);
}

/** Rows of numbers as points [N, 2]. */
export const pointsOf = (list: readonly (readonly [number, number])[]): Points =>
  ndarray(Float32Array.from(list.flat()), [list.length, 2]);

/** Data points, behind everything else. */
export const behind = (points: Points): PlaneLayer => ({
  kind: "points",
  points,
  color: BACKDROP,
  size: 4,
  opacity: 0.5,
});

/** Points over a scene; without one, in the square that holds nearly all of them. */
export const scatter = (labels: Labels, points: Points, scene?: Scene, size?: number): ChartSpec =>
  planeChart(
    labels,
    scene?.square ?? squareAround([points], { share: 0.995 }),
    [...(scene?.layers ?? []), { kind: "points", points }],
    size === undefined ? {} : { size },
  );

/** Points [N, D] as points in the plane: their first two coordinates; where D = 1, over their index. */
function inPlane(points: NdArray<"float32">): { points: Points; x: string; y: string } {
  const [n, d] = points.shape as readonly [number, number];
  if (d === 2) return { points, x: "x", y: "y" };
  if (d > 2) return { points, x: "x[0]", y: "x[1]" };
  return { points: pointsOf(Array.from({ length: n }, (_, i) => [i, points.data[i]!])), x: "draw", y: "x" };
}

/** Samples [N, D] over where they should lie, with their coverage of the mixture where there is one. */
export async function scattered(
  samples: NdArray<"float32">,
  spec: DataSpec,
  mixture = mixtureOf(spec),
): Promise<Output> {
  const covered = mixture && coverage(samples, mixture);
  const { points, ...axes } = inPlane(samples);
  const labels = { title: "Samples", ...axes, ...(covered && { subtitle: coverageWords(covered) }) };
  const scene = samples.shape[1] === 2 ? sceneOf(spec, mixture) : undefined;
  return {
    pictures: [await svg("samples", scatter(labels, points, scene))],
    ...(covered && { numbers: coverageNumbers(covered) }),
  };
}

export const svg = async (name: string, chart: ChartSpec): Promise<Picture> => ({
  name,
  svg: await chartSvg(chart),
});

/** A regular grid of `side` × `side` points in a square, row by row. */
export function gridOf({ x, y }: Square, side: number): Points {
  const at = ([low, high]: readonly [number, number], i: number): number =>
    low + ((i + 0.5) / side) * (high - low);
  return pointsOf(
    Array.from({ length: side ** 2 }, (_, i) => [at(x, i % side), at(y, Math.floor(i / side))]),
  );
}

/** The lines of a grid over [−reach, reach]² in a plane of codes: `side` each way, each of `steps` points. */
export function gridLines(
  scale: (dimension: 0 | 1) => readonly [mean: number, deviation: number],
  reach: number,
  [side, steps]: readonly [number, number],
): Points[] {
  const at = (dimension: 0 | 1, share: number): number => {
    const [mean, deviation] = scale(dimension);
    return mean + deviation * reach * (2 * share - 1);
  };
  return ([0, 1] as const).flatMap((fixed) =>
    Array.from({ length: side }, (_, line) =>
      pointsOf(
        Array.from({ length: steps }, (_, i) => {
          const along = at(fixed === 0 ? 1 : 0, i / (steps - 1));
          const across = at(fixed, line / (side - 1));
          return fixed === 0 ? ([across, along] as const) : ([along, across] as const);
        }),
      ),
    ),
  );
}

/** A vector [N, 2] at each point [N, 2], all drawn shorter alike, so that the longest is `longest` long. */
export function field(at: Points, vectors: Points, longest: number): PlaneLayer {
  const lengths = Array.from({ length: at.shape[0]! }, (_, i) =>
    Math.hypot(vectors.data[2 * i]!, vectors.data[2 * i + 1]!),
  );
  const scale = longest / Math.max(...lengths, 1e-12);
  const to = ndarray(
    at.data.map((v, i) => v + scale * vectors.data[i]!),
    at.shape,
  );
  return { kind: "arrows", from: at, to, color: PALETTE[1], opacity: 0.8 };
}
