import { ndarray } from "../tensor/ndarray.ts";
import { Key } from "../tensor/random.ts";
import type { Examples, PointData } from "./data.ts";
import { drawMixture, type Mixture } from "./mixtures.ts";
import { fieldsOf, type PointSpec } from "./spec.ts";

const TRAINING_POINTS = 100_000;
const TEST_POINTS = 10_000;

/** Points of a mixture, always the same ones, with the Gaussian that each comes from as its label. */
export function mixtureData(mixture: Mixture): PointData {
  const { name, centres } = mixture;
  const classes = centres.map((_, i) => String(i));
  const spec: PointSpec = { kind: "points", name, dimensions: 2, classes };
  const examples = (part: string, length: number): Examples => {
    const drawn = drawMixture(mixture, length, Key.seed(0).split(name).split(part));
    return {
      length,
      fields: fieldsOf(spec),
      batch: (indices) => {
        const points = new Float32Array(2 * indices.length);
        const labels = new Int32Array(indices.length);
        for (let i = 0; i < indices.length; i++) {
          const at = indices[i]!;
          if (!(at >= 0 && at < length))
            throw new RangeError(`${name}: there is no point ${at}; there are ${length}`);
          points.set(drawn.points.subarray(2 * at, 2 * at + 2), 2 * i);
          labels[i] = drawn.labels[at]!;
        }
        return { points: ndarray(points, [indices.length, 2]), labels: ndarray(labels) };
      },
    };
  };
  return {
    kind: "points",
    name,
    spec,
    train: examples("train", TRAINING_POINTS),
    test: examples("test", TEST_POINTS),
    classes,
    mixture,
  };
}
