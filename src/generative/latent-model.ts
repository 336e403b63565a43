import { joined, rows } from "../data/arrays.ts";
import type { Examples } from "../data/data.ts";
import { type ExampleBatch, pass } from "../data/passes.ts";
import type { Context, Output } from "../model/contract.ts";
import type { Module } from "../nn/module.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { dataOf } from "./examples.ts";
import type { Codes, Prior } from "./latent.ts";
import type { Drawn } from "./model.ts";

/** What all autoencoders have in common. Class-conditional ones also take labels [N] (int32). */
export interface LatentModel extends Module {
  /** The number of dimensions of the code, D. */
  readonly latent: number;
  /** The number of classes it is conditioned on; 0 where it is not class-conditional. */
  readonly classes: number;
  readonly prior: Prior;
  /** Examples [N, ...shape] → codes [N, D]; no randomness. */
  encode(x: Tensor, labels?: Tensor): Tensor;
  /** Codes [N, D] → examples [N, ...shape]: images about in [0, 1], or points. */
  decode(z: Tensor, labels?: Tensor): Tensor;
}

/** The context of any autoencoder's commands, whatever its options. */
export type LatentContext = Context<unknown, LatentModel>;

/** Images [N, C, H, W] or points [N, D]. */
export type Values = NdArray<"float32">;
export type Labels = NdArray<"int32">;

/** Codes decoded at a time. */
const PIECE = 500;
/** The number of codes that a prior is fitted to, or that a map shows. */
export const CODES = 5000;

/** A trained latent model on the host: arrays in, arrays out, in pieces. */
export interface Coding {
  readonly model: LatentModel;
  encode(batch: ExampleBatch): Promise<Codes>;
  decode(codes: Codes, labels?: Labels): Promise<Values>;
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
    encode: async ({ x, labels }) => (await encode(x, own(labels))) as Codes,
    decode: async (codes, labels) => {
      const pieces: Values[] = [];
      const n = codes.shape[0]!;
      for (let at = 0; at < n; at += PIECE)
        pieces.push(
          (await decode(rows(codes, at, at + PIECE), own(labels && rows(labels, at, at + PIECE)))) as Values,
        );
      return joined(pieces);
    },
    encodeAll: async (examples, what, limit = examples.length) => {
      const codes: Codes[] = [];
      const labels: Labels[] = [];
      for await (const batch of pass(context, examples, what, limit)) {
        codes.push((await encode(batch.x, own(batch.labels))) as Codes);
        if (batch.labels) labels.push(batch.labels);
      }
      return { codes: joined(codes), ...(labels.length > 0 && { labels: joined(labels) }) };
    },
  };
}

export interface DrawOptions {
  readonly count: number;
  /** Only this class; each in turn when left out. */
  readonly label?: number | undefined;
  readonly temperature?: number | undefined;
}

/** Samples from the prior [count, D]. A prior that is fitted to codes reads training examples. */
export async function priorCodes(
  context: LatentContext,
  coding: Coding,
  { count, temperature = 1 }: DrawOptions,
  key: Key,
): Promise<Codes> {
  const { model } = coding;
  const training = async (): Promise<Codes> => {
    const { train, kind } = await dataOf(context, "a prior that is fitted to codes");
    return (await coding.encodeAll(train, `encoding training ${kind}`, CODES)).codes;
  };
  const drawn = await model.prior.sample(count, model.latent, key, training);
  if (temperature === 1) return drawn;
  return ndarray(
    drawn.data.map((v) => v * temperature),
    drawn.shape,
  );
}

/** The class of each of `count` examples: the given one, or each in turn. */
export const classesInTurn = ({ classes }: LatentModel, count: number, label?: number): Labels =>
  ndarray(Int32Array.from({ length: count }, (_, i) => label ?? i % Math.max(1, classes)));

/** Decoded samples from the prior. */
export async function draw(context: LatentContext, coding: Coding, options: DrawOptions): Promise<Drawn> {
  const { model } = coding;
  const z = await priorCodes(context, coding, options, context.key.split("prior"));
  const labels = classesInTurn(model, options.count, options.label);
  return { x: await coding.decode(z, labels), labels: model.classes > 0 ? labels : undefined };
}

/** Corrupts examples, for the input of a denoising autoencoder. */
export type Damage = (x: Values) => Promise<Values>;

/** How the work of a latent model is shown, by the kind of its data; where no count is given, as many as suit it. */
export interface LatentPictures {
  sample(context: LatentContext, coding: Coding, options: Partial<DrawOptions>): Promise<Output>;
  /** `damage` makes the inputs of a denoising autoencoder. */
  reconstruct(
    context: LatentContext,
    coding: Coding,
    options: { readonly count?: number | undefined; readonly damage?: Damage | undefined },
  ): Promise<Output>;
  /** A quick look during training. */
  preview(context: LatentContext, coding: Coding, damage?: Damage): Promise<Output>;
}
