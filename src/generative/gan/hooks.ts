/** What can be done with a trained GAN. */
import { z } from "zod";
import { lookup, UserError } from "../../errors.ts";
import * as init from "../../nn/init.ts";
import { chartSvg } from "../../plot/chart.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { hostNormal, type Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { holding } from "../../tensor/trace.ts";
import type { Examples } from "../../train/examples.ts";
import { type Codes, paths, row, slerp } from "../latent.ts";
import { joined, rows } from "../latent-model.ts";
import { classHistogram, klFromUniform } from "../metrics/classes.ts";
import { frechetDistance, type Gaussian, gaussianOf } from "../metrics/frechet.ts";
import { SAMPLES_OPTION, sampleQuality } from "../metrics/quality.ts";
import type { Ruler } from "../metrics/ruler.ts";
import { type Drawn, exporting, hook, type Output, type Picture } from "../model.ts";
import { type Context, fieldOf, type GanConfig } from "./config.ts";
import {
  collapseOfClasses,
  collapseOfModes,
  collapseOfVariety,
  coverage,
  variety,
  winner,
} from "./coverage.ts";
import { type Gan, told } from "./gan.ts";
import { LOSSES } from "./losses.ts";
import { mixtureChart } from "./pictures.ts";

type Values = NdArray<"float32">;
type Labels = NdArray<"int32">;

/** Examples that pass through a network at once. */
const PIECE = 500;
/** Points to measure mode coverage by, as in the papers. */
const POINTS = 2500;

const ganOf = (context: Pick<Context, "task">): Gan => context.task.module as Gan;

/** z ~ N(0, I) [count, latent]; with a truncation t what lies beyond ±t is drawn again (Brock et al. 2019, section 3.1). */
function noise({ latent }: Gan, count: number, key: Key, truncation?: number): Codes {
  const shape = [count, latent];
  const z =
    truncation === undefined
      ? hostNormal(key, count * latent)
      : init.truncNormal(0, 1, -truncation, truncation)(key, shape);
  return ndarray(z, shape);
}

/** The generator on the host: noise and classes in, examples out, in pieces. */
function drawing(context: Context): (z: Codes, labels: Labels | undefined, what?: string) => Promise<Values> {
  const { generator } = ganOf(context);
  const program = context.compile(
    (z: Tensor, labels: Tensor | undefined) => generator.forward(z, labels),
    "generator",
  );
  return async (z, labels, what = "drawing") => {
    const pieces: Values[] = [];
    const n = z.shape[0]!;
    for (let at = 0; at < n; at += PIECE) {
      context.progress(at, n, what);
      const own = labels && rows(labels, at, at + PIECE);
      pieces.push((await program(rows(z, at, at + PIECE), own)) as Values);
    }
    return joined(pieces);
  };
}

/** The class of each of `count` examples: the one asked for, or each in turn; none for a GAN that knows none. */
function labelsOf(context: Context, count: number, name?: string): Labels | undefined {
  const { classes } = ganOf(context);
  if (classes === 0) {
    if (name !== undefined)
      throw new UserError(
        `class ${name} was asked for, but this gan was trained without classes: leave --class out, or train one with --conditional projection`,
      );
    return undefined;
  }
  const numbers = Object.fromEntries(context.data.classes.map((known, i) => [known, i]));
  const label = name === undefined ? undefined : lookup("class", numbers, name);
  return ndarray(Int32Array.from({ length: count }, (_, i) => label ?? i % classes));
}

const Sample = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(`examples to draw (default: 64 images, or ${POINTS} points)`),
  class: z
    .string()
    .optional()
    .describe("draw this class only (class-conditional models; default: each in turn)"),
  truncation: z
    .number()
    .positive()
    .optional()
    .describe("draw noise beyond ± this anew; smaller: more typical, less varied (0.5 is strong, 2 is weak)"),
});

