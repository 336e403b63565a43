/** What attends to what: the weights of every layer and head of any model that can be watched, as data and as pictures. */
import { UserError } from "../errors.ts";
import { chartSvg } from "../plot/chart.ts";
import { heatMap } from "../plot/heatmap.ts";
import { sideBySide } from "../plot/parts.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Picture } from "../train/task.ts";
import type { Compile } from "./decoder.ts";
import type { Watch } from "./transformer.ts";

/** How much each token that looks (rows) looks at each that is seen (columns); a row sums to 1. */
export interface AttentionMap {
  /** The path of its layer: "decoder.h.0.crossattention"; "alignment" of a recurrent model. */
  readonly layer: string;
  readonly head: number;
  readonly weights: readonly (readonly number[])[];
}

/** What `watch` calls weights of attention: [B, H, T, S], or [B, T, S] where there are no heads. */
const isMap = (name: string): boolean => /(^|\.)(weights|alignment)$/.test(name);

/** While tracing: what a forward pass with this watch attends to, by name. */
export function watched(forward: (watch: Watch) => unknown): Record<string, Tensor> {
  const seen: Record<string, Tensor> = {};
  forward((name, value) => {
    if (isMap(name)) seen[name] = value;
  });
  return seen;
}

/** The maps of the first example. */
export const mapsOf = (found: Readonly<Record<string, NdArray>>): readonly AttentionMap[] =>
  Object.entries(found).flatMap(([name, { data, shape }]) => {
    const [from, to] = shape.slice(-2) as [number, number];
    const heads = shape.length === 4 ? shape[1]! : 1;
    return Array.from({ length: heads }, (_, head) => ({
      layer: name.replace(/\.weights$/, ""),
      head,
      weights: Array.from({ length: from }, (__, t) =>
        Array.from({ length: to }, (___, s) => Number(data[(head * from + t) * to + s])),
      ),
    }));
  });

/**
 * The maps of a forward pass over one example.
 * @param forward Runs the model with a watch, while it is traced.
 * @param inputs Its tokens, each with a batch of 1.
 * @throws UserError where nothing attends.
 */
export async function attentionMaps(
  forward: (watch: Watch, ...inputs: readonly Tensor[]) => unknown,
  inputs: readonly NdArray[],
  compile: Compile,
): Promise<readonly AttentionMap[]> {
  const program = compile((...tokens: readonly Tensor[]) => {
    const seen = watched((watch) => forward(watch, ...tokens));
    if (Object.keys(seen).length === 0)
      throw new UserError(
        "this model has no attention, so there is no map of it: train it with option `attention`",
      );
    return seen;
  }, "attention maps");
  return mapsOf(await program(...inputs));
}

export interface MapLabels {
  /** Words beside the rows and above the columns. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly y: string;
  readonly x: string;
}

/** The maps of all layers and heads as one picture, a row of heads for each layer. */
export async function mapsPicture(
  name: string,
  title: string,
  maps: readonly AttentionMap[],
  { rows, columns, x, y }: MapLabels,
): Promise<Picture> {
  const layers = [...new Set(maps.map(({ layer }) => layer))];
  const heads = Math.max(...maps.map(({ head }) => head)) + 1;
  const least = columns.length <= 32 ? 14 : 7; // so that every token of a short text has its label
  const cell = Math.max(least, Math.min(26, Math.floor(560 / (Math.min(heads, 4) * columns.length))));
  const panels = maps.map(({ layer, head, weights }) => {
    const number = layers.indexOf(layer) + 1;
    const which = [
      ...(layers.length > 1 ? [`layer ${number}`] : []),
      ...(heads > 1 ? [`head ${head + 1}`] : []),
    ];
    return heatMap({ title: which.join(", ") || title, x, y }, weights, { rows, columns, cell });
  });
  const chart = panels.length === 1 ? panels[0]! : sideBySide(title, panels, heads);
  return { name, svg: await chartSvg(chart) };
}
