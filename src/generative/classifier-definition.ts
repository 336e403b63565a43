import { z } from "zod";
import { UserError } from "../errors.ts";
import { crossEntropy } from "../nn/losses.ts";
import { adamW } from "../optim/adam.ts";
import { cosine } from "../optim/schedules.ts";
import { chartSvg } from "../plot/chart.ts";
import { heatMap } from "../plot/heatmap.ts";
import { argmax, cast, equal, mean, softmax } from "../tensor/ops.ts";
import type { Key } from "../tensor/random.ts";
import type { Data, Examples } from "../train/examples.ts";
import type { Batch, Losses } from "../train/task.ts";
import { CLASSIFIER_OPTIONS, Classifier } from "./classifier.ts";
import { imageShapeOf } from "./coders.ts";
import { type Images, joined, type Labels, pass, rows } from "./latent-model.ts";
import { predictions } from "./metrics/classes.ts";
import { partOf } from "./metrics/part.ts";
import { floors } from "./metrics/quality.ts";
import { describe, type Measured, type Ruler, type RulerText, rulerOf } from "./metrics/ruler.ts";
import {
  exporting,
  type HookContext,
  hook,
  type ModelDefinition,
  type Output,
  type Picture,
} from "./model.ts";

type Context = HookContext<unknown>;

/** Test images a look at a training run takes. */
const LOOK = 2000;
/** Images it got wrong that are shown. */
const MISTAKES = 40;

/**
 * A small convolutional classifier: the ruler by which the images of the other models are measured. Everything about
 * it is as plain as it can be, so that all measure with the same one.
 */
export const classifier: ModelDefinition<typeof CLASSIFIER_OPTIONS> = {
  name: "classifier",
  description:
    "classifier: which class is an image of; the ruler that images of the other models are measured by",
  config: CLASSIFIER_OPTIONS,
  training: { data: "mnist", batchSize: 128, lr: 2e-3, epochs: 5 },
  build: (options, data, plan) => {
    const module = new Classifier(imageShapeOf(data, "the classifier"), classesOf(data).length, options);
    const player = {
      name: "classifier",
      module,
      loss: ({ images, labels }: Batch, key: Key): Losses => {
        const { logits } = module.forward(images!, key);
        const right = cast(equal(argmax(logits, -1), labels!), "float32");
        return { loss: crossEntropy(logits, labels!), accuracy: mean(right) };
      },
      optimizer: adamW({ decays: (p) => p.shape.length > 1 }),
      schedule: cosine(plan.lr, { steps: plan.steps }),
    };
    return { name: "classifier", module, players: [player] };
  },
  preview: async (context) => {
    const { accuracy, crossEntropy } = score(await answersTo(context, some(context.data.test, LOOK)));
    return { numbers: { testAccuracy: accuracy, testCrossEntropy: crossEntropy } };
  },
  evaluate: hook(z.strictObject({}), evaluate),
  exports: exporting(z.strictObject({}), ({ task, data }, batch) => ({
    classifier: {
      description: "images in [0, 1] to class probabilities and features",
      inputs: { images: { shape: [batch, ...imageShapeOf(data, "the classifier")], dtype: "float32" } },
      run: ({ images }) => {
        const { features, logits } = (task.module as Classifier).forward(images!);
        return { probabilities: softmax(logits), features };
      },
    },
  })),
  metadata: async (context): Promise<Omit<RulerText, "data" | "config">> => ({
    classes: JSON.stringify(context.data.classes),
    image: JSON.stringify(imageShapeOf(context.data, "the classifier")),
    accuracy: String(score(await answersTo(context, context.data.test)).accuracy),
  }),
};

function classesOf(data: Data): readonly string[] {
  if (data.classes.length < 2 || !data.train.fields.labels)
    throw new UserError(`a classifier learns classes, and the data set "${data.name}" has none`);
  return data.classes;
}

/** The model as a ruler of the moment, for as long as the job takes. */
async function asRuler<T>({ task, data, engine }: Context, job: (ruler: Ruler) => Promise<T>): Promise<T> {
  const about = { name: data.name, classes: data.classes, image: imageShapeOf(data, "the classifier") };
  const ruler = rulerOf(task.module as Classifier, { ...about, description: describe(data.name) }, engine);
  try {
    return await job(ruler);
  } finally {
    await ruler.dispose();
  }
}

interface Answers {
  readonly images: Images;
  readonly probabilities: Images;
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
}

const answersTo = (context: Context, examples: Examples): Promise<Answers> =>
  asRuler(context, async (ruler) => {
    const pieces: (Measured & { images: Images; labels: Labels })[] = [];
    for await (const { images, labels } of pass(context, examples, "classifying test images"))
      pieces.push({ images, labels: labels!, ...(await ruler.measure(images)) });
    const probabilities = joined(pieces.map((p) => p.probabilities));
    const { data: labels } = joined(pieces.map((p) => p.labels));
    const images = joined(pieces.map((p) => p.images));
    return { images, probabilities, labels: labels as Int32Array, predicted: predictions(probabilities) };
  });

/** `count` of the examples, which stand for all of them. */
function some(examples: Examples, count: number): Examples {
  const part = partOf(examples.length, count);
  return {
    length: part.length,
    fields: examples.fields,
    batch: (indices) => examples.batch(Int32Array.from(indices, (i) => part[i]!)),
  };
}

function score({ probabilities, labels, predicted }: Answers): { accuracy: number; crossEntropy: number } {
  const [n, k] = probabilities.shape as readonly [number, number];
  let [right, crossEntropy] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (predicted[i] === labels[i]) right++;
    // What float32 holds no more counts as its least number.
    crossEntropy -= Math.log(Math.max(1e-38, probabilities.data[i * k + labels[i]!]!)) / n;
  }
  return { accuracy: right / n, crossEntropy };
}

async function evaluate(context: Context): Promise<Output> {
  const answers = await answersTo(context, context.data.test);
  const numbers = await asRuler(context, (ruler) => floors({ ...context, ruler }));
  const { accuracy, crossEntropy } = score(answers);
  return {
    numbers: { accuracy, crossEntropy, ...numbers },
    pictures: [await confusion(answers, context.data.classes), ...mistakes(answers)],
  };
}

/** Row: what the image is; column: what it was taken for. The diagonal is left empty, so that mistakes show. */
async function confusion({ labels, predicted }: Answers, classes: readonly string[]): Promise<Picture> {
  const counts = classes.map(() => classes.map((): number | null => 0));
  labels.forEach((label, i) => {
    counts[label]![predicted[i]!]! += 1;
  });
  classes.forEach((_, i) => {
    counts[i]![i] = null;
  });
  const words = counts.map((row) => row.map((count) => (count ? String(count) : "")));
  const chart = heatMap({ title: "Mistakes on test images", x: "taken for", y: "is" }, counts, {
    rows: classes,
    columns: classes,
    cells: words,
    legend: "images",
  });
  return { name: "confusion", svg: await chartSvg(chart) };
}

/** The wrong answers it was surest of. */
function mistakes({ images, probabilities, labels, predicted }: Answers): Picture[] {
  const k = probabilities.shape[1]!;
  const sureness = (i: number): number => probabilities.data[i * k + predicted[i]!]!;
  const wrong = Array.from(labels.keys())
    .filter((i) => predicted[i] !== labels[i])
    .sort((a, b) => sureness(b) - sureness(a))
    .slice(0, MISTAKES);
  if (wrong.length === 0) return [];
  return [{ name: "mistakes", images: joined(wrong.map((i) => rows(images, i, i + 1))), columns: 10 }];
}
