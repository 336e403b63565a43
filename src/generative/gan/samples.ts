/** Samples of a trained GAN, and their quality. */
import { z } from "zod";
import { joined, rows } from "../../data/arrays.ts";
import type { Mixture } from "../../data/mixtures.ts";
import { lookup, UserError } from "../../errors.ts";
import type { Output, Picture } from "../../model/contract.ts";
import * as init from "../../nn/init.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { hostNormal, type Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fieldOf } from "../examples.ts";
import { type Codes, paths, row, slerp } from "../latent.ts";
import { coverage, mixtureOf } from "../metrics/coverage.ts";
import { MEASURING, sampleQuality } from "../metrics/quality.ts";
import type { Drawn } from "../model.ts";
import { POINTS, scattered } from "../plane/scatter.ts";
import { collapseOfModes } from "./coverage.ts";
import type { Gan } from "./game.ts";
import type { GanContext } from "./options.ts";

export type Values = NdArray<"float32">;
export type Labels = NdArray<"int32">;

/** Examples that pass through a network at once. */
export const PIECE = 500;

/** z ~ N(0, I) [count, latent]; with a truncation t, values beyond ±t are drawn again (Brock et al. 2019, section 3.1). */
function noise({ latent }: Gan, count: number, key: Key, truncation?: number): Codes {
  const shape = [count, latent];
  const z =
    truncation === undefined
      ? hostNormal(key, count * latent)
      : init.truncNormal(0, 1, -truncation, truncation)(key, shape);
  return ndarray(z, shape);
}

type Draw = (z: Codes, labels: Labels | undefined, what?: string) => Promise<Values>;

/** The generator on the host: noise and classes in, examples out, in pieces. */
function drawing({ module, compile, progress }: GanContext): Draw {
  const program = compile(
    (z: Tensor, labels: Tensor | undefined) => module.generator.forward(z, labels),
    "generator",
  );
  return async (z, labels, what = "drawing") => {
    const pieces: Values[] = [];
    const n = z.shape[0]!;
    for (let start = 0; start < n; start += PIECE) {
      progress(start, n, what);
      const own = labels && rows(labels, start, start + PIECE);
      pieces.push((await program(rows(z, start, start + PIECE), own)) as Values);
    }
    return joined(pieces);
  };
}

/** The class of each of `count` examples: the given one, or each in turn; undefined where the GAN is unconditional. */
function classLabels({ module, spec }: GanContext, count: number, name?: string): Labels | undefined {
  const { classes } = module;
  if (classes === 0 || !("classes" in spec)) {
    if (name !== undefined)
      throw new UserError(
        `class ${name} was asked for, but this gan was trained without classes: leave option \`class\` out, or train one with option \`conditional\` projection`,
      );
    return undefined;
  }
  const numbers = Object.fromEntries(spec.classes.map((known, i) => [known, i]));
  const label = name === undefined ? undefined : lookup("class", numbers, name);
  return ndarray(Int32Array.from({ length: count }, (_, i) => label ?? i % classes));
}

/** Images or points [count, ...], each class in turn. */
export async function draw(context: GanContext, count: number): Promise<Drawn> {
  const labels = classLabels(context, count);
  const z = noise(context.module, count, context.key.split("noise"));
  return { x: await drawing(context)(z, labels), labels };
}

export const Sample = z.strictObject({
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
    .describe("truncate the noise to ± this; smaller: more typical, less varied (0.5 is strong, 2 is weak)"),
});

/** Images and interpolations; or points, over the modes they should cover where those are known. */
export async function sample(context: GanContext, options: z.output<typeof Sample>): Promise<Output> {
  const { module, key, spec } = context;
  const points = fieldOf(spec, "gan").name === "points";
  const { count = points ? POINTS : 64, class: name, truncation } = options;
  const draw = drawing(context);
  const labels = classLabels(context, count, name);
  const examples = await draw(noise(module, count, key.split("noise"), truncation), labels);
  if (points) return warned(await scattered(examples, spec), mixtureOf(spec), examples);
  const columns = labels && name === undefined ? { columns: module.classes } : {};
  return {
    pictures: [
      { name: "samples", images: examples, ...columns },
      await interpolations(context, draw, options),
    ],
  };
}

/** Rows of interpolations between pairs of noise vectors, by slerp; a row keeps its class. */
async function interpolations(
  context: GanContext,
  draw: Draw,
  { class: name, truncation }: z.output<typeof Sample>,
  [pairs, steps] = [8, 11],
): Promise<Picture> {
  const ends = noise(context.module, 2 * pairs, context.key.split("interpolations"), truncation);
  const z = paths(
    Array.from({ length: pairs }, (_, i) => [row(ends, i), row(ends, i + pairs)] as const),
    steps,
    slerp,
  );
  const each = classLabels(context, pairs, name);
  const labels =
    each && ndarray(Int32Array.from({ length: pairs * steps }, (_, i) => each.data[Math.floor(i / steps)]!));
  return { name: "interpolations", images: await draw(z, labels, "interpolating"), columns: steps };
}

/** What is shown of points, with a warning where they miss modes of their mixture. */
export function warned(shown: Output, mixture: Mixture | undefined, points: Values): Output {
  const warning = mixture && collapseOfModes(coverage(points, mixture));
  return { ...shown, ...(warning && { text: [...(shown.text ?? []), warning] }) };
}

export const Evaluate = z.strictObject(MEASURING);

/** The quality of its images or points. */
export const evaluate = (context: GanContext, measuring: z.output<typeof Evaluate>): Promise<Output> =>
  sampleQuality(context, draw, measuring);