async function sample(context: Context, options: z.output<typeof Sample>): Promise<Output> {
  const gan = ganOf(context);
  const points = fieldOf(context.data).name === "points";
  const { count = points ? POINTS : 64, class: name, truncation } = options;
  const draw = drawing(context);
  const labels = labelsOf(context, count, name);
  const examples = await draw(noise(gan, count, context.key.split("noise"), truncation), labels);
  if (points) return scattered(context, examples);
  const columns = labels && name === undefined ? { columns: gan.classes } : {};
  return {
    pictures: [
      { name: "samples", images: examples, ...columns },
      await interpolations(context, draw, options),
    ],
  };
}

/** Rows of images between pairs of noises, along the sphere they lie near; a row keeps its class. */
async function interpolations(
  context: Context,
  draw: ReturnType<typeof drawing>,
  { class: name, truncation }: z.output<typeof Sample>,
  [pairs, steps] = [8, 11],
): Promise<Picture> {
  const ends = noise(ganOf(context), 2 * pairs, context.key.split("interpolations"), truncation);
  const z = paths(
    Array.from({ length: pairs }, (_, i) => [row(ends, i), row(ends, i + pairs)] as const),
    steps,
    slerp,
  );
  const each = labelsOf(context, pairs, name);
  const labels =
    each && ndarray(Int32Array.from({ length: pairs * steps }, (_, i) => each.data[Math.floor(i / steps)]!));
  return { name: "interpolations", images: await draw(z, labels, "interpolating"), columns: steps };
}

/** Points over their mixture, with how well they cover it. */
async function scattered({ data }: Context, points: Values): Promise<Output> {
  const { mixture } = data;
  if (!mixture) throw new UserError(`it is not known where the points of ${data.name} come from`);
  const covered = coverage(points, mixture);
  const { samples, modes, good, modeKl, counts } = covered;
  const subtitle = `${modes} of ${counts.length} modes, ${(100 * good).toFixed(1)} % of ${samples} samples within 3σ`;
  const chart = mixtureChart({ title: "Samples", subtitle }, points, mixture);
  const warning = collapseOfModes(covered);
  return {
    pictures: [{ name: "samples", svg: await chartSvg(chart) }],
    numbers: { samples, modes, good_samples: good, mode_kl: modeKl },
    ...(warning && { text: [warning] }),
  };
}

/** Images or points [count, ...], each class in turn. */
export async function drawExamples(
  context: Context,
  count: number,
): Promise<{ readonly examples: Values; readonly labels: Labels | undefined }> {
  const labels = labelsOf(context, count);
  const z = noise(ganOf(context), count, context.key.split("noise"));
  return { examples: await drawing(context)(z, labels), labels };
}

async function draw(context: Context, count: number): Promise<Drawn> {
  if (fieldOf(context.data).name !== "images")
    throw new UserError(`this gan draws points (${context.data.name}), not images`);
  const { examples, labels } = await drawExamples(context, count);
  return { images: examples, labels };
}

/** Images for a look at a run: few and quick. */
const LOOK = 1000;
const SHOWN = 40;

async function preview(context: Context): Promise<Output> {
  const field = fieldOf(context.data).name;
  const { examples, labels } = await drawExamples(context, field === "points" ? POINTS : LOOK);
  const won = await verdict(context, examples, labels);
  const seen =
    field === "points" ? await scattered(context, examples) : await looked(context, examples, labels);
  return { ...seen, text: [...(seen.text ?? []), ...(won ? [won] : [])] };
}

