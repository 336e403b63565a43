import { UserError, unknownName } from "../errors.ts";
import type { Data, ImageData, PairData, PointData, TokenData } from "./data.ts";
import { noImages, noText } from "./names.ts";
import type { POINTS } from "./points.ts";
import { DataSpec, type TokenizerSpec } from "./spec.ts";

/** Options for opening any data set, in Node and in a page. */
export interface OpenOptions {
  /** Called as data are read: images in Node, bytes in a page. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Resize and crop images to this many pixels per side; data that cannot be resized are refused. */
  readonly imageSize?: number | undefined;
  /**
   * How text becomes tokens: "characters" (the default), "bytes", "words", "words:N", "bpe:N" (learned from the text, N
   * tokens), or an existing tokenizer; in Node also "gpt2:FOLDER", a folder with vocab.bpe and encoder.json.
   */
  readonly tokenizer?: string | TokenizerSpec | undefined;
  /**
   * The spec that the data must have, as saved with a run: text is read with its tokenizers, and data that no longer
   * have its shape or its classes are refused.
   */
  readonly like?: DataSpec | undefined;
  /** Your own data sets, beside those that come with the package. */
  readonly extra?: readonly DataSource[] | undefined;
}

/** A user-defined data set: `openData(name, { extra: [source] })` opens it. */
export interface DataSource {
  readonly name: string;
  /** A line about it, for lists. */
  readonly about: string;
  open(options: OpenOptions): Promise<Data>;
}

/** The kind of data that a name opens, as far as its type tells: `openData("mnist")` gives images. */
export type Opened<N extends string> = string extends N
  ? Data
  : N extends "mnist" | "fashion-mnist" | "cifar10" | `${"folder" | "cifar10" | "idx"}:${string}`
    ? ImageData
    : N extends keyof typeof POINTS
      ? PointData
      : N extends `${"text" | "lines" | "tang-poems"}:${string}` | "names" | "tang-poems"
        ? TokenData
        : N extends `${"pairs" | "rhymes"}:${string}` | "cmudict" | "rhymes"
          ? PairData
          : Data;

/** Opens `name`; `rest` is what follows its colon. */
export type Opener<O extends OpenOptions> = (rest: string, name: string, options: O) => Promise<Data> | Data;

/**
 * Open a data set by its name. An opener's key is a whole name ("mnist"), or fits all names with its prefix
 * ("folder:PATH" those that begin with "folder:").
 * @throws UserError where none fits, or the data are not what the options ask for.
 */
export async function openNamed<O extends OpenOptions>(
  name: string,
  openers: Readonly<Record<string, Opener<O>>>,
  options: O,
): Promise<Data> {
  const { imageSize, tokenizer, like, extra = [] } = options;
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize > 0))
    throw new UserError(
      `an image size of ${imageSize} is not possible: give a whole number of pixels, such as 32.`,
    );
  if (tokenizer !== undefined && like !== undefined)
    throw new UserError(
      "text is read by the tokenizer that the weights were trained with: leave option `tokenizer` out.",
    );
  const open = find(openers, name);
  const own = extra.find((source) => source.name === name);
  if (open && own)
    throw new UserError(`"${name}" is one of galatea's own data sets: give yours another name.`);
  if (!open && !own)
    throw unknownName("data set", name, [...Object.keys(openers), ...extra.map((source) => source.name)]);
  const data = own ? await own.open(options) : await open!(rest(name), name, options);
  if (own) requireSpec(data, name);
  if (imageSize !== undefined) requireSize(data, imageSize);
  if (tokenizer !== undefined && data.kind !== "tokens" && data.kind !== "pairs")
    throw new UserError(noText(name));
  if (like) requireLike(data, like);
  return data;
}

const rest = (name: string): string => name.slice(name.indexOf(":") + 1);

function find<T>(openers: Readonly<Record<string, T>>, name: string): T | undefined {
  const fits = (key: string): boolean => {
    const colon = key.indexOf(":");
    return colon < 0 ? key === name : name.startsWith(key.slice(0, colon + 1)) && rest(name) !== "";
  };
  const key = Object.keys(openers).find(fits);
  return key === undefined ? undefined : openers[key];
}

/** The spec of a user's data set is saved in runs, so it must be complete. */
function requireSpec(data: Data, name: string): void {
  const { success, error } = DataSpec.safeParse(data.spec);
  const wrong = error?.issues[0];
  if (!success)
    throw new UserError(
      `the data set "${name}" has no usable spec: ${["spec", ...(wrong?.path ?? [])].join(".")}: ${wrong?.message}`,
    );
  if (data.name !== name || data.spec.name !== name || data.kind !== data.spec.kind)
    throw new UserError(
      `the data set "${name}" opens as ${data.kind} "${data.name}" with a spec of ${data.spec.kind} "${data.spec.name}": ` +
        "name and kind must be the same in all of them.",
    );
}

function requireSize({ spec, name }: Data, imageSize: number): void {
  if (spec.kind !== "images") throw new UserError(noImages(name));
  const [, height, width] = spec.shape;
  if (height !== imageSize || width !== imageSize)
    throw new UserError(
      `"${name}" cannot be resized: its images are ${height} × ${width}, and an image size of ${imageSize} was asked for.`,
    );
}

function requireLike({ spec, name }: Data, like: DataSpec): void {
  const [is, wanted] = [describe(spec), describe(like)];
  // Pairs may be read by the tokenizer of a text, to tune what was trained on it.
  const both =
    like.kind === "tokens" &&
    spec.kind === "pairs" &&
    [spec.source, spec.target].every((own) => JSON.stringify(own) === JSON.stringify(like.tokenizer));
  if (is !== wanted && !both) throw new UserError(`"${name}" holds ${is}; expected ${wanted}.`);
}

function describe(spec: DataSpec): string {
  switch (spec.kind) {
    case "images":
      return `images of ${spec.shape.join(" × ")} with ${listed(spec.classes)}`;
    case "points":
      return `points of ${spec.dimensions} dimensions with ${listed(spec.classes)}`;
    case "tokens":
      return `tokens of ${JSON.stringify(spec.tokenizer)}`;
    case "pairs":
      return `pairs of ${JSON.stringify(spec.source)} and ${JSON.stringify(spec.target)}`;
  }
}

const listed = (classes: readonly string[]): string =>
  classes.length === 0 ? "no classes" : `the classes ${classes.join(", ")}`;
