/** The quality of generated points, which needs no classifier: they are their own features. */
import { rows } from "../../data/arrays.ts";
import type { PointData } from "../../data/data.ts";
import { batchAt } from "../../data/passes.ts";
import type { Context } from "../../model/contract.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { coverage, coverageNumbers, mixtureOf } from "./coverage.ts";
import { precisionRecall } from "./precision-recall.ts";

/** Points that `evaluate` draws. */
export const MEASURED_POINTS = 2500;

/**
 * Of generated points [N, D]: precision and recall against as many test points, and where the data are a known mixture,
 * mode coverage.
 */
export async function pointQuality(
  points: NdArray<"float32">,
  data: PointData,
  progress: Context["progress"],
): Promise<Record<string, number>> {
  const mixture = data.mixture ?? mixtureOf(data.spec);
  const n = Math.min(points.shape[0]!, data.test.length);
  const { x: real } = await batchAt(
    data.test,
    Int32Array.from({ length: n }, (_, i) => i),
  );
  const measured = await precisionRecall(real, rows(points, 0, n), {
    progress: (done, total) => progress(done, total, "precision and recall"),
  });
  const covered = mixture && coverageNumbers(coverage(points, mixture));
  return { samples: points.shape[0]!, ...covered, ...measured };
}
