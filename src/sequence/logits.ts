/**
 * What a distribution over the next token is changed by before one is drawn: pure functions of logits and of what was
 * written, with the names and meanings of Hugging Face's `generate`. A token that may not come has logit −∞.
 */

/** What a row's next token may depend on. */
export interface History {
  /** The tokens so far, the prompt's first. */
  readonly tokens: readonly number[];
  /** How many of them are the prompt's. */
  readonly prompt: number;
}

/** New logits [V] from the logits of the next token; the array may be changed in place. */
export type LogitsProcessor = (logits: Float64Array, history: History) => Float64Array;

const NEVER = Number.NEGATIVE_INFINITY;

/** log softmax. */
export function logProbabilities(logits: Float64Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), NEVER);
  const log = most + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return logits.map((x) => x - log);
}

/** Tokens by falling logit; among equals, the smaller first. */
const ranked = (logits: Float64Array): Int32Array =>
  Int32Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);

/** Keep what `keep` says, and at least the likeliest. */
function only(logits: Float64Array, keep: Iterable<number>): Float64Array {
  const out = new Float64Array(logits.length).fill(NEVER);
  for (const token of keep) out[token] = logits[token]!;
  return out;
}

/** Below 1 the likely become likelier, above 1 all become more alike. */
export const temperature =
  (t: number): LogitsProcessor =>
  (logits) =>
    logits.map((x) => x / t);

/** The k likeliest tokens alone (Fan et al. 2018). */
export const topK =
  (k: number): LogitsProcessor =>
  (logits) =>
    k >= logits.length ? logits : only(logits, ranked(logits).subarray(0, k));

/** Tokens in `order` until their probabilities reach p together. */
function until(p: number, order: Int32Array, logp: Float64Array): Int32Array {
  let [sum, count] = [0, 0];
  while (count < order.length && sum < p) sum += Math.exp(logp[order[count++]!]!);
  return order.subarray(0, Math.max(1, count));
}

/** The fewest likeliest tokens that together have probability p (nucleus sampling, Holtzman et al. 2020). */
export const topP =
  (p: number): LogitsProcessor =>
  (logits) =>
    p >= 1 ? logits : only(logits, until(p, ranked(logits), logProbabilities(logits)));

/** Tokens at least `share` times as likely as the likeliest (Nguyen et al. 2024). */
export const minP =
  (share: number): LogitsProcessor =>
  (logits) => {
    const floor = logits.reduce((a, b) => Math.max(a, b), NEVER) + Math.log(share);
    return logits.map((x) => (x >= floor ? x : NEVER));
  };

/** Tokens whose surprise is nearest to the expected, until they have probability p (Meister et al. 2023). */
export const typical =
  (p: number): LogitsProcessor =>
  (logits) => {
    const logp = logProbabilities(logits);
    const entropy = logp.reduce((sum, l) => (l === NEVER ? sum : sum - l * Math.exp(l)), 0);
    const odd = logp.map((l) => Math.abs(-l - entropy));
    return only(logits, until(p, ranked(odd.map((x) => -x)), logp));
  };

/** What has been written becomes less likely by a factor (Keskar et al. 2019): positive logits are divided by it. */
export const repetitionPenalty =
  (penalty: number): LogitsProcessor =>
  (logits, { tokens }) => {
    for (const token of new Set(tokens))
      logits[token] = logits[token]! > 0 ? logits[token]! / penalty : logits[token]! * penalty;
    return logits;
  };

/** Each time a token was written, not counting the prompt, takes `frequency` from its logit; the first, `presence` more. */
export const countPenalty =
  (frequency: number, presence: number): LogitsProcessor =>
  (logits, { tokens, prompt }) => {
    const written = tokens.slice(prompt);
    for (const token of written) logits[token]! -= frequency;
    for (const token of new Set(written)) logits[token]! -= presence;
    return logits;
  };

/** No n tokens in a row come twice (Paulus et al. 2018). */
export const noRepeat =
  (n: number): LogitsProcessor =>
  (logits, { tokens }) => {
    const last = tokens.slice(tokens.length - (n - 1));
    for (let i = 0; i + n <= tokens.length; i++)
      if (last.every((token, j) => tokens[i + j] === token)) logits[tokens[i + n - 1]!] = NEVER;
    return logits;
  };

/** No sequence of these comes: its last token is forbidden where the others stand. */
export const badWords =
  (sequences: readonly (readonly number[])[]): LogitsProcessor =>
  (logits, { tokens }) => {
    for (const sequence of sequences) {
      const before = sequence.slice(0, -1);
      const at = tokens.length - before.length;
      if (at >= 0 && before.every((token, i) => tokens[at + i] === token)) logits[sequence.at(-1)!] = NEVER;
    }
    return logits;
  };

/** Not before so many new tokens: no stop token. */
export const minNewTokens =
  (least: number, stops: readonly number[]): LogitsProcessor =>
  (logits, { tokens, prompt }) => {
    if (tokens.length - prompt < least) for (const token of stops) logits[token] = NEVER;
    return logits;
  };

/** A draw from the distribution, by u in [0, 1). */
export function drawn(logits: Float64Array, u: number): number {
  const logp = logProbabilities(logits);
  let [sum, last] = [0, 0];
  for (const [token, l] of logp.entries()) {
    if (l === NEVER) continue;
    sum += Math.exp(l);
    last = token;
    if (u < sum) return token;
  }
  return last;
}

/** The likeliest token; among equals, the smallest number. */
export function likeliest(logits: Float64Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}
