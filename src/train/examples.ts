import type { Examples } from "../data/data.ts";
import type { Mixture } from "../data/mixtures.ts";

export { type Fetch, fetches } from "../data/batches.ts";
export { type Examples, imageData, imageExamples } from "../data/data.ts";
export { mixtureData } from "../data/points.ts";
export type { Fields } from "../data/spec.ts";

/** Images or points with their two splits. */
export interface Data {
  readonly name: string;
  readonly train: Examples;
  readonly test: Examples;
  readonly classes: readonly string[];
  readonly mixture?: Mixture | undefined;
}
