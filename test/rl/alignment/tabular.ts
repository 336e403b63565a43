import { compile } from "../../../src/engine/compile.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import * as init from "../../../src/nn/init.ts";
import { Module, Parameter } from "../../../src/nn/module.ts";
import { ndarray } from "../../../src/tensor/ndarray.ts";
import { arange, gather, logSoftmax, reshape, sum } from "../../../src/tensor/ops.ts";
import { hostUniform, type Key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** A policy of strings of L symbols that has a number for every prefix and symbol: what a model of any size could learn. */
export class Tabular extends Module {
  readonly logits: Parameter;
  readonly prefixes: number;
  constructor(
    readonly symbols: number,
    readonly length: number,
  ) {
    super();
    this.prefixes = (symbols ** length - 1) / (symbols - 1);
    this.logits = new Parameter([this.prefixes, symbols], init.normal(0, 0.5));
  }

  get strings(): number {
    return this.symbols ** this.length;
  }

  /** The prefix before each token of string s, and the token. */
  read(s: number): { prefixes: number[]; tokens: number[] } {
    const V = this.symbols;
    const tokens = Array.from(
      { length: this.length },
      (_, t) => Math.floor(s / V ** (this.length - 1 - t)) % V,
    );
    let [start, value] = [0, 0];
    const prefixes = tokens.map((token, t) => {
      const here = start + value;
      start += V ** t;
      value = value * V + token;
      return here;
    });
    return { prefixes, tokens };
  }

  /** ln π of the tokens of strings, [N, L]. */
  logProbs(
    prefixes: Tensor,
    tokens: Tensor,
    logits: Tensor = gather(this.logits, arange(this.prefixes)),
  ): Tensor {
    const logp = reshape(logSoftmax(logits), [-1]);
    return gather(logp, prefixes.mul(this.symbols).add(tokens));
  }

  /** π of every string. */
  async policy(engine: Engine): Promise<Float64Array> {
    const all = this.batch(Int32Array.from({ length: this.strings }, (_, s) => s));
    const program = compile(
      (b: typeof all) => sum(this.logProbs(b.prefixes as never, b.tokens as never), { axes: 1 }),
      { engine },
    );
    const { data } = await program(all as never);
    await program.dispose();
    return Float64Array.from(data as Float32Array, Math.exp);
  }

  batch(strings: Int32Array) {
    const read = Array.from(strings, (s) => this.read(s));
    const shape = [strings.length, this.length];
    return {
      prefixes: ndarray(Int32Array.from(read.flatMap(({ prefixes }) => prefixes)), shape),
      tokens: ndarray(Int32Array.from(read.flatMap(({ tokens }) => tokens)), shape),
    };
  }
}

/** n draws by their probabilities. */
export function drawn(p: Float64Array, n: number, key: Key): Int32Array {
  const sums = new Float64Array(p.length);
  p.reduce((sum, x, i) => (sums[i] = sum + x), 0);
  return Int32Array.from(hostUniform(key, n), (u) => {
    let [low, high] = [0, p.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (u * sums[p.length - 1]! < sums[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}
