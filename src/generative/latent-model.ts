import { UserError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Examples } from "../train/examples.ts";
import type { Codes, Prior } from "./latent.ts";
import type { HookContext } from "./model.ts";

/** What all autoencoders have in common. Class-conditional ones also take labels [N] (int32). */
export interface LatentModel extends Module {
  /** The number of dimensions of the code, D. */
  readonly latent: number;
  /** The number of classes it is told of; 0 where it is not class-conditional. */
  readonly classes: number;
  readonly prior: Prior;
  /** Images [N, C, H, W] → codes [N, D]; no randomness. */
  encode(x: Tensor, labels?: Tensor): Tensor;
  /** Codes [N, D] → images [N, C, H, W], about in [0, 1]. */
  decode(z: Tensor, labels?: Tensor): Tensor;
}

/** What the pictures and the numbers need of a hook's context, whatever the model's options are. */
export type Context = Pick<HookContext<unknown>, "task" | "data" | "key" | "engine" | "compile" | "progress">;

export type Images = NdArray<"float32">;
export type Labels = NdArray<"int32">;

export interface ImageBatch {
  readonly images: Images;
  readonly labels: Labels | undefined;
}

/** Images that pass through a network at once; more are cut into pieces of this size. */
const PIECE = 500;

/** A trained latent model on the host: arrays in, arrays out, in pieces. */
export interface Coding {
  readonly model: LatentModel;
  encode(batch: ImageBatch): Promise<Codes>;
  decode(codes: Codes, labels?: Labels): Promise<Images>;
  /** Codes of the first `limit` examples, with their labels. */
  encodeAll(examples: Examples, what: string, limit?: number): Promise<{ codes: Codes; labels?: Labels }>;
}

export function coding(context: Context): Coding {
  const model = context.task.module as LatentModel;
  const encode = context.compile((x: Tensor, y: Tensor | undefined) => model.encode(x, y), "encode");
  const decode = context.compile((z: Tensor, y: Tensor | undefined) => model.decode(z, y), "decode");
  const own = (labels: Labels | undefined): Labels | undefined => (model.classes > 0 ? labels : undefined);
  return {
    model,
    encode: async ({ images, labels }) => (await encode(images, own(labels))) as Codes,
    decode: async (codes, labels) => {
      const pieces: Images[] = [];
      const n = codes.shape[0]!;
      for (let at = 0; at < n; at += PIECE)
        pieces.push(
          (await decode(rows(codes, at, at + PIECE), own(labels && rows(labels, at, at + PIECE)))) as Images,
        );
      return joined(pieces);
    },
    encodeAll: async (examples, what, limit = examples.length) => {
      const codes: Codes[] = [];
      const labels: Labels[] = [];
      for await (const batch of pass(context, examples, what, limit)) {
        codes.push((await encode(batch.images, own(batch.labels))) as Codes);
        if (batch.labels) labels.push(batch.labels);
      }
      return { codes: joined(codes), ...(labels.length > 0 && { labels: joined(labels) }) };
    },
  };
}

/** The first `limit` examples in order, in pieces, with progress. */
export async function* pass(
  { progress }: Pick<Context, "progress">,
  examples: Examples,
  what: string,
  limit = examples.length,
): AsyncGenerator<ImageBatch & { readonly start: number }> {
  const end = Math.min(limit, examples.length);
  for (let start = 0; start < end; start += PIECE) {
    progress(start, end, what);
    const count = Math.min(PIECE, end - start);
    yield {
      ...(await at(
        examples,
        Int32Array.from({ length: count }, (_, i) => start + i),
      )),
      start,
    };
  }
  progress(end, end, what);
}

export async function at(examples: Examples, indices: ArrayLike<number>): Promise<ImageBatch> {
  const { images, labels } = await examples.batch(indices);
  return { images: images as Images, labels: labels as Labels | undefined };
}

/** The indices of `count` examples to show: of each class in turn, where there are classes. */
export async function showcase(examples: Examples, count: number): Promise<number[]> {
  const seen = Math.min(examples.length, Math.max(20 * count, 200));
  const { labels } = await at(
    examples,
    Int32Array.from({ length: seen }, (_, i) => i),
  );
  const order = Array.from({ length: seen }, (_, i) => i);
  if (!labels) return order.slice(0, count);
  // The r-th example of each class comes in round r.
  const round = new Map<number, number>();
  const rounds = Array.from(labels.data, (label) => {
    round.set(label, (round.get(label) ?? -1) + 1);
    return round.get(label)!;
  });
  return order
    .sort((a, b) => rounds[a]! - rounds[b]! || labels.data[a]! - labels.data[b]! || a - b)
    .slice(0, count);
}

/** Rows start ≤ i < end of the first axis, as a view. */
export function rows<D extends "float32" | "int32">(
  array: NdArray<D>,
  start: number,
  end: number,
): NdArray<D> {
  const width = array.data.length / array.shape[0]!;
  const data = array.data.subarray(start * width, end * width) as NdArray<D>["data"];
  return { data, shape: [data.length / width, ...array.shape.slice(1)], dtype: array.dtype };
}

export function joined<D extends "float32" | "int32">(pieces: readonly NdArray<D>[]): NdArray<D> {
  const [first] = pieces;
  if (!first) throw new UserError("there are no examples to look at");
  if (pieces.length === 1) return first;
  const length = pieces.reduce((n, p) => n + p.shape[0]!, 0);
  const width = first.data.length / first.shape[0]!;
  const data = (
    first.dtype === "int32" ? new Int32Array(length * width) : new Float32Array(length * width)
  ) as NdArray<D>["data"];
  let offset = 0;
  for (const piece of pieces) {
    data.set(piece.data as never, offset);
    offset += piece.data.length;
  }
  return ndarray(data, [length, ...first.shape.slice(1)], first.dtype);
}
