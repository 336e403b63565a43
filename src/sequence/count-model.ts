import type { TokenStream } from "../data/data.ts";

/** Where documents end: the token that ends each, which the next begins after; undefined where a text is one piece. */
type Ending = number | undefined;

/**
 * The n-gram model of a text, interpolated after Witten and Bell (1991; Chen and Goodman 1999, section 2.5): with h the
 * last k tokens, c(h·w) how often w followed h, and T(h) how many different tokens did,
 *
 *   pₖ(w | h) = (c(h·w) + T(h)·pₖ₋₁(w | h′)) / (Σ c(h·) + T(h)),   p₋₁(w) = 1/V,
 *
 * where h′ is h without its oldest token. It counts and knows nothing: what a network must beat.
 */
export class CountModel {
  readonly order: number;
  readonly #vocabSize: number;
  readonly #ending: Ending;
  /** Sequences of tokens as a tree: from node and token to the node below. Node 0 is the empty sequence. */
  readonly #below = new Map<number, number>();
  readonly #count: number[] = [0];
  /** Of each node: how often anything follows it, and how many different tokens do. */
  readonly #total: number[] = [0];
  readonly #types: number[] = [0];

  /** @param order n: the model looks back n − 1 tokens. */
  constructor(text: TokenStream, order: number, vocabSize: number, ending?: number) {
    this.order = order;
    this.#vocabSize = vocabSize;
    this.#ending = ending;
    const { tokens } = text;
    for (const [i, start] of this.#histories(tokens))
      for (let from = start; from <= i; from++) this.#add(tokens, from, i);
  }

  /** Each token's place, and where the longest history before it begins. A document's begins with the last one's ending. */
  *#histories(tokens: Int32Array): Generator<readonly [at: number, start: number]> {
    let document = 0;
    for (let i = 0; i < tokens.length; i++) {
      yield [i, Math.max(document, i - this.order + 1)];
      if (tokens[i] === this.#ending) document = i;
    }
  }

  /** Count that tokens[at] followed tokens[from … at − 1]. */
  #add(tokens: Int32Array, from: number, at: number): void {
    // Histories were counted as they grew, so that the node is there.
    const history = this.#walk(tokens, from, at) ?? 0;
    const key = history * this.#vocabSize + tokens[at]!;
    let node = this.#below.get(key);
    if (node === undefined) {
      node = this.#count.push(0) - 1;
      this.#total.push(0);
      this.#types.push(0);
      this.#below.set(key, node);
      this.#types[history]!++;
    }
    this.#count[node]!++;
    this.#total[history]!++;
  }

  #walk(tokens: Int32Array, from: number, to: number): number | undefined {
    let node: number | undefined = 0;
    for (let i = from; i < to && node !== undefined; i++)
      node = this.#below.get(node * this.#vocabSize + tokens[i]!);
    return node;
  }

  /** p(tokens[at] | tokens[start … at − 1]) by the longest history down to none. */
  #probability(tokens: Int32Array, start: number, at: number): number {
    let p = 1 / this.#vocabSize;
    for (let from = at; from >= start; from--) {
      const history = this.#walk(tokens, from, at);
      const total = history === undefined ? 0 : this.#total[history]!;
      // What never came before can tell nothing, nor can what is longer.
      if (total === 0) break;
      const types = this.#types[history!]!;
      const node = this.#below.get(history! * this.#vocabSize + tokens[at]!);
      p = ((node === undefined ? 0 : this.#count[node]!) + types * p) / (total + types);
    }
    return p;
  }

  /** −log p of each token of a text, in nats. */
  losses({ tokens }: TokenStream): Float64Array {
    const out = new Float64Array(tokens.length);
    for (const [i, start] of this.#histories(tokens)) out[i] = -Math.log(this.#probability(tokens, start, i));
    return out;
  }

  /** Their mean. */
  loss(text: TokenStream): number {
    return this.losses(text).reduce((sum, loss) => sum + loss, 0) / text.length;
  }
}
