import {
  Conv2d,
  Embedding,
  GroupNorm,
  LayerNorm,
  Linear,
  Module,
  Parameter,
  Sequential,
  sinusoids,
} from "../src/nn/index.ts";
import { normal as normalInit } from "../src/nn/init.ts";
import * as ops from "../src/tensor/ops.ts";
import type { Key } from "../src/tensor/random.ts";
import type { Tensor } from "../src/tensor/tensor.ts";

/**
 * The same networks as the PyTorch peer, layer for layer, so that the two are timed on equal work. They are
 * plain on purpose: the library's own U-Net, DiT and GPT have options that would blur the comparison.
 */

export const mlp = (): Sequential =>
  new Sequential(new Linear(4, 64), ops.relu, new Linear(64, 64), ops.relu, new Linear(64, 2));

/** Kingma and Welling's network for MNIST: 784-400-20, Bernoulli; the loss is −ELBO an example. */
export class VAE extends Module {
  encoder = new Sequential(new Linear(784, 400), ops.relu, new Linear(400, 40));
  decoder = new Sequential(new Linear(20, 400), ops.relu, new Linear(400, 784));

  loss(x: Tensor, noise: Key): Tensor {
    const [mean, logVariance] = ops.chunk(this.encoder.forward(x), 2, 1) as [Tensor, Tensor];
    const z = ops.add(mean, ops.mul(ops.exp(ops.mul(logVariance, 0.5)), ops.normal(noise, mean.shape)));
    const logits = this.decoder.forward(z);
    const reconstruction = ops.sum(ops.sub(ops.softplus(logits), ops.mul(x, logits)));
    const kl = ops.sum(ops.sub(ops.add(ops.square(mean), ops.exp(logVariance)), ops.add(logVariance, 1)));
    return ops.div(ops.add(reconstruction, ops.mul(kl, 0.5)), x.shape[0]!);
  }
}

class ResBlock extends Module {
  norm1: GroupNorm;
  conv1: Conv2d;
  time: Linear;
  norm2: GroupNorm;
  conv2: Conv2d;
  skip: Conv2d | undefined;

  constructor(cin: number, cout: number, temb: number) {
    super();
    this.norm1 = new GroupNorm(8, cin);
    this.conv1 = new Conv2d(cin, cout, 3, { padding: 1 });
    this.time = new Linear(temb, cout);
    this.norm2 = new GroupNorm(8, cout);
    this.conv2 = new Conv2d(cout, cout, 3, { padding: 1 });
    this.skip = cin === cout ? undefined : new Conv2d(cin, cout, 1);
  }

  forward(x: Tensor, temb: Tensor): Tensor {
    const shift = this.time.forward(temb);
    const h = ops.add(
      this.conv1.forward(ops.silu(this.norm1.forward(x))),
      ops.reshape(shift, [...shift.shape, 1, 1]),
    );
    return ops.add(this.conv2.forward(ops.silu(this.norm2.forward(h))), this.skip?.forward(x) ?? x);
  }
}

export class UNet extends Module {
  readonly #width: number;
  t1: Linear;
  t2: Linear;
  conv_in: Conv2d;
  d0: ResBlock;
  d1: ResBlock;
  d2: ResBlock;
  attn_norm: GroupNorm;
  qkv: Linear;
  proj: Linear;
  u2: ResBlock;
  u1: ResBlock;
  u0: ResBlock;
  norm_out: GroupNorm;
  conv_out: Conv2d;

  constructor(ch = 32, mults: readonly [number, number, number] = [1, 2, 2]) {
    super();
    const [c0, c1, c2] = mults.map((m) => ch * m) as [number, number, number];
    const temb = 4 * ch;
    this.#width = ch;
    this.t1 = new Linear(ch, temb);
    this.t2 = new Linear(temb, temb);
    this.conv_in = new Conv2d(1, c0, 3, { padding: 1 });
    this.d0 = new ResBlock(c0, c0, temb);
    this.d1 = new ResBlock(c0, c1, temb);
    this.d2 = new ResBlock(c1, c2, temb);
    this.attn_norm = new GroupNorm(8, c2);
    this.qkv = new Linear(c2, 3 * c2);
    this.proj = new Linear(c2, c2);
    this.u2 = new ResBlock(2 * c2, c1, temb);
    this.u1 = new ResBlock(2 * c1, c1, temb);
    this.u0 = new ResBlock(c1 + c0, c0, temb);
    this.norm_out = new GroupNorm(8, c0);
    this.conv_out = new Conv2d(c0, 1, 3, { padding: 1 });
  }

