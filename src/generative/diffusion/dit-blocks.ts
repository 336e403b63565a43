/** Peebles and Xie (2023), section 3.2: the blocks of DiT, and the ways in which time and class reach them. */
import { joinHeads, scaledDotProductAttention, splitHeads } from "../../nn/attention.ts";
import { Sequential } from "../../nn/container.ts";
import * as init from "../../nn/init.ts";
import { type LayerOptions, Linear } from "../../nn/linear.ts";
import { Module } from "../../nn/module.ts";
import { LayerNorm } from "../../nn/normalization.ts";
import { silu } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

const EPS = 1e-6;

export const GLOROT: LayerOptions = { weightInit: init.xavierUniform(), biasInit: init.zeros };
const ZERO: LayerOptions = { weightInit: init.zeros, biasInit: init.zeros };

export const CONDITIONINGS = ["adaln-zero", "adaln", "in-context"] as const;
export type Conditioning = (typeof CONDITIONINGS)[number];

/** What a sub-layer is told by the condition: shift and scale of its input, and a gate of its output. */
const TOLD = { "adaln-zero": 3, adaln: 2, "in-context": 0 } as const;

/** The map from the condition c [B, D] to `count` tensors [B, 1, D]; none where nothing is told. */
function modulation(width: number, count: number, how: Conditioning): Sequential | undefined {
  // Zero: every block begins as the identity.
  const start = how === "adaln-zero" ? ZERO : GLOROT;
  return count > 0 ? new Sequential(silu, new Linear(width, count * width, start)) : undefined;
}

function modulations(by: Sequential | undefined, c: Tensor | undefined, count: number): Tensor[] {
  if (!by) return [];
  const all = by.forward(c!);
  return all.reshape(all.shape[0]!, 1, all.shape[1]!).chunk(count, -1);
}

const modulate = (x: Tensor, shift: Tensor | undefined, scale: Tensor | undefined): Tensor =>
  shift && scale ? x.mul(scale.add(1)).add(shift) : x;

/** With a condition the norm's own scale and shift would be one too many. */
const norm = (width: number, how: Conditioning): LayerNorm =>
  new LayerNorm(width, { eps: EPS, elementwiseAffine: how === "in-context" });

class Attention extends Module {
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly #heads: number;

  constructor(width: number, heads: number) {
    super();
    this.#heads = heads;
    this.qkv = new Linear(width, 3 * width, GLOROT);
    this.proj = new Linear(width, width, GLOROT);
  }

  forward(x: Tensor): Tensor {
    const heads = this.qkv.forward(x).chunk(3, -1).map((h) => splitHeads(h, this.#heads)); // biome-ignore format: one chain
    const [q, k, v] = heads as [Tensor, Tensor, Tensor];
    return this.proj.forward(joinHeads(scaledDotProductAttention(q, k, v)));
  }
}

class Mlp extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(width: number) {
    super();
    this.fc1 = new Linear(width, 4 * width, GLOROT);
    this.fc2 = new Linear(4 * width, width, GLOROT);
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).geluTanh());
  }
}

/** x + gate·attention(modulated norm of x), then the same with the MLP; x [B, T, D], c [B, D]. */
export class Block extends Module {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly adaLN_modulation: Sequential | undefined;
  readonly #told: number;

  constructor(width: number, heads: number, how: Conditioning) {
    super();
    this.#told = TOLD[how];
    this.norm1 = norm(width, how);
    this.attn = new Attention(width, heads);
    this.norm2 = norm(width, how);
    this.mlp = new Mlp(width);
    this.adaLN_modulation = modulation(width, 2 * this.#told, how);
  }

  forward(x: Tensor, c: Tensor | undefined): Tensor {
    const told = modulations(this.adaLN_modulation, c, 2 * this.#told);
    const [shift1, scale1, gate1] = told.slice(0, this.#told);
    const [shift2, scale2, gate2] = told.slice(this.#told);
    const attended = this.attn.forward(modulate(this.norm1.forward(x), shift1, scale1));
    const h = x.add(gate1 ? gate1.mul(attended) : attended);
    const thought = this.mlp.forward(modulate(this.norm2.forward(h), shift2, scale2));
    return h.add(gate2 ? gate2.mul(thought) : thought);
  }
}

/** Tokens [B, T, D] → [B, T, features], zero at first. */
export class FinalLayer extends Module {
  readonly norm_final: LayerNorm;
  readonly linear: Linear;
  readonly adaLN_modulation: Sequential | undefined;

  constructor(width: number, features: number, how: Conditioning) {
    super();
    this.norm_final = norm(width, how);
    this.linear = new Linear(width, features, ZERO);
    this.adaLN_modulation = modulation(width, how === "in-context" ? 0 : 2, how);
  }

  forward(x: Tensor, c: Tensor | undefined): Tensor {
    const [shift, scale] = modulations(this.adaLN_modulation, c, 2);
    return this.linear.forward(modulate(this.norm_final.forward(x), shift, scale));
  }
}
