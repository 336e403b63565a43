import { UserError } from "../../errors.ts";
import type { Decoder } from "../../sequence/decoder.ts";
import { PADDING } from "../../sequence/examples.ts";
import { drawCategorical } from "../deep/sampling.ts";
import type { Rng } from "../random.ts";

/** Prompts and completions of N rows: each array is [N, T], row by row, where position t predicts token t + 1. */
export interface Rollout {
  readonly rows: number;
  /** T: positions of a row. */
  readonly positions: number;
  /** [N, T + 1]; behind the end stands `PADDING`. */
  readonly tokens: Int32Array;
  /** 1 where the next token belongs to the completion, its ending too. */
  readonly mask: Float32Array;
  /** ln π of those tokens, at the temperature they were drawn at. */
  readonly logProbs: Float32Array;
  /** Where each completion begins, and how many tokens it has. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** 1 where the ending was drawn; 0 where the completion was cut for its length. */
  readonly ended: Uint8Array;
}

export interface RolloutOptions {
  readonly maxNewTokens: number;
  readonly ending: number;
  /** 0: always the likeliest token. */
  readonly temperature: number;
  readonly rng: Rng;
  /** T + 1: all rollouts of a run have the same shape, so that one program serves them. */
  readonly width: number;
}

/**
 * A completion of each prompt, drawn from a cached decoder in all rows at once. Rows go side by side from position to position:
 * while one still reads its prompt, another writes already, so that prompts of all lengths need no padding.
 * @throws UserError where a prompt and its completion are longer than the context
 */
export async function rollout(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  { maxNewTokens, ending, temperature, rng, width }: RolloutOptions,
): Promise<Rollout> {
  const [N, T] = [prompts.length, width - 1];
  const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  requireRoom(longest, maxNewTokens, decoder.capacity);
  const tokens = new Int32Array(N * width).fill(PADDING);
  const [mask, logProbs] = [new Float32Array(N * T), new Float32Array(N * T)];
  const [lengths, ended] = [new Int32Array(N), new Uint8Array(N)];
  const starts = Int32Array.from(prompts, ({ length }) => length);
  for (const [n, prompt] of prompts.entries()) tokens.set(prompt, n * width);
  const [drawn, chances, column] = [new Int32Array(N), new Float32Array(N), new Int32Array(N)];
  let open = N;
  for (let t = 0; t < T && open > 0; t++) {
    for (let n = 0; n < N; n++) column[n] = Math.max(tokens[n * width + t]!, 0);
    const logits = await decoder.step(column, t);
    if (!prompts.some(({ length }) => t + 1 >= length)) continue;
    choose(logits, temperature, rng, drawn, chances);
    for (let n = 0; n < N; n++) {
      if (t + 1 < starts[n]! || ended[n] === 1 || lengths[n] === maxNewTokens) continue;
      tokens[n * width + t + 1] = drawn[n]!;
      mask[n * T + t] = 1;
      logProbs[n * T + t] = chances[n]!;
      lengths[n]!++;
      ended[n] = Number(drawn[n] === ending);
      if (ended[n] === 1 || lengths[n] === maxNewTokens) open--;
    }
  }
  return { rows: N, positions: T, tokens, mask, logProbs, starts, lengths, ended };
}

function choose(
  logits: Float32Array,
  temperature: number,
  rng: Rng,
  drawn: Int32Array,
  chances: Float32Array,
): void {
  if (temperature === 0) {
    const V = logits.length / drawn.length;
    for (let n = 0; n < drawn.length; n++) {
      let best = 0;
      for (let v = 1; v < V; v++) if (logits[n * V + v]! > logits[n * V + best]!) best = v;
      drawn[n] = best;
    }
    return;
  }
  const cool = temperature === 1 ? logits : logits.map((x) => x / temperature);
  drawCategorical(cool, undefined, rng, drawn, chances);
}

/** @throws UserError where a prompt and its completion are longer than the context */
export function requireRoom(prompt: number, maxNewTokens: number, context: number): void {
  if (prompt + maxNewTokens > context)
    throw new UserError(
      `a prompt of ${prompt} tokens and a completion of ${maxNewTokens} (option \`maxNewTokens\`) are more than the model's context of ${context}: give shorter prompts, or train a model with a larger option \`context\``,
    );
}

/** The tokens of a row's completion. */
export const completionOf = ({ tokens, positions, starts, lengths }: Rollout, n: number): Int32Array => {
  const start = n * (positions + 1) + starts[n]!;
  return tokens.subarray(start, start + lengths[n]!);
};

/** The rows of both, one after the other. */
export function joined(a: Rollout, b: Rollout): Rollout {
  const both = <A extends Float32Array | Int32Array | Uint8Array>(x: A, y: A): A => {
    const out = new (x.constructor as new (n: number) => A)(x.length + y.length);
    out.set(x);
    out.set(y, x.length);
    return out;
  };
  return {
    rows: a.rows + b.rows,
    positions: a.positions,
    tokens: both(a.tokens, b.tokens),
    mask: both(a.mask, b.mask),
    logProbs: both(a.logProbs, b.logProbs),
    starts: both(a.starts, b.starts),
    lengths: both(a.lengths, b.lengths),
    ended: both(a.ended, b.ended),
  };
}

/** Some of the rows. */
export function rowsAt(from: Rollout, rows: readonly number[]): Rollout {
  const { positions: T } = from;
  const some = <A extends Float32Array | Int32Array | Uint8Array>(x: A, size: number): A => {
    const out = new (x.constructor as new (n: number) => A)(rows.length * size);
    for (const [i, n] of rows.entries()) out.set(x.subarray(n * size, (n + 1) * size), i * size);
    return out;
  };
  return {
    rows: rows.length,
    positions: T,
    tokens: some(from.tokens, T + 1),
    mask: some(from.mask, T),
    logProbs: some(from.logProbs, T),
    starts: some(from.starts, 1),
    lengths: some(from.lengths, 1),
    ended: some(from.ended, 1),
  };
}
