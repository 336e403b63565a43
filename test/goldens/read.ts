/** Golden values made with PyTorch: make_goldens.py says what each file holds. */
import { readFileSync } from "node:fs";
import type { NdArray } from "../../src/tensor/ndarray.ts";

export interface Golden {
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, NdArray>>;
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly outputs: Readonly<Record<string, NdArray>>;
  readonly grads: Readonly<Record<string, NdArray>>;
}

export const GROUPS = [
  "networks",
  "recurrent",
  "layers",
  "activations",
  "losses",
  "optimizers",
  "penalty",
  "transformers",
  "diffusion",
  "gpt",
  "seq2seq",
  "pair-transformer",
] as const;
export type Group = (typeof GROUPS)[number];

interface Stored {
  readonly shape: number[];
  readonly data: number[];
  readonly dtype?: "int64";
}

/** Integers (labels, indices, counters) come as int32 unless they are state: what the graph computes with. */
function toArray({ shape, data, dtype }: Stored, section: keyof Golden): NdArray {
  if (dtype === undefined) return { data: Float32Array.from(data), shape, dtype: "float32" };
  if (section === "state") return { data: BigInt64Array.from(data.map(BigInt)), shape, dtype: "int64" };
  return { data: Int32Array.from(data), shape, dtype: "int32" };
}

/** All cases of a group, by name. */
export function goldens(group: Group): Map<string, Golden> {
  const text = readFileSync(new URL(`${group}.json`, import.meta.url), "utf8");
  const cases = Object.entries(JSON.parse(text) as Record<string, Record<keyof Golden, never>>);
  const arrays = (from: Record<string, Stored>, section: keyof Golden): Record<string, NdArray> =>
    Object.fromEntries(Object.entries(from).map(([name, stored]) => [name, toArray(stored, section)]));
  return new Map(
    cases.map(([name, found]) => [
      name,
      {
        config: found.config,
        state: arrays(found.state, "state"),
        inputs: arrays(found.inputs, "inputs"),
        outputs: arrays(found.outputs, "outputs"),
        grads: arrays(found.grads, "grads"),
      },
    ]),
  );
}

export function golden(group: Group, name: string): Golden {
  const found = goldens(group).get(name);
  if (!found) throw new Error(`no golden ${name} in ${group}.json: run make_goldens.py`);
  return found;
}

/** The largest |a − b| / (1 + |b|): what a comparison with a golden is judged by. */
export function distance(a: NdArray, b: NdArray): number {
  if (a.shape.join() !== b.shape.join()) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < b.data.length; i++) {
    const [x, y] = [Number(a.data[i]), Number(b.data[i])];
    const d = Math.abs(x - y) / (1 + Math.abs(y));
    if (!(d <= worst)) worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
  }
  return worst;
}
