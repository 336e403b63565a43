import { MIXTURES, type Mixture } from "../../data/mixtures.ts";
import type { DataSpec } from "../../data/spec.ts";
import { UserError } from "../../errors.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { klFromUniform } from "./classes.ts";

/** How well samples cover the modes of a mixture. */
export interface Coverage {
  readonly samples: number;
  /** Modes with at least one good sample. */
  readonly modes: number;
  /** The share of good samples: within 3σ of the centre of a mode. */
  readonly good: number;
  /** KL divergence of the good samples' modes from uniform, in nats; log K where none is good, as with a single mode. */
  readonly modeKl: number;
  /** Good samples per mode. */
  readonly counts: readonly number[];
}

/** Mode coverage of points [N, 2], as in Srivastava et al. (2017) and Lin et al. (2018), section 4.1. */
export function coverage(points: NdArray<"float32">, { centres, sigma }: Mixture): Coverage {
  const [n, d] = points.shape;
  if (points.shape.length !== 2 || d !== 2 || !n)
    throw new UserError(`mode coverage needs points [N, 2], not [${points.shape.join(", ")}]`);
  const counts = centres.map(() => 0);
  for (let i = 0; i < n; i++) {
    const [x, y] = [points.data[2 * i]!, points.data[2 * i + 1]!];
    // The 3σ discs do not meet, so a point lies in one at most.
    const mode = centres.findIndex(([a, b]) => Math.hypot(x - a, y - b) <= 3 * sigma);
    if (mode >= 0) counts[mode]!++;
  }
  const inside = counts.reduce((a, b) => a + b, 0);
  return {
    samples: n,
    modes: counts.filter((c) => c > 0).length,
    good: inside / n,
    modeKl: inside > 0 ? klFromUniform(counts.map((c) => c / inside)) : Math.log(centres.length),
    counts,
  };
}

/** The numbers of a coverage, as logs have them. */
export const coverageNumbers = ({ samples, modes, good, modeKl }: Coverage): Record<string, number> => ({
  samples,
  modes,
  good_samples: good,
  mode_kl: modeKl,
});

/** The coverage in words. */
export const coverageWords = ({ samples, modes, good, counts }: Coverage): string =>
  `${modes} of ${counts.length} modes, ${(100 * good).toFixed(1)} % of ${samples} samples within 3σ`;

/** The mixture that points come from, where the name of their data set tells it, without opening that. */
export function mixtureOf({ name }: DataSpec): Mixture | undefined {
  const known: Readonly<Record<string, Mixture>> = MIXTURES;
  return Object.hasOwn(known, name) ? known[name] : undefined;
}
