import { z } from "zod";
import { joined, rowsAt } from "../data/arrays.ts";
import type { Examples } from "../data/data.ts";
import { pass } from "../data/passes.ts";
import type { DataSpec, ImageSpec } from "../data/spec.ts";
import { view } from "../data/validation.ts";
import { UserError } from "../errors.ts";
import {
  type Context,
  command,
  exporting,
  type Model,
  type Output,
  type Picture,
} from "../model/contract.ts";
import { crossEntropy } from "../nn/losses.ts";
import { chartSvg } from "../plot/chart.ts";
import { heatMap } from "../plot/heatmap.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { softmax } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import { learnBy } from "../train/learning.ts";
import type { Batch, Losses } from "../train/task.ts";
import { Classifier, ClassifierOptions } from "./classifier-network.ts";
import { imagesOf } from "./examples.ts";
import { predictions } from "./metrics/classes.ts";
import { partOf } from "./metrics/part.ts";
import { floors } from "./metrics/quality.ts";
import { describe, look, type Measured, type Ruler, type RulerText, rulerBy } from "./metrics/ruler.ts";

export { Classifier, ClassifierOptions } from "./classifier-network.ts";

type ClassifierContext = Context<ClassifierOptions, Classifier>;

/** Test images for a preview during training. */
const LOOK = 2000;
/** Misclassified images that are shown. */
const MISTAKES = 40;

/**
 * A small convolutional classifier: the ruler by which images of the other models are measured. It is kept plain, so
 * that everyone measures with the same one.
 */
export const classifier: Model<typeof ClassifierOptions, Classifier> = {
  name: "classifier",
  options: ClassifierOptions,
  training: {
    data: "mnist",
    batchSize: 128,
    lr: 2e-3,
    epochs: 5,
    optimizer: "adamw",
    weightDecay: 0.01,
    lrSchedule: "cosine",
  },
  build: (options, spec) => {
    const { shape, classes } = labelled(spec);
    return new Classifier(shape, classes.length, options);
  },
  players: (module, _, plan) => {
    const loss = ({ images, labels }: Batch, key: Key): Losses => {
      const { logits } = module.forward(images!, key);
      const right = logits.argmax(-1).equal(labels!).cast("float32");
      return { loss: crossEntropy(logits, labels!), accuracy: right.mean() };
    };
    return [{ name: "classifier", module, loss, ...learnBy(plan) }];
  },
  preview: async (context) => {
    const { test } = await imagesOf(context, "a classifier");
    const some = view(test, partOf(test.length, LOOK));
    const { accuracy, crossEntropy } = score(await answersTo(context, asRuler(context), some));
    return { numbers: { testAccuracy: accuracy, testCrossEntropy: crossEntropy } };
  },
  commands: { evaluate: command(z.strictObject({}), evaluate) },
  exports: exporting(z.strictObject({}), ({ module, spec }, batch) => ({
    classifier: {
      description: "images in [0, 1] to class probabilities and features",
      inputs: { images: { shape: [batch, ...labelled(spec).shape], dtype: "float32" } },
      run: ({ images }) => {
        const { features, logits } = module.forward(images!);
        return { probabilities: softmax(logits), features };
      },
    },
  })),
  metadata: async (context): Promise<Omit<RulerText, "data" | "config">> => {
    const { test, classes, spec } = await imagesOf(context, "a classifier");
    const { accuracy } = score(await answersTo(context, asRuler(context), test));
    return {
      classes: JSON.stringify(classes),
      image: JSON.stringify(spec.shape),
      accuracy: String(accuracy),
    };
  },
};

/** The spec of labelled images. @throws UserError for other data, or fewer than two classes. */
function labelled(spec: DataSpec): ImageSpec {
  if (spec.kind !== "images")
    throw new UserError(
      `the classifier learns from images, but the data set "${spec.name}" holds ${spec.kind}: choose other data`,
    );
  if (spec.classes.length < 2)
    throw new UserError(`a classifier needs classes, but the data set "${spec.name}" has none`);
  return spec;
}

/** The model with its current weights as a ruler, for as long as the context lasts. */
function asRuler({ module, spec, compile }: ClassifierContext): Ruler {
  const { name, classes, shape: image } = labelled(spec);
  return rulerBy(compile(look(module), "classifier"), { name, classes, image, description: describe(name) });
}

interface Answers {
  readonly images: NdArray<"float32">;
  readonly probabilities: NdArray<"float32">;
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
}

async function answersTo(context: ClassifierContext, ruler: Ruler, examples: Examples): Promise<Answers> {
  const pieces: (Measured & { images: Answers["images"]; labels: NdArray<"int32"> })[] = [];
  for await (const { x: images, labels } of pass(context, examples, "classifying test images"))
    pieces.push({ images, labels: labels!, ...(await ruler.measure(images)) });
  const probabilities = joined(pieces.map((p) => p.probabilities));
  const { data: labels } = joined(pieces.map((p) => p.labels));
  const images = joined(pieces.map((p) => p.images));
  return { images, probabilities, labels: labels as Int32Array, predicted: predictions(probabilities) };
}

function score({ probabilities, labels, predicted }: Answers): { accuracy: number; crossEntropy: number } {
  const [n, k] = probabilities.shape as readonly [number, number];
  let [right, crossEntropy] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (predicted[i] === labels[i]) right++;
    // A probability that underflows float32 counts as its smallest normal number.
    crossEntropy -= Math.log(Math.max(1e-38, probabilities.data[i * k + labels[i]!]!)) / n;
  }
  return { accuracy: right / n, crossEntropy };
}

async function evaluate(context: ClassifierContext): Promise<Output> {
  const data = await imagesOf(context, "a classifier");
  const ruler = asRuler(context);
  const answers = await answersTo(context, ruler, data.test);
  const numbers = await floors({ ruler, data, progress: context.progress });
  const { accuracy, crossEntropy } = score(answers);
  return {
    numbers: { accuracy, crossEntropy, ...numbers },
    pictures: [await confusion(answers, data.classes), ...mistakes(answers)],
  };
}

/** The confusion matrix: rows are true classes, columns predictions. The diagonal is left empty, so that mistakes show. */
async function confusion({ labels, predicted }: Answers, classes: readonly string[]): Promise<Picture> {
  const counts = classes.map(() => classes.map((): number | null => 0));
  labels.forEach((label, i) => {
    counts[label]![predicted[i]!]! += 1;
  });
  classes.forEach((_, i) => {
    counts[i]![i] = null;
  });
  const words = counts.map((row) => row.map((count) => (count ? String(count) : "")));
  const chart = heatMap({ title: "Mistakes on test images", x: "predicted class", y: "true class" }, counts, {
    rows: classes,
    columns: classes,
    cells: words,
    legend: "images",
  });
  return { name: "confusion", svg: await chartSvg(chart) };
}

/** The misclassified images it was most certain about. */
function mistakes({ images, probabilities, labels, predicted }: Answers): Picture[] {
  const k = probabilities.shape[1]!;
  const sureness = (i: number): number => probabilities.data[i * k + predicted[i]!]!;
  const wrong = Array.from(labels.keys())
    .filter((i) => predicted[i] !== labels[i])
    .sort((a, b) => sureness(b) - sureness(a))
    .slice(0, MISTAKES);
  if (wrong.length === 0) return [];
  return [{ name: "mistakes", images: rowsAt(images, wrong), columns: 10 }];
}