/** What a look at images shows; numbers by the classifier only where there is one for the data. */
async function looked(context: Context, images: Values, labels: Labels | undefined): Promise<Output> {
  const { data } = context;
  const columns = labels ? { columns: ganOf(context).classes } : { columns: 10 };
  const pictures = [{ name: "samples", images: rows(images, 0, SHOWN), ...columns }];
  const ruler = await context.ruler().catch((error: unknown) => {
    if (error instanceof UserError) return undefined;
    throw error;
  });
  const real = (await first(data.train, LOOK)).x;
  const dull = collapseOfVariety(variety(images), variety(real));
  if (!ruler) return { pictures, ...(dull && { text: [dull] }) };
  const { features, probabilities } = await ruler.measure(images);
  const histogram = classHistogram(probabilities);
  const few = collapseOfClasses(histogram, ruler.classes) ?? dull;
  return {
    pictures,
    numbers: {
      [`frechet_${images.shape[0]}`]: frechetDistance(
        gaussianOf(features),
        await reference(ruler, data.train),
      ),
      class_kl: klFromUniform(histogram),
      ...Object.fromEntries(ruler.classes.map((name, i) => [`share/${name}`, histogram[i]!])),
    },
    ...(few && { text: [few] }),
  };
}

const references = new WeakMap<Ruler, WeakMap<Examples, Promise<Gaussian>>>();
/** Training images that a look is compared with: fewer than `evaluate` takes, so that the first look is quick too. */
const REFERENCE = 5000;

function reference(ruler: Ruler, train: Examples): Promise<Gaussian> {
  const known = references.get(ruler) ?? new WeakMap<Examples, Promise<Gaussian>>();
  references.set(ruler, known);
  const made =
    known.get(train) ??
    first(train, REFERENCE)
      .then(({ x }) => ruler.measure(x))
      .then(({ features }) => gaussianOf(features));
  known.set(train, made);
  made.catch(() => known.delete(train));
  return made;
}

async function first(examples: Examples, limit: number): Promise<{ x: Values; labels: Labels | undefined }> {
  const count = Math.min(limit, examples.length);
  const batch = await examples.batch(Int32Array.from({ length: count }, (_, i) => i));
  return { x: (batch.images ?? batch.points) as Values, labels: batch.labels as Labels | undefined };
}

/** Whether one side has won, told from fresh draws and real examples, as they are judged in training. */
async function verdict(
  context: Context,
  examples: Values,
  labels: Labels | undefined,
): Promise<string | undefined> {
  const { config, data, compile, key } = context;
  const loss = LOSSES[config.loss];
  if (loss.boundary === undefined) return undefined;
  const gan = ganOf(context);
  const { discriminator: d } = gan;
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
  const own = (of: Labels | undefined): Labels | undefined => (gan.classes > 0 ? of : undefined);
  const real = await first(data.train, PIECE);
  const whole = (n: number): number => n - (n % config.pack);
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

const Evaluate = z.strictObject(SAMPLES_OPTION);

async function evaluate(context: Context, { samples }: z.output<typeof Evaluate>): Promise<Output> {
  if (fieldOf(context.data).name === "images") return sampleQuality(context, draw, samples);
  const { numbers, text } = await sample(context, { count: samples ?? POINTS });
  return { ...(numbers && { numbers }), ...(text && { text }) };
}

const parts = exporting<GanConfig, z.ZodObject>(z.strictObject({}), ({ task, data }, batch) => {
  const gan = ganOf({ task });
  const { name, shape } = fieldOf(data);
  const labels = gan.classes > 0 ? { labels: { shape: [batch], dtype: "int32" } as const } : {};
  return {
    generator: {
      description: name === "images" ? "noise to images in [0, 1]" : "noise to points",
      inputs: { z: { shape: [batch, gan.latent], dtype: "float32" }, ...labels },
      run: ({ z, labels }) => ({ [name]: gan.generator.forward(z!, labels) }),
    },
    discriminator: {
      description: `${name} to scores; above, more real`,
      inputs: { [name]: { shape: [batch, ...shape], dtype: "float32" }, ...labels },
      run: (inputs) => ({ scores: gan.discriminator.forward(inputs[name]!, inputs.labels).scores }),
    },
  };
});

export const ganHooks = {
  preview,
  draw,
  sample: hook(Sample, sample),
  evaluate: hook(Evaluate, evaluate),
  exports: parts,
};
