/** Pictures of autoencoders of images. */
import { joined, rows } from "../data/arrays.ts";
import { batchAt, showcase } from "../data/passes.ts";
import { chartSvg } from "../plot/chart.ts";
import { imageFigure } from "../plot/images.ts";
import { scatterChart } from "../plot/scatter.ts";
import { ndarray } from "../tensor/ndarray.ts";
import type { Picture } from "../train/task.ts";
import { dataOf, imagesOf } from "./examples.ts";
import { codesOf, paths, row, span, statistics, traversal } from "./latent.ts";
import { CODES, type Coding, classesInTurn, type DrawOptions, draw, type Labels, type LatentContext, type LatentPictures, priorCodes } from "./latent-model.ts"; // biome-ignore format: a list of names
import { encodePca, fitPca } from "./metrics/pca.ts";

/** The range of traversals, in standard deviations to both sides. */
const REACH = 2.5;

/** Test images, the network's inputs where those differ, and its outputs. */
async function reconstructions(
  context: LatentContext,
  coding: Coding,
  { count = 10, damage }: Parameters<LatentPictures["reconstruct"]>[2],
): Promise<Picture[]> {
  const { test } = await imagesOf(context, "reconstruct");
  const batch = await batchAt(test, await showcase(test, count));
  const { x: images, labels } = batch;
  const input = damage ? await damage(images) : images;
  const output = await coding.decode(await coding.encode({ ...batch, x: input }), labels);
  const shown = [
    { name: "image", images },
    ...(damage ? [{ name: "input", images: input }] : []),
    { name: "output", images: output },
  ];
  const title = damage ? "Denoised test images" : "Reconstructed test images";
  return [{ name: "reconstructions", svg: await imageFigure({ title, rows: shown, size: 48 }) }];
}

/** Interpolations between samples, by the prior's interpolation; a row keeps its class. */
async function betweenDraws(
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
async function samples(context: LatentContext, coding: Coding, options: DrawOptions): Promise<Picture> {
  const { x: images, labels } = await draw(context, coding, options);
  const columns = labels && options.label === undefined ? { columns: coding.model.classes } : {};
  return { name: "samples", images, ...columns };
}

/** Interpolations between codes of test images; both ends are reconstructions. */
async function interpolations(
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
async function traversals(
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
async function manifold(context: LatentContext, coding: Coding, side = 20): Promise<Picture> {
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
  const { test, classes, kind } = await dataOf(context, "a map of codes");
  const { codes, labels } = await coding.encodeAll(test, `encoding test ${kind}`, CODES);
  const direct = codes.shape[1] === 2;
  const plane = direct ? codes : encodePca(fitPca([codes]), codes, 2);
  const axis = (j: number): Float32Array => plane.data.filter((_, i) => i % 2 === j);
  const chart = scatterChart(
    {
      title: "The latent space",
      subtitle: `codes of ${codes.shape[0]} test ${kind}${direct ? "" : ", on their first two principal components"}`,
      x: direct ? "z[0]" : "first component",
      y: direct ? "z[1]" : "second component",
    },
    { x: axis(0), y: axis(1), ...(labels && { classes: labels.data, names: classes }) },
  );
  return { name: "latent-map", svg: await chartSvg(chart) };
}

/** Grids of images: samples, reconstructions, interpolations, traversals. */
export const imagePictures: LatentPictures = {
  /** Samples, interpolations between them, and for two-dimensional codes a grid over the plane. */
  sample: async (context, code, options) => ({
    pictures: [
      await samples(context, code, { count: 64, ...options }),
      await betweenDraws(context, code, options),
      ...(code.model.latent === 2 ? [await manifold(context, code)] : []),
    ],
  }),
  /** Reconstructions of test images, a map of their codes, interpolations between them, and latent traversals. */
  reconstruct: async (context, code, options) => ({
    pictures: [
      ...(await reconstructions(context, code, options)),
      ...(code.model.latent > 1 ? [await latentMap(context, code)] : []),
      await interpolations(context, code),
      await traversals(context, code),
    ],
  }),
  /** A few images with their reconstructions, and a few samples. */
  preview: async (context, code, damage) => {
    const { test } = await imagesOf(context, "looking at a run");
    const batch = await batchAt(test, await showcase(test, 10));
    const { x: images, labels } = batch;
    const input = damage ? await damage(images) : images;
    const output = await code.decode(await code.encode({ ...batch, x: input }), labels);
    const shown = joined([images, ...(damage ? [input] : []), output]);
    const count = code.model.classes > 0 ? 4 * code.model.classes : 40;
    return {
      pictures: [
        { name: "reconstructions", images: shown, columns: images.shape[0]! },
        { columns: 10, ...(await samples(context, code, { count })) },
      ],
    };
  },
};

const repeated = (labels: Labels, times: number): Labels =>
  ndarray(
    Int32Array.from({ length: labels.data.length * times }, (_, i) => labels.data[Math.floor(i / times)]!),
  );
