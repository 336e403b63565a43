import type { ImageShape } from "../../data/dataset.ts";
import type { NdArray } from "../../tensor/ndarray.ts";

/** What a ruler sees in images. */
export interface Measured {
  /** The last hidden layer [N, D]. */
  readonly features: NdArray<"float32">;
  /** Of the classes [N, K]. */
  readonly probabilities: NdArray<"float32">;
}

/** A small trained classifier by which images are measured. */
export interface Ruler {
  /** The data set it was trained on: "mnist". */
  readonly name: string;
  readonly classes: readonly string[];
  /** The images it takes. */
  readonly image: ImageShape;
  /** One line on where it is from and how good it is. */
  readonly description: string;
  /** Look at images [N, C, H, W] in [0, 1], in pieces. */
  measure(images: NdArray<"float32">, progress?: (done: number, total: number) => void): Promise<Measured>;
  dispose(): Promise<void>;
}
