import type { ImageShape } from "../../data/dataset.ts";
import { compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { readSafeTensors } from "../../nn/safetensors.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { softmax } from "../../tensor/ops.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { CLASSIFIER_OPTIONS, Classifier } from "../classifier.ts";
import { joined, rows } from "../latent-model.ts";

type Images = NdArray<"float32">;

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
  /** For people: where it is from and how good it is. */
  readonly description: string;
  /**
   * Look at images [N, C, H, W] in [0, 1], in pieces.
   * @throws UserError where they are of another shape, not finite, or not in [0, 1].
   */
  measure(images: Images, progress?: (done: number, total: number) => void): Promise<Measured>;
  dispose(): Promise<void>;
}

/** Images that pass through the network at once. */
const PIECE = 500;
/** How far rounding may carry a pixel out of [0, 1]. */
const SLACK = 1e-3;

/** A trained classifier as a ruler. Its weights are baked in at the first look: later training does not move it. */
export function rulerOf(
  module: Classifier,
  about: Pick<Ruler, "name" | "classes" | "image" | "description">,
  engine: Engine,
): Ruler {
  const program = compile(
    (x: Tensor) => {
      const { features, logits } = module.forward(x);
      return { features, probabilities: softmax(logits) };
    },
    { engine, name: `ruler ${about.name}`, freeze: module.variables().map(([, variable]) => variable) },
  );
  return {
    ...about,
    measure: async (images, progress) => {
      requireImages(images, about);
      const n = images.shape[0]!;
      const pieces: Measured[] = [];
      for (let start = 0; start < n; start += PIECE) {
        progress?.(start, n);
        pieces.push((await program(rows(images, start, Math.min(n, start + PIECE)))) as Measured);
      }
      progress?.(n, n);
      return {
        features: joined(pieces.map((p) => p.features)),
        probabilities: joined(pieces.map((p) => p.probabilities)),
      };
    },
    dispose: () => program.dispose(),
  };
}

function requireImages({ data, shape }: Images, { name, image }: Pick<Ruler, "name" | "image">): void {
  if (shape.length !== 4 || image.some((size, i) => shape[i + 1] !== size))
    throw new UserError(
      `the classifier "${name}" measures images of ${showShape(image)}; these are ${showShape(shape.slice(1))}`,
    );
  const strange = data.findIndex((v) => !(v >= -SLACK && v <= 1 + SLACK));
  if (strange >= 0)
    throw new UserError(
      `images to measure have pixels from 0 to 1; image ${Math.floor((strange * shape[0]!) / data.length)} has a ${data[strange]}`,
    );
}

/** The text in a classifier's exported file that makes it a ruler. */
export interface RulerText {
  readonly data: string;
  /** JSON: names of the classes. */
  readonly classes: string;
  /** JSON: channels, height, width. */
  readonly image: string;
  /** JSON: the model's options. */
  readonly config: string;
  /** Share of the test images it gets right, "0.9931". */
  readonly accuracy: string;
}

/**
 * The ruler in a file that `galatea export RUN --format safetensors` wrote of a classifier. In a page: fetch the
 * bytes of `assets/rulers/mnist.safetensors`.
 */
export function readRuler(bytes: Uint8Array, file: string, engine: Engine): Ruler {
  const { tensors, metadata } = readSafeTensors(bytes, file);
  const text = (name: keyof RulerText): string => {
    const value = metadata[name];
    if (value === undefined)
      throw new UserError(
        `${file} does not say its ${name}, so nothing can be measured by it; write it with galatea export RUN --format safetensors, where RUN is a classifier`,
      );
    return value;
  };
  const classes = JSON.parse(text("classes")) as string[];
  const image = JSON.parse(text("image")) as unknown as ImageShape;
  const config = CLASSIFIER_OPTIONS.parse(JSON.parse(text("config")));
  const module = new Classifier(image, classes.length, config).loadStateDict(tensors, { source: file });
  const name = text("data");
  return rulerOf(
    module,
    { name, classes, image, description: describe(name, Number(text("accuracy"))) },
    engine,
  );
}

/** "the classifier of mnist (99.3 % of the test images right)" */
export const describe = (name: string, accuracy?: number): string =>
  `the classifier of ${name}${accuracy === undefined ? "" : ` (${(100 * accuracy).toFixed(1)} % of the test images right)`}`;
