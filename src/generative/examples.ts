/** What generative models learn from: images or points, and where they lie in a batch. */
import type { ImageData, PointData } from "../data/data.ts";
import type { ImageShape } from "../data/dataset.ts";
import type { DataSpec } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import type { Context } from "../model/contract.ts";
import type { Shape } from "../tensor/shape.ts";

export type Kind = "images" | "points";

export interface Field {
  /** The field of a batch that holds the examples. */
  readonly name: Kind;
  /** The shape of one: an image [C, H, W], or a point [D]. */
  readonly shape: Shape;
}

/** The examples of these data. @throws UserError where they are neither images nor points. */
export function fieldOf(spec: DataSpec, model: string): Field {
  if (spec.kind === "images") return { name: spec.kind, shape: spec.shape };
  if (spec.kind === "points") return { name: spec.kind, shape: [spec.dimensions] };
  throw new UserError(
    `${model} learns from images or points, but the data set "${spec.name}" holds ${spec.kind}: choose other data`,
  );
}

/** The shape of one image of these data. @throws UserError for data without images. */
export function imageShapeOf(spec: DataSpec, model: string): ImageShape {
  if (spec.kind === "images") return spec.shape;
  throw new UserError(
    `${model} learns from images, but the data set "${spec.name}" holds ${spec.kind}: choose other data`,
  );
}

/** The classes of these data by index; none where examples have no labels. */
export const classesOf = (spec: DataSpec): readonly string[] =>
  spec.kind === "images" || spec.kind === "points" ? spec.classes : [];

/** The number of classes a model is conditioned on. @throws UserError where it should be, but the data have none. */
export function conditionsOf(spec: DataSpec, conditional: boolean, model: string): number {
  if (!conditional) return 0;
  const { length } = classesOf(spec);
  if (length > 0) return length;
  throw new UserError(`a conditional ${model} needs classes, but the data set "${spec.name}" has none`);
}

/** The distribution of an example around what a model makes: the one that is asked for, or the usual one of such data. */
export function likelihoodOf(
  asked: "bernoulli" | "gaussian" | undefined,
  spec: DataSpec,
  option: string,
): "bernoulli" | "gaussian" {
  if (spec.kind !== "points") return asked ?? "bernoulli";
  if (asked !== "bernoulli") return "gaussian";
  throw new UserError(
    `a Bernoulli distribution is one of pixels between 0 and 1, but ${spec.name} holds points: choose option \`${option}\` gaussian`,
  );
}

/** @throws UserError where an option of images is given for other data. */
export function requireImages(spec: DataSpec, option: string, what: string): void {
  if (spec.kind !== "images")
    throw new UserError(
      `option \`${option}\` ${what}, but ${spec.name} holds ${spec.kind}: leave option \`${option}\` out`,
    );
}

/** A data set of images, opened for a command. */
export async function imagesOf(context: Pick<Context, "data">, who: string): Promise<ImageData> {
  const data = await context.data();
  if (data.kind === "images") return data;
  throw new UserError(`${who} needs images, but the data set "${data.name}" holds ${data.kind}`);
}

/** A data set of images or points, opened for a command. */
export async function dataOf(context: Pick<Context, "data">, who: string): Promise<ImageData | PointData> {
  const data = await context.data();
  if (data.kind === "images" || data.kind === "points") return data;
  throw new UserError(`${who} needs images or points, but the data set "${data.name}" holds ${data.kind}`);
}
