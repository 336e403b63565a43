import { ndarray } from "../tensor/ndarray.ts";
import { hostNormal, hostUniform, Key } from "../tensor/random.ts";
import type { Examples, PointBatch, PointData } from "./data.ts";
import { drawMixture, MIXTURES, type Mixture } from "./mixtures.ts";
import { fieldsOf, type PointSpec } from "./spec.ts";

const TRAINING_POINTS = 100_000;
const TEST_POINTS = 10_000;

/** Points [count, 2], row by row, and the class of each. */
export interface DrawnPoints {
  readonly points: Float32Array;
  readonly labels: Int32Array;
}

/** Points of a mixture (always the same), each labelled with the Gaussian it comes from. */
export function mixtureData(mixture: Mixture): PointData {
  const classes = mixture.centres.map((_, i) => String(i));
  const data = drawnData(mixture.name, classes, (count, key) => drawMixture(mixture, count, key));
  return { ...data, mixture };
}

/** A curve in the plane for each class, with Gaussian noise of standard deviation `sigma` around it. */
interface Curves {
  readonly name: string;
  readonly classes: readonly string[];
  readonly sigma: number;
  /** The point of a class's curve at u in [0, 1). */
  readonly at: (label: number, u: number) => readonly [x: number, y: number];
}

/** Shapes in the plane with one curve per class. */
export const CURVES = {
  /** Two interleaving half circles: scikit-learn's `make_moons(noise=0.05)`. */
  moons: {
    name: "moons",
    classes: ["upper", "lower"],
    sigma: 0.05,
    at: (label, u) => {
      const [x, y] = [Math.cos(Math.PI * u), Math.sin(Math.PI * u)];
      return label === 0 ? [x, y] : [1 - x, 0.5 - y];
    },
  },
  /** Two arms of a turn and a half, after FFJORD's "2spirals" (Grathwohl et al. 2019). */
  spiral: {
    name: "spiral",
    classes: ["0", "1"],
    sigma: 0.1,
    at: (label, u) => {
      const angle = 3 * Math.PI * Math.sqrt(u);
      const radius = (label === 0 ? angle : -angle) / 3;
      return [-radius * Math.cos(angle), radius * Math.sin(angle)];
    },
  },
} as const satisfies Record<string, Curves>;

/** Points along curves (always the same), each labelled with the curve it comes from. */
export const curveData = ({ name, classes, sigma, at }: Curves): PointData =>
  drawnData(name, classes, (count, key) => {
    const which = hostUniform(key.split("class"), count);
    const along = hostUniform(key.split("along"), count);
    const points = hostNormal(key.split("noise"), 2 * count);
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      labels[i] = Math.floor(which[i]! * classes.length);
      const [x, y] = at(labels[i]!, along[i]!);
      points[2 * i] = x + sigma * points[2 * i]!;
      points[2 * i + 1] = y + sigma * points[2 * i + 1]!;
    }
    return { points, labels };
  });

function drawnData(
  name: string,
  classes: readonly string[],
  draw: (count: number, key: Key) => DrawnPoints,
): PointData {
  const spec: PointSpec = { kind: "points", name, dimensions: 2, classes };
  const part = (of: string, count: number): Examples<PointBatch> =>
    pointExamples(spec, draw(count, Key.seed(0).split(name).split(of)));
  return {
    kind: "points",
    name,
    spec,
    train: part("train", TRAINING_POINTS),
    test: part("test", TEST_POINTS),
    classes,
  };
}

function pointExamples(spec: PointSpec, drawn: DrawnPoints): Examples<PointBatch> {
  const { length } = drawn.labels;
  return {
    length,
    fields: fieldsOf(spec),
    batch: (indices) => {
      const points = new Float32Array(2 * indices.length);
      const labels = new Int32Array(indices.length);
      for (let i = 0; i < indices.length; i++) {
        const at = indices[i]!;
        if (!(at >= 0 && at < length))
          throw new RangeError(`${spec.name}: there is no point ${at}; there are ${length}`);
        points.set(drawn.points.subarray(2 * at, 2 * at + 2), 2 * i);
        labels[i] = drawn.labels[at]!;
      }
      return { points: ndarray(points, [indices.length, 2]), labels: ndarray(labels) };
    },
  };
}

/** The openers of all point data sets by name. */
export const POINTS = {
  "gaussians-25": () => mixtureData(MIXTURES["gaussians-25"]),
  "ring-8": () => mixtureData(MIXTURES["ring-8"]),
  moons: () => curveData(CURVES.moons),
  spiral: () => curveData(CURVES.spiral),
} as const;
