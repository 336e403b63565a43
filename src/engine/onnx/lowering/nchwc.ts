import type { ConvGeometry } from "../../../tensor/tensor.ts";
import { type AttributeValue, type ModelBuilder, NCHWC } from "../builder.ts";

/**
 * ONNX Runtime's internal blocked layout: channels in blocks of 8 or 16, the block innermost. Its own optimiser
 * uses it only where weights are constant; in a training step they are not, so the layout is written out here.
 */
export interface BlockedConv {
  readonly x: string;
  readonly w: string;
  readonly bias: string | undefined;
  /** The filter as stored: [rows, columns, kh, kw]. */
  readonly filter: readonly number[];
  /** Use the filter turned around, rows as inputs: the gradient with respect to the image. */
  readonly turned: boolean;
  readonly geometry: ConvGeometry;
}

/** Whether a convolution fits the blocked layout: whole blocks on both sides, no groups. */
export function fitsBlocks(
  filter: readonly number[],
  groups: number,
  block: number | undefined,
): block is number {
  return block !== undefined && groups === 1 && filter[0]! % block === 0 && filter[1]! % block === 0;
}

export function blockedConv(
  model: ModelBuilder,
  block: number,
  { x, w, bias, filter, turned, geometry }: BlockedConv,
  attributes: Readonly<Record<string, AttributeValue>>,
): string {
  const [rows, columns, kh, kw] = filter as [number, number, number, number];
  const taps = kh * kw;
  // The kernel wants [out / B, in / B, taps, in in its block, out in its block].
  const split = [rows / block, block, columns / block, block, taps];
  const open = model.node("Reshape", [w, model.ints(split)])[0]!;
  const perm = turned ? [2, 0, 4, 1, 3] : [0, 2, 4, 3, 1];
  let packed = model.node("Transpose", [open], { perm: { ints: perm } })[0]!;
  if (turned && taps > 1) {
    const backwards = model.ints(Array.from({ length: taps }, (_, i) => taps - 1 - i));
    packed = model.node("Gather", [packed, backwards], { axis: { int: 2 } })[0]!;
  }
  const [out, into] = turned ? [columns, rows] : [rows, columns];
  const kernel = model.node("Reshape", [packed, model.ints([out, into, kh, kw])])[0]!;
  const image = model.node("ReorderInput", [x], { channels_last: { int: 0 } }, { domain: NCHWC })[0]!;
  const conv = { ...attributes, kernel_shape: { ints: [kh, kw] }, group: { int: geometry.groups } };
  const made = model.node("Conv", bias ? [image, kernel, bias] : [image, kernel], conv, {
    domain: NCHWC,
  })[0]!;
  return model.node(
    "ReorderOutput",
    [made],
    { channels: { int: out }, channels_last: { int: 0 } },
    { domain: NCHWC },
  )[0]!;
}
