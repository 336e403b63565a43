/** Pictures of autoencoders of points. */
import { batchAt, type ExampleBatch } from "../../data/passes.ts";
import type { Output, Picture } from "../../model/contract.ts";
import type { ChartSpec } from "../../plot/chart.ts";
import type { Labels } from "../../plot/parts.ts";
import { type Points, planeChart, squareAround } from "../../plot/plane.ts";
import { PALETTE } from "../../plot/theme.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { dataOf } from "../examples.ts";
import { type Codes, codesOf, span, statistics } from "../latent.ts";
import { CODES, type Coding, classesInTurn, type Damage, draw, type LatentContext, type LatentPictures } from "../latent-model.ts"; // biome-ignore format: a list of names
import { latentMap } from "../pictures.ts";
import { behind, field, gridLines, gridOf, POINTS, type Scene, scattered, sceneOf, svg } from "./scatter.ts";

/** The range of a grid of codes, in standard deviations to both sides. */
const REACH = 2.5;
/** Lines of a grid each way, and points of a line. */
const GRID = [17, 60] as const;
/** Arrows of a field each way. */
const ARROWS = 21;
/** Test points whose reconstructions are shown. */
const SHOWN = 500;

const inPlane = ({ spec }: LatentContext): boolean => spec.kind === "points" && spec.dimensions === 2;

/** What lies behind a picture: where the data lie, if their name tells it, and else test points. */
async function ground(context: LatentContext): Promise<Scene> {
  const known = sceneOf(context.spec);
  if (known) return known;
  const { x } = await testPoints(context, POINTS);
  return { square: squareAround([x], { share: 0.998 }), layers: [behind(x)] };
}

async function testPoints(context: LatentContext, count: number): Promise<ExampleBatch> {
  const { test } = await dataOf(context, "a picture of test points");
  return batchAt(
    test,
    Int32Array.from({ length: Math.min(count, test.length) }, (_, i) => i),
  );
}

/** Test points, or damaged ones, with an arrow to what becomes of each. */
async function reconstructions(
  context: LatentContext,
  coding: Coding,
  count: number,
  damage: Damage | undefined,
): Promise<Picture> {
  const { x, labels } = await testPoints(context, count);
  const input = damage ? await damage(x) : x;
  const output = await coding.decode(await coding.encode({ x: input, ...(labels && { labels }) }), labels);
  const title = damage ? "Denoised test points" : "Reconstructed test points";
  const subtitle = damage
    ? "arrows from damaged points to reconstructions"
    : "arrows from points to reconstructions";
  const square = squareAround([x, input], { share: 0.998 });
  return svg(
    "reconstructions",
    planeChart({ title, subtitle }, square, [
      behind(x),
      { kind: "arrows", from: input, to: output, head: 14, opacity: 0.45 },
    ]),
  );
}

/** What the model makes of every place: arrows towards its reconstruction, on a grid over the data. */
export async function fieldChart(
  context: LatentContext,
  coding: Coding,
  labels: Labels,
  size?: number,
): Promise<ChartSpec> {
  const { square, layers } = await ground(context);
  const at = gridOf(square, ARROWS);
  const label = classesInTurn(coding.model, at.shape[0]!, 0);
  const to = await coding.decode(await coding.encode({ x: at, labels: label }), label);
  const vectors = ndarray(
    to.data.map((v, i) => v - at.data[i]!),
    at.shape,
  );
  const longest = (1.6 * (square.x[1] - square.x[0])) / ARROWS;
  return planeChart(labels, square, [...layers, field(at, vectors, longest)], sized(size));
}

/** The title of a field. With little Gaussian noise a denoising one is the score (Alain and Bengio 2014, theorem 1). */
const fieldLabels = (denoising: boolean): Labels => ({
  title: "Where the model moves a point",
  subtitle: denoising
    ? "reconstruction − x, scaled: for little Gaussian noise σ² times the score ∇ log p(x)"
    : "reconstruction − x, scaled",
});

const sized = (size: number | undefined) => (size === undefined ? {} : { size });

/** A line or a grid of codes, decoded. */
export async function latentGridChart(
  context: LatentContext,
  coding: Coding,
  labels: Labels,
  size?: number,
): Promise<ChartSpec> {
  const { model } = coding;
  const { square, layers } = await ground(context);
  const scale = await model.prior.scale(async () => {
    const { test } = await dataOf(context, "a prior that is fitted to codes");
    return statistics((await coding.encodeAll(test, "encoding test points", CODES)).codes);
  });
  const lines: Codes[] =
    model.latent === 1
      ? [codesOf(span(10 * GRID[1]).map((t) => [scale(0)[0] + REACH * t * scale(0)[1]]))]
      : gridLines(scale, REACH, GRID);
  const curves: Points[] = [];
  for (const line of lines) curves.push(await coding.decode(line, classesInTurn(model, line.shape[0]!, 0)));
  const width = model.latent === 1 ? 2 : 1;
  return planeChart(
    labels,
    square,
    [...layers, { kind: "curves", curves, color: PALETTE[0], width, opacity: 0.7 }],
    sized(size),
  );
}

const latentGrid = async (context: LatentContext, coding: Coding): Promise<Picture> => {
  const { latent, prior, classes } = coding.model;
  const labels = {
    title: `The decoded ${latent === 1 ? "line" : "grid"} of codes`,
    subtitle: `within ${REACH} standard deviations of ${prior.name}${classes > 0 ? ", first class" : ""}`,
  };
  return svg("latent-grid", await latentGridChart(context, coding, labels));
};

const hasGrid = (context: LatentContext, { model }: Coding): boolean => inPlane(context) && model.latent <= 2;

const samples = async (
  context: LatentContext,
  coding: Coding,
  options: Parameters<LatentPictures["sample"]>[2],
): Promise<Output> => scattered((await draw(context, coding, { count: POINTS, ...options })).x, context.spec);

/** Scatters, displacements, the decoded grid of codes, and the field of reconstructions. */
export const planePictures: LatentPictures = {
  sample: async (context, coding, options) => {
    const drawn = await samples(context, coding, options);
    const grid = hasGrid(context, coding) ? [await latentGrid(context, coding)] : [];
    return { ...drawn, pictures: [...drawn.pictures!, ...grid] };
  },
  reconstruct: async (context, coding, { count = SHOWN, damage }) => ({
    pictures: [
      ...(inPlane(context)
        ? [
            await reconstructions(context, coding, count, damage),
            await svg("field", await fieldChart(context, coding, fieldLabels(damage !== undefined))),
          ]
        : []),
      ...(coding.model.latent > 1 ? [await latentMap(context, coding)] : []),
      ...(hasGrid(context, coding) ? [await latentGrid(context, coding)] : []),
    ],
  }),
  preview: async (context, coding, damage) => {
    const data = await dataOf(context, "looking at a run");
    const mixture = data.kind === "points" ? data.mixture : undefined;
    const { x } = await draw(context, coding, { count: POINTS });
    const drawn = await scattered(x, context.spec, mixture);
    const shown = inPlane(context) ? [await reconstructions(context, coding, SHOWN, damage)] : [];
    return { ...drawn, pictures: [...drawn.pictures!, ...shown] };
  },
};
