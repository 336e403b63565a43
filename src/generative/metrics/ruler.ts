import { joined, rows } from "../../data/arrays.ts";
import type { ImageShape } from "../../data/dataset.ts";
import { type Compiled, compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { asModelRun } from "../../model/catalog.ts";
import type { Context, World } from "../../model/contract.ts";
import { checkpointOf } from "../../model/opened.ts";
import { readSafeTensors } from "../../nn/safetensors.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { softmax } from "../../tensor/ops.ts";
import { type Shape, sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Classifier, ClassifierOptions } from "../classifier-network.ts";
import { imageShapeOf } from "../examples.ts";

type Images = NdArray<"float32">;

/** A ruler's outputs for images. */
export interface Measured {
  /** The last hidden layer [N, D]. */
  readonly features: NdArray<"float32">;
  /** Class probabilities [N, K]. */
  readonly probabilities: NdArray<"float32">;
}

/** A small trained classifier by which images are measured. */
export interface Ruler {
  /** The data set it was trained on: "mnist". */
  readonly name: string;
  readonly classes: readonly string[];
  /** The shape of the images it takes. */
  readonly image: ImageShape;
  /** For people: its data set and accuracy. */
  readonly description: string;
  /**
   * Features and class probabilities of images [N, C, H, W] in [0, 1], computed in pieces.
   * @throws UserError where they are of another shape, not finite, or not in [0, 1].
   */
  measure(images: Images, progress?: (done: number, total: number) => void): Promise<Measured>;
  dispose(): Promise<void>;
}

/** Images per pass through the network. */
const PIECE = 500;
/** How far rounding may carry a pixel out of [0, 1]. */
const SLACK = 1e-3;

type About = Pick<Ruler, "name" | "classes" | "image" | "description">;
type Look = (x: Tensor) => { readonly features: Tensor; readonly probabilities: Tensor };

/** A classifier's outputs for images [N, C, H, W], as a function to compile. */
export const look =
  (module: Classifier): Look =>
  (x) => {
    const { features, logits } = module.forward(x);
    return { features, probabilities: softmax(logits) };
  };

/** A trained classifier as a ruler. Its weights are frozen at the first use: later training does not change it. */
export function rulerOf(module: Classifier, about: About, engine: Engine): Ruler {
  const freeze = module.variables().map(([, variable]) => variable);
  return rulerBy(compile(look(module), { engine, name: `ruler ${about.name}`, freeze }), about);
}

/** A ruler over a compiled program; disposing of it disposes of the program. */
export function rulerBy(program: Compiled<[Tensor], ReturnType<Look>>, about: About): Ruler {
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

function requireShape(shape: Shape, { name, image }: Pick<Ruler, "name" | "image">): void {
  if (!sameShape(shape, image))
    throw new UserError(
      `the classifier "${name}" measures images of ${showShape(image)}; these are ${showShape(shape)}`,
    );
}

function requireImages({ data, shape }: Images, about: Pick<Ruler, "name" | "image">): void {
  requireShape(shape.slice(1), about);
  const strange = data.findIndex((v) => !(v >= -SLACK && v <= 1 + SLACK));
  if (strange >= 0)
    throw new UserError(
      `images to measure must have pixels from 0 to 1; image ${Math.floor((strange * shape[0]!) / data.length)} has a ${data[strange]}`,
    );
}

/** The metadata of a classifier's exported file that make it a ruler. */
export interface RulerText {
  readonly data: string;
  /** JSON: names of the classes. */
  readonly classes: string;
  /** JSON: channels, height, width. */
  readonly image: string;
  /** JSON: the model's options. */
  readonly config: string;
  /** Test accuracy, "0.9931". */
  readonly accuracy: string;
}

/**
 * The ruler in a .safetensors file that was exported from a classifier, as those are that come with the package
 * (`assets/rulers/mnist.safetensors`).
 */
export function readRuler(bytes: Uint8Array, file: string, engine: Engine): Ruler {
  const { tensors, metadata } = readSafeTensors(bytes, file);
  const text = (name: keyof RulerText): string => {
    const value = metadata[name];
    if (value === undefined)
      throw new UserError(
        `${file} has no "${name}" in its metadata, so nothing can be measured by it; export it from a run of a classifier (galatea export RUN, option \`format\` safetensors)`,
      );
    return value;
  };
  const classes = JSON.parse(text("classes")) as string[];
  const image = JSON.parse(text("image")) as unknown as ImageShape;
  const config = ClassifierOptions.parse(JSON.parse(text("config")));
  const module = new Classifier(image, classes.length, config).loadStateDict(tensors, { source: file });
  const name = text("data");
  return rulerOf(
    module,
    { name, classes, image, description: describe(name, Number(text("accuracy"))) },
    engine,
  );
}

/** "the classifier of mnist (99.3 % of the test images right)". Saved comparisons are matched by it, so it must not change. */
export const describe = (name: string, accuracy?: number): string =>
  `the classifier of ${name}${accuracy === undefined ? "" : ` (${(100 * accuracy).toFixed(1)} % of the test images right)`}`;

/** Data sets whose ruler comes with the package. */
export const SHIPPED_RULERS = ["mnist", "fashion-mnist"] as const;

type RulerContext = Pick<Context, "asset" | "file" | "run" | "spec" | "engine" | "world">;

/** Rulers are opened once per world and engine, and live as long as those. */
const rulers = new WeakMap<World, WeakMap<Engine, Map<string, Promise<Ruler>>>>();

/**
 * The classifier to measure generated images by: the one that comes with the package for the data, or `wanted`: the
 * name of a shipped one, a .safetensors file exported from a classifier, or a classifier's run. It belongs to the
 * engine: do not dispose of it.
 * @throws UserError where there is none, it is not a classifier, or it takes images of another shape.
 */
export function rulerFor(context: RulerContext, wanted: string = context.spec.name): Promise<Ruler> {
  const { world, engine } = context;
  const engines = rulers.get(world) ?? new WeakMap<Engine, Map<string, Promise<Ruler>>>();
  rulers.set(world, engines);
  const known = engines.get(engine) ?? new Map<string, Promise<Ruler>>();
  engines.set(engine, known);
  const made = known.get(wanted) ?? openRuler(context, wanted);
  known.set(wanted, made);
  // A failure is not cached: the file may be there the next time.
  made.catch(() => known.delete(wanted));
  return made.then((ruler) => {
    if (context.spec.kind === "images") requireShape(context.spec.shape, ruler);
    return ruler;
  });
}

async function openRuler(context: RulerContext, wanted: string): Promise<Ruler> {
  const { spec, engine } = context;
  if ((SHIPPED_RULERS as readonly string[]).includes(wanted)) {
    const name = `rulers/${wanted}.safetensors`;
    return readRuler(await context.asset(name), name, engine);
  }
  if (wanted.endsWith(".safetensors")) return readRuler(await context.file(wanted), wanted, engine);
  if (wanted === spec.name)
    throw new UserError(
      `galatea comes with no classifier to measure images of ${spec.name} (known: ${SHIPPED_RULERS.join(", ")}). ` +
        `Train one (galatea train classifier option \`data\` ${spec.name}), and name its run: option \`ruler\` RUN`,
    );
  return trainedRuler(context, wanted);
}

async function trainedRuler(context: RulerContext, wanted: string): Promise<Ruler> {
  const { spec, engine } = context;
  const run = await context.run(wanted);
  const config = asModelRun(run.path, run.config);
  const { model, data: name } = config;
  if (model !== "classifier")
    throw new UserError(
      `${run.path} is not a classifier but a run of ${model}. Train one: galatea train classifier option \`data\` ${spec.name}`,
    );
  const { tensors, step } = await checkpointOf(run, {});
  const weights = tensors.ema ?? tensors.weights;
  // Runs that saved no spec do not tell their images and classes: they are taken to be those to be measured.
  const learnt = config.spec ?? spec;
  const image = imageShapeOf(learnt, "the classifier");
  const known = "classes" in learnt ? learnt.classes : [];
  const count = weights["out.bias"]?.shape[0] ?? known.length;
  const classes = count === known.length ? known : Array.from({ length: count }, (_, i) => String(i));
  const module = new Classifier(image, count, ClassifierOptions.parse(config.options));
  module.loadStateDict(weights, { source: `${run.path}, step ${step}` });
  return rulerOf(module, { name, classes, image, description: `${describe(name)} in ${run.path}` }, engine);
}
