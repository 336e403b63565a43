/** The preview of a GAN during training: its samples, and whether one side has won. */
import { rows } from "../../data/arrays.ts";
import type { Examples } from "../../data/data.ts";
import { batchAt, type ExampleBatch } from "../../data/passes.ts";
import { UserError } from "../../errors.ts";
import type { Output } from "../../model/contract.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding } from "../../tensor/trace.ts";
import { dataOf, fieldOf } from "../examples.ts";
import { classHistogram, klFromUniform } from "../metrics/classes.ts";
import { mixtureOf } from "../metrics/coverage.ts";
import { frechetDistance, type Gaussian, gaussianOf } from "../metrics/frechet.ts";
import { type Ruler, rulerFor } from "../metrics/ruler.ts";
import { POINTS, scattered } from "../plane/scatter.ts";
import { collapseOfClasses, collapseOfVariety, variety, winner } from "./coverage.ts";
import { told } from "./game.ts";
import { LOSSES } from "./losses.ts";
import type { GanContext } from "./options.ts";
import { draw, type Labels, PIECE, type Values, warned } from "./samples.ts";

/** Images for a preview: few, so that it is quick. */
const LOOK = 1000;
const SHOWN = 40;

export async function preview(context: GanContext): Promise<Output> {
  const points = fieldOf(context.spec, "gan").name === "points";
  const data = await dataOf(context, "comparing a gan with its data");
  const { x: examples, labels } = await draw(context, points ? POINTS : LOOK);
  const won = await verdict(context, data.train, examples, labels);
  const mixture = mixtureOf(context.spec) ?? (data.kind === "points" ? data.mixture : undefined);
  const seen =
    data.kind === "points"
      ? warned(await scattered(examples, context.spec, mixture), mixture, examples)
      : await looked(context, data.train, examples, labels);
  return { ...seen, text: [...(seen.text ?? []), ...(won ? [won] : [])] };
}

/** The preview of images; numbers by the classifier only where there is one for the data. */
async function looked(
  context: GanContext,
  train: Examples,
  images: Values,
  labels: Labels | undefined,
): Promise<Output> {
  const columns = labels ? { columns: context.module.classes } : { columns: 10 };
  const pictures = [{ name: "samples", images: rows(images, 0, SHOWN), ...columns }];
  const ruler = await rulerFor(context).catch((error: unknown) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  const real = (await realOnes(train, LOOK)).x;
  const dull = collapseOfVariety(variety(images), variety(real));
  if (!ruler) return { pictures, ...(dull && { text: [dull] }) };
  const { features, probabilities } = await ruler.measure(images);
  const histogram = classHistogram(probabilities);
  const few = collapseOfClasses(histogram, ruler.classes) ?? dull;
  return {
    pictures,
    numbers: {
      [`frechet_${images.shape[0]}`]: frechetDistance(gaussianOf(features), await reference(ruler, train)),
      class_kl: klFromUniform(histogram),
      ...Object.fromEntries(ruler.classes.map((name, i) => [`share/${name}`, histogram[i]!])),
    },
    ...(few && { text: [few] }),
  };
}

const references = new WeakMap<Ruler, WeakMap<Examples, Promise<Gaussian>>>();
/** Training images that a preview is compared with: fewer than in `evaluate`, so that the first preview is quick too. */
const REFERENCE = 5000;

function reference(ruler: Ruler, train: Examples): Promise<Gaussian> {
  const known = references.get(ruler) ?? new WeakMap<Examples, Promise<Gaussian>>();
  references.set(ruler, known);
  const made =
    known.get(train) ??
    realOnes(train, REFERENCE)
      .then(({ x }) => ruler.measure(x))
      .then(({ features }) => gaussianOf(features));
  known.set(train, made);
  made.catch(() => known.delete(train));
  return made;
}

/** The first `limit` real examples, or all of them. */
const realOnes = (examples: Examples, limit: number): Promise<ExampleBatch> =>
  batchAt(
    examples,
    Int32Array.from({ length: Math.min(limit, examples.length) }, (_, i) => i),
  );

/** A warning where one side has won, by the discriminator's accuracy on samples and real examples, as in training. */
async function verdict(
  context: GanContext,
  train: Examples,
  examples: Values,
  labels: Labels | undefined,
): Promise<string | undefined> {
  const { module, options, compile, key } = context;
  const loss = LOSSES[options.loss];
  if (loss.boundary === undefined) return undefined;
  const { discriminator: d, classes } = module;
  const program = compile(
    (real: Tensor, realLabels: Tensor | undefined, fake: Tensor, fakeLabels: Tensor | undefined, k: Key) =>
      holding(
        d.variables().map(([, variable]) => variable),
        () =>
          told(
            loss,
            d.forward(real, realLabels, k.split("real")).scores,
            d.forward(fake, fakeLabels, k.split("fake")).scores,
          ),
      ),
    "verdict",
  );
  const own = (of: Labels | undefined): Labels | undefined => (classes > 0 ? of : undefined);
  const real = await realOnes(train, PIECE);
  const whole = (n: number): number => n - (n % options.pack);
  const [r, f] = [whole(real.x.shape[0]!), whole(Math.min(PIECE, examples.shape[0]!))];
  const out = await program(
    rows(real.x, 0, r),
    own(real.labels && rows(real.labels, 0, r)),
    rows(examples, 0, f),
    own(labels && rows(labels, 0, f)),
    key.split("verdict"),
  );
  return winner(Number(out.real_accuracy!.data[0]), Number(out.fake_accuracy!.data[0]));
}
