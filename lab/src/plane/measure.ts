/** What samples are measured by while a model learns. */
import type { PointData } from "galatea/data/data.ts";
import { coverage } from "galatea/generative/metrics/coverage.ts";
import { ndarray } from "galatea/tensor/ndarray.ts";
import type { Look } from "./models.ts";

/** The share of `points` that have one of `others` within this distance. */
function near(points: Float32Array, others: Float32Array, distance: number): number {
  let count = 0;
  for (let i = 0; i < points.length; i += 2)
    for (let j = 0; j < others.length; j += 2)
      if (Math.hypot(points[i]! - others[j]!, points[i + 1]! - others[j + 1]!) < distance) {
        count++;
        break;
      }
  return (2 * count) / points.length;
}

/**
 * Of a mixture: how many of its modes have a sample, and the share of samples within 3σ of one. Of any data: the share of samples near
 * the data, and of the data near a sample, where near is a fiftieth of the square that is seen.
 */
export function measured(
  samples: Float32Array,
  real: Float32Array,
  { mixture }: Pick<PointData, "mixture">,
  reach: number,
): Look["numbers"] {
  const finite = samples.every(Number.isFinite);
  const covered = mixture && finite && coverage(ndarray(samples, [samples.length / 2, 2]), mixture);
  return {
    ...(covered && { modes: covered.modes, good: covered.good }),
    near: near(samples, real, reach / 25),
    covered: near(real, samples, reach / 25),
  };
}
