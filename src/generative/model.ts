import type { z } from "zod";
import type { AnyModel, Context, Model } from "../model/contract.ts";
import type { Module } from "../nn/module.ts";
import type { NdArray } from "../tensor/ndarray.ts";

/** Images or points that a model drew. */
export interface Drawn {
  /** [N, C, H, W] in [0, 1], or [N, D]. */
  readonly x: NdArray<"float32">;
  /** The class each was conditioned on [N]; absent where none was. */
  readonly labels?: NdArray<"int32"> | undefined;
}

/** A model that samples new images or points, by which it can be measured. */
export interface GenerativeModel<S extends z.ZodObject = z.ZodObject, M extends Module = Module>
  extends Model<S, M> {
  /** New examples for measuring, drawn as `sample` draws them by default. */
  draw(context: Context<z.output<S>, M>, count: number): Promise<Drawn>;
}

/** A generative model with its types erased. */
// biome-ignore lint/suspicious/noExplicitAny: each model's own types are known only to its file
export type AnyGenerativeModel = GenerativeModel<any, any>;

export const isGenerative = (model: AnyModel): model is AnyGenerativeModel => "draw" in model;