  forward(x: Tensor, t: Tensor): Tensor {
    const temb = ops.silu(
      this.t2.forward(ops.silu(this.t1.forward(sinusoids(ops.cast(t, "float32"), this.#width)))),
    );
    const s0 = this.d0.forward(this.conv_in.forward(x), temb);
    const s1 = this.d1.forward(ops.avgPool2d(s0, 2), temb);
    const s2 = this.d2.forward(ops.avgPool2d(s1, 2), temb);
    const [b, c, h, w] = s2.shape as [number, number, number, number];
    const tokens = ops.transpose(ops.reshape(this.attn_norm.forward(s2), [b, c, h * w]), [0, 2, 1]);
    const [q, k, v] = ops.chunk(this.qkv.forward(tokens), 3, 2) as [Tensor, Tensor, Tensor];
    const a = ops.matmul(ops.softmax(ops.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(c) })), v);
    let y = ops.add(s2, ops.reshape(ops.transpose(this.proj.forward(a), [0, 2, 1]), [b, c, h, w]));
    y = this.u2.forward(ops.concat([y, s2], 1), temb);
    y = this.u1.forward(ops.concat([ops.upsampleNearest2d(y, 2), s1], 1), temb);
    y = this.u0.forward(ops.concat([ops.upsampleNearest2d(y, 2), s0], 1), temb);
    return this.conv_out.forward(ops.silu(this.norm_out.forward(y)));
  }
}

function attention(x: Tensor, qkv: Linear, proj: Linear, heads: number, causal: boolean): Tensor {
  const [b, n, d] = x.shape as [number, number, number];
  const parts = ops.chunk(qkv.forward(x), 3, 2);
  const [q, k, v] = parts.map((p) =>
    ops.transpose(ops.reshape(p, [b, n, heads, d / heads]), [0, 2, 1, 3]),
  ) as [Tensor, Tensor, Tensor];
  let scores = ops.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(d / heads) });
  if (causal) scores = ops.add(scores, ops.where(ops.tril(n), 0, Number.NEGATIVE_INFINITY));
  return proj.forward(
    ops.reshape(ops.transpose(ops.matmul(ops.softmax(scores), v), [0, 2, 1, 3]), [b, n, d]),
  );
}

class Block extends Module {
  readonly #heads: number;
  norm1: LayerNorm;
  norm2: LayerNorm;
  qkv: Linear;
  proj: Linear;
  fc: Linear;
  out: Linear;
  mod: Linear | undefined;

  constructor(width: number, heads: number, adaln: boolean) {
    super();
    this.#heads = heads;
    this.norm1 = new LayerNorm(width, { elementwiseAffine: !adaln });
    this.norm2 = new LayerNorm(width, { elementwiseAffine: !adaln });
    this.qkv = new Linear(width, 3 * width);
    this.proj = new Linear(width, width);
    this.fc = new Linear(width, 4 * width);
    this.out = new Linear(4 * width, width);
    this.mod = adaln ? new Linear(width, 6 * width) : undefined;
  }

  forward(x: Tensor, cond?: Tensor): Tensor {
    const mlp = (h: Tensor): Tensor => this.out.forward(ops.gelu(this.fc.forward(h)));
    if (!this.mod || !cond) {
      const h = ops.add(x, attention(this.norm1.forward(x), this.qkv, this.proj, this.#heads, true));
      return ops.add(h, mlp(this.norm2.forward(h)));
    }
    const m = this.mod.forward(cond);
    const [s1, c1, g1, s2, c2, g2] = ops.chunk(
      ops.reshape(m, [m.shape[0]!, 1, m.shape[1]!]),
      6,
      2,
    ) as Tensor[];
    const on = (h: Tensor, scale: Tensor, shift: Tensor): Tensor =>
      ops.add(ops.mul(h, ops.add(scale, 1)), shift);
    const h = ops.add(
      x,
      ops.mul(g1!, attention(on(this.norm1.forward(x), c1!, s1!), this.qkv, this.proj, this.#heads, false)),
    );
    return ops.add(h, ops.mul(g2!, mlp(on(this.norm2.forward(h), c2!, s2!))));
  }
}

export class DiT extends Module {
  readonly #width: number;
  t1: Linear;
  t2: Linear;
  embed: Linear;
  pos: Parameter;
  blocks: Block[];
  norm: LayerNorm;
  mod: Linear;
  out: Linear;

  constructor(depth = 6, width = 256, heads = 4, tokens = 64, features = 48) {
    super();
    this.#width = width;
    this.t1 = new Linear(width, width);
    this.t2 = new Linear(width, width);
    this.embed = new Linear(features, width);
    this.pos = new Parameter([tokens, width], normalInit(0, 0.02));
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads, true));
    this.norm = new LayerNorm(width, { elementwiseAffine: false });
    this.mod = new Linear(width, 2 * width);
    this.out = new Linear(width, features);
  }

  forward(x: Tensor, t: Tensor): Tensor {
    const cond = ops.silu(
      this.t2.forward(ops.silu(this.t1.forward(sinusoids(ops.cast(t, "float32"), this.#width)))),
    );
    let h = ops.add(this.embed.forward(x), this.pos);
    for (const block of this.blocks) h = block.forward(h, cond);
    const m = this.mod.forward(cond);
    const [shift, scale] = ops.chunk(ops.reshape(m, [m.shape[0]!, 1, m.shape[1]!]), 2, 2) as [Tensor, Tensor];
    return this.out.forward(ops.add(ops.mul(this.norm.forward(h), ops.add(scale, 1)), shift));
  }
}

export class GPT extends Module {
  tok: Embedding;
  pos: Embedding;
  blocks: Block[];
  norm: LayerNorm;

  constructor(depth = 4, width = 128, heads = 4, context = 128, vocab = 256) {
    super();
    this.tok = new Embedding(vocab, width);
    this.pos = new Embedding(context, width);
    this.blocks = Array.from({ length: depth }, () => new Block(width, heads, false));
    this.norm = new LayerNorm(width);
  }

  /** Token ids [B, T] to logits [B, T, vocabulary]; the head shares the token embedding. */
  forward(ids: Tensor): Tensor {
    let h = ops.add(this.tok.forward(ids), this.pos.weight);
    for (const block of this.blocks) h = block.forward(h);
    return ops.matmul(this.norm.forward(h), this.tok.weight, { transB: true });
  }
}
