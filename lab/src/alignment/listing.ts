/**
 * All that can be written for a prompt, listed: with so few letters and so short answers the chance of every completion is known, and
 * with it the exact reward and divergence of a policy.
 */
import { type Compiled, compile } from "galatea/engine/compile.ts";
import type { Engine } from "galatea/engine/engine.ts";
import type { Asked, Dialogue } from "galatea/rl/alignment/dialogue.ts";
import type { Gpt } from "galatea/sequence/gpt.ts";
import { type NdArray, ndarray } from "galatea/tensor/ndarray.ts";
import { softmax } from "galatea/tensor/ops.ts";
import type { Tensor } from "galatea/tensor/tensor.ts";
import { holding } from "galatea/tensor/trace.ts";

export interface ListingOptions {
  readonly prompts: readonly Asked[];
  readonly dialogue: Dialogue;
  /** The most tokens of a completion, its ending too. */
  readonly most: number;
}

export class Listing {
  /** Every completion as text: those that end, the short ones first, then those that are cut. */
  readonly texts: readonly string[];
  readonly #program: Compiled<[Tensor], Tensor>;
  /** The longest ones behind each prompt. */
  readonly #rows: NdArray;
  readonly #options: ListingOptions;
  /** Tokens that do not end; the ending is the last of all. */
  readonly #letters: number;

  constructor(module: Gpt, engine: Engine, options: ListingOptions) {
    const { prompts, dialogue, most } = options;
    this.#options = options;
    this.#letters = dialogue.vocabSize - 1;
    const n = this.#letters;
    const words = (length: number): number[][] =>
      Array.from({ length: n ** length }, (_, i) =>
        Array.from({ length }, (__, at) => Math.floor(i / n ** (length - 1 - at)) % n),
      );
    const full = words(most - 1);
    const read = prompts.map(({ prompt }) => dialogue.prompt(prompt));
    const width = read[0]!.length + most - 1;
    const rows = read.flatMap((prompt) => full.map((word) => [...prompt, ...word]));
    this.#rows = ndarray(Int32Array.from(rows.flat()), [rows.length, width]);
    this.texts = Array.from({ length: most + 1 }, (_, length) => words(length))
      .flat()
      .map((word) => dialogue.text(word));
    // The tokens behind the prompt and each of its continuations, seen from one forward pass over the longest ones.
    this.#program = compile(
      (tokens: Tensor) =>
        holding(
          module.variables().map(([, variable]) => variable),
          () => softmax(module.forward(tokens).narrow(1, width - most, width)),
        ),
      { engine, name: "listing completions" },
    );
  }

  /** The chance of each completion, prompt by prompt. */
  async chances(): Promise<readonly Float64Array[]> {
    const { prompts, most, dialogue } = this.#options;
    const [n, V] = [this.#letters, dialogue.vocabSize];
    const { data } = await this.#program(this.#rows);
    const perPrompt = n ** (most - 1);
    return prompts.map((_, p) => {
      const out: number[] = [];
      let before = Float64Array.of(1);
      for (let length = 0; length < most; length++) {
        const after = new Float64Array(before.length * n);
        for (let i = 0; i < before.length; i++) {
          // The first of the longest ones that begin so.
          const row = p * perPrompt + i * n ** (most - 1 - length);
          const at = (row * most + length) * V;
          out.push(before[i]! * Number(data[at + dialogue.ending]));
          for (let a = 0; a < n; a++) after[i * n + a] = before[i]! * Number(data[at + a]);
        }
        before = after;
      }
      return Float64Array.from([...out, ...before]);
    });
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}
