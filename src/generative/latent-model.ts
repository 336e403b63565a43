import { joined, rows } from "../data/arrays.ts";
import type { Examples, ImageBatch } from "../data/data.ts";
import { pass } from "../data/passes.ts";
import type { Context } from "../model/contract.ts";
import type { Module } from "../nn/module.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Codes, Prior } from "./latent.ts";

/** What all autoencoders have in common. Class-conditional ones also take labels [N] (int32). */
export interface LatentModel extends Module {
  /** The number of dimensions of the code, D. */
  readonly latent: number;
  /** The number of classes it is conditioned on; 0 where it is not class-conditional. */
  readonly classes: number;
  readonly prior: Prior;
  /** Images [N, C, H, W] → codes [N, D]; no randomness. */
  encode(x: Tensor, labels?: Tensor): Tensor;
  /** Codes [N, D] → images [N, C, H, W], about in [0, 1]. */
  decode(z: Tensor, labels?: Tensor): Tensor;
}

/** The context of any autoencoder's commands, whatever its options. */
export type LatentContext = Context<unknown, LatentModel>;

export type Images = NdArray<"float32">;
export type Labels = NdArray<"int32">;

/** Codes decoded at a time. */
const PIECE = 500;

/** A trained latent model on the host: arrays in, arrays out, in pieces. */
export interface Coding {
  readonly model: LatentModel;
  encode(batch: ImageBatch): Promise<Codes>;
  decode(codes: Codes, labels?: Labels): Promise<Images>;
  /** Codes of the first `limit` examples, with their labels. */
  encodeAll(examples: Examples, what: string, limit?: number): Promise<{ codes: Codes; labels?: Labels }>;
}

export function coding(context: LatentContext): Coding {
  const { module: model } = context;
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
