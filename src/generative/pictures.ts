import { joined, rows } from "../data/arrays.ts";
import { batchAt, showcase } from "../data/passes.ts";
import { chartSvg } from "../plot/chart.ts";
import { imageFigure } from "../plot/images.ts";
import { scatterChart } from "../plot/scatter.ts";
import { ndarray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import type { Output, Picture } from "../train/task.ts";
import { imagesOf } from "./coders.ts";
import { type Codes, codesOf, paths, row, span, statistics, traversal } from "./latent.ts";
import {
  type Coding,
  coding,
  type Images,
  type Labels,
  type LatentContext,
  type LatentModel,
} from "./latent-model.ts";
import { encodePca, fitPca } from "./metrics/pca.ts";
import type { Drawn } from "./model.ts";

/** The number of codes that a prior is fitted to, or that a map shows. */
const CODES = 5000;
/** The range of traversals, in standard deviations to both sides. */
const REACH = 2.5;

/** Corrupts images, for the input of a denoising autoencoder. */
export type Damage = (images: Images) => Promise<Images>;

/** Test images, the network's inputs where those differ, and its outputs. */
export async function reconstructions(
  context: LatentContext,
  coding: Coding,
  { count, damage }: { count: number; damage?: Damage | undefined },
): Promise<Picture[]> {
  const { test } = await imagesOf(context, "reconstruct");
  const batch = await batchAt(test, await showcase(test, count));
  const { images, labels } = batch;
  const input = damage ? await damage(images) : images;
  const output = await coding.decode(await coding.encode({ ...batch, images: input }), labels);
  const shown = [
    { name: "image", images },
    ...(damage ? [{ name: "input", images: input }] : []),
    { name: "output", images: output },
  ];
  const title = damage ? "Denoised test images" : "Reconstructed test images";
  return [{ name: "reconstructions", svg: await imageFigure({ title, rows: shown, size: 48 }) }];
}

export interface DrawOptions {
  readonly count: number;
  /** Only this class; each in turn when left out. */
  readonly label?: number | undefined;
  readonly temperature?: number | undefined;
}

/** Samples from the prior [count, D]. A prior that is fitted to codes reads training images. */
async function priorCodes(
  context: LatentContext,
  coding: Coding,
  { count, temperature = 1 }: DrawOptions,
  key: Key,
): Promise<Codes> {
  const { model } = coding;
  const training = async (): Promise<Codes> => {
    const { train } = await imagesOf(context, "a prior that is fitted to codes");
    return (await coding.encodeAll(train, "encoding training images", CODES)).codes;
  };
  const drawn = await model.prior.sample(count, model.latent, key, training);
  if (temperature === 1) return drawn;
  return ndarray(
    drawn.data.map((v) => v * temperature),
    drawn.shape,
  );
}

/** The class of each of `count` images: the given one, or each in turn. */
const classesInTurn = ({ classes }: LatentModel, count: number, label?: number): Labels =>
  ndarray(Int32Array.from({ length: count }, (_, i) => label ?? i % Math.max(1, classes)));

/** Decoded samples from the prior. */
export async function draw(context: LatentContext, coding: Coding, options: DrawOptions): Promise<Drawn> {
  const { model } = coding;
  const z = await priorCodes(context, coding, options, context.key.split("prior"));
  const labels = classesInTurn(model, options.count, options.label);
  return { images: await coding.decode(z, labels), labels: model.classes > 0 ? labels : undefined };
}

/** Interpolations between samples, by the prior's interpolation; a row keeps its class. */
export async function betweenDraws(
  context: LatentContext,
  coding: Coding,
  options: Omit<DrawOptions, "count">,
  { pairs = 8, steps = 11 }: { pairs?: number; steps?: number } = {},
): Promise<Picture> {
  const { model } = coding;
  const key = context.key.split("interpolations");
  const codes = await priorCodes(context, coding, { ...options, count: 2 * pairs }, key);
  const ends = Array.from({ length: pairs }, (_, i) => [row(codes, i), row(codes, i + pairs)] as const);
  const labels = repeated(classesInTurn(model, pairs, options.label), steps);
  const images = await coding.decode(paths(ends, steps, model.prior.between), labels);
  return { name: "interpolations", images, columns: steps };
}

/** A grid of samples; of a class-conditional model one class per column. */
export async function samples(
  context: LatentContext,
  coding: Coding,
  options: DrawOptions,
): Promise<Picture> {
  const { images, labels } = await draw(context, coding, options);
  const columns = labels && options.label === undefined ? { columns: coding.model.classes } : {};
  return { name: "samples", images, ...columns };
}

/** Interpolations between codes of test images; both ends are reconstructions. */
export async function interpolations(
  context: LatentContext,
  coding: Coding,
  { pairs = 8, steps = 11 }: { pairs?: number; steps?: number } = {},
): Promise<Picture> {
  const { test } = await imagesOf(context, "reconstruct");
  const batch = await batchAt(test, await showcase(test, 2 * pairs));
  const codes = await coding.encode(batch);
  const ends = Array.from({ length: pairs }, (_, i) => [row(codes, i), row(codes, i + pairs)] as const);
  // Classes cannot be interpolated: a row keeps the class of its first image.
  const labels = batch.labels && repeated(rows(batch.labels, 0, pairs), steps);
  const images = await coding.decode(paths(ends, steps, coding.model.prior.between), labels);
  const svg = await imageFigure({
    title: "Interpolations between test images",
    rows: ends.map((_, i) => ({ images: rows(images, i * steps, (i + 1) * steps) })),
    size: 48,
  });
  return { name: "interpolations", svg };
}

/** One test image, with its most varied latent dimensions changed one at a time. */
export async function traversals(
  context: LatentContext,
  coding: Coding,
  { dimensions = 10, steps = 11 }: { dimensions?: number; steps?: number } = {},
): Promise<Picture> {
  const { test } = await imagesOf(context, "reconstruct");
  const { model } = coding;
  const seen = statistics((await coding.encodeAll(test, "encoding test images", CODES)).codes);
  const base = await batchAt(test, await showcase(test, 1));
  const scale = await model.prior.scale(async () => seen);
  const which = seen.order.slice(0, dimensions);
  const points = span(steps).map((t) => REACH * t);
  const codes = traversal(row(await coding.encode(base), 0), which, (j) => {
    const [mean, deviation] = scale(j);
    return points.map((p) => mean + p * deviation);
  });
  const images = await coding.decode(codes, base.labels && repeated(base.labels, codes.shape[0]!));
  const svg = await imageFigure({
    title: "Latent traversals",
    subtitle: "each row changes one dimension of the code of the same test image; in standard deviations",
    rows: which.map((j, i) => ({ name: `z[${j}]`, images: rows(images, i * steps, (i + 1) * steps) })),
    columns: points.map((p) => p.toFixed(1)),
    size: 48,
  });
  return { name: "traversals", svg };
}

/** A two-dimensional latent space, decoded at the points of a grid (Kingma and Welling 2014, figure 4). */
export async function manifold(context: LatentContext, coding: Coding, side = 20): Promise<Picture> {
  const scale = await coding.model.prior.scale(async () => {
    const { test } = await imagesOf(context, "a prior that is fitted to codes");
    return statistics((await coding.encodeAll(test, "encoding test images", CODES)).codes);
  });
  const [x, y] = [0, 1].map((j) => {
    const [mean, deviation] = scale(j);
    return span(side).map((t) => mean + REACH * t * deviation);
  });
  const grid = codesOf([...y!].reverse().flatMap((b) => x!.map((a) => [a, b])));
  const label = ndarray(new Int32Array(grid.shape[0]!));
  return { name: "manifold", images: await coding.decode(grid, label), columns: side };
}

/** Test codes in the plane, coloured by class: as they are where D = 2, otherwise on their first two principal components. */
export async function latentMap(context: LatentContext, coding: Coding): Promise<Picture> {
  const { test, classes } = await imagesOf(context, "a map of codes");
  const { codes, labels } = await coding.encodeAll(test, "encoding test images", CODES);
  const direct = codes.shape[1] === 2;
  const plane = direct ? codes : encodePca(fitPca([codes]), codes, 2);
  const axis = (j: number): Float32Array => plane.data.filter((_, i) => i % 2 === j);
  const chart = scatterChart(
    {
      title: "The latent space",
      subtitle: `codes of ${codes.shape[0]} test images${direct ? "" : ", on their first two principal components"}`,
      x: direct ? "z[0]" : "first component",
      y: direct ? "z[1]" : "second component",
    },
    { x: axis(0), y: axis(1), ...(labels && { classes: labels.data, names: classes }) },
  );
  return { name: "latent-map", svg: await chartSvg(chart) };
}

/** The preview during training: a few images with their reconstructions, and a few samples. */
export async function preview(context: LatentContext, damage?: Damage): Promise<Output> {
  const code = coding(context);
  const { test } = await imagesOf(context, "looking at a run");
  const batch = await batchAt(test, await showcase(test, 10));
  const { images, labels } = batch;
  const input = damage ? await damage(images) : images;
  const output = await code.decode(await code.encode({ ...batch, images: input }), labels);
  const shown = joined([images, ...(damage ? [input] : []), output]);
  const count = code.model.classes > 0 ? 4 * code.model.classes : 40;
  const pictures = [
    { name: "reconstructions", images: shown, columns: images.shape[0]! },
    { columns: 10, ...(await samples(context, code, { count })) },
  ];
  return { pictures };
}

const repeated = (labels: Labels, times: number): Labels =>
  ndarray(
    Int32Array.from({ length: labels.data.length * times }, (_, i) => labels.data[Math.floor(i / times)]!),
  );
