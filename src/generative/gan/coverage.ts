import type { NdArray } from "../../tensor/ndarray.ts";
import type { Coverage } from "../metrics/coverage.ts";

const CURES = "option `pack` 4, option `minibatchStddev` or option `loss` wgan-gp";
const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 1 : 0)} %`;

/** Below this share of the modes a mixture counts as collapsed. */
const COLLAPSED = 0.6;

/** A warning where samples reach few of a mixture's modes. */
export function collapseOfModes({ modes, counts, samples }: Coverage): string | undefined {
  if (modes >= COLLAPSED * counts.length) return undefined;
  return `collapse: ${samples} samples reach ${modes} of ${counts.length} modes; ${CURES} may help`;
}

/** A warning where samples fall into few classes: one has more than half, or some less than a tenth of an even share. */
export function collapseOfClasses(
  histogram: ArrayLike<number>,
  classes: readonly string[],
): string | undefined {
  const shares = Array.from(histogram);
  const missing = classes.filter((_, i) => shares[i]! < 0.1 / classes.length);
  const most = shares.indexOf(Math.max(...shares));
  if (missing.length === 0 && shares[most]! <= 0.5) return undefined;
  const lost = missing.length > 0 ? `, and hardly any are ${missing.join(", ")}` : "";
  return `collapse: ${percent(shares[most]!)} of the samples look like ${classes[most]}${lost}; ${CURES} may help`;
}

/** A warning where images hardly differ: less than half as much from one another as real ones do. */
export function collapseOfVariety(drawn: number, real: number): string | undefined {
  if (drawn >= 0.5 * real) return undefined;
  return `collapse: samples differ from one another only ${percent(drawn / real)} as much as real examples do; ${CURES} may help`;
}

/** The mean Euclidean distance between neighbours in a batch [N, ...]: examples i and i + 1, which are independent. */
export function variety({ data, shape }: NdArray<"float32">): number {
  const n = shape[0]!;
  const size = data.length / n;
  let total = 0;
  for (let i = 0; i + 1 < n; i++) {
    let squares = 0;
    for (let j = 0; j < size; j++) squares += (data[i * size + j]! - data[(i + 1) * size + j]!) ** 2;
    total += Math.sqrt(squares);
  }
  return total / (n - 1);
}

/** The discriminator's accuracy, or error, above which one side has won. */
const DECIDED = 0.98;

/** A warning where one side has won: hardly any sample deceives the discriminator, or nearly all do. */
export function winner(realAccuracy: number, fakeAccuracy: number): string | undefined {
  if (realAccuracy >= DECIDED && fakeAccuracy >= DECIDED)
    return (
      `the discriminator has won: it recognises ${percent(realAccuracy)} of the real and ${percent(fakeAccuracy)} of the generated examples, ` +
      "so the generator has little to learn from; a smaller value of option `discriminatorLr`, option `discriminatorNorm` spectral or option `labelSmoothing` 0.1 may help"
    );
  if (fakeAccuracy <= 1 - DECIDED)
    return (
      `the generator has won: the discriminator takes ${percent(1 - fakeAccuracy)} of its examples for real; ` +
      "a larger value of option `discriminatorLr` or more steps (option `discriminatorSteps`) may help"
    );
  return undefined;
}
