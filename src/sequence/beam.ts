import { UserError } from "../errors.ts";
import type { Decoder } from "./decoder.ts";
import { type GenerateOptions, processorsOf, Reader, rowOf } from "./generate.ts";
import { logProbabilities } from "./logits.ts";

export interface BeamOptions extends Omit<GenerateOptions, "key"> {
  /**
   * α: a sequence of n new tokens is ranked by log p / n^α. 0 favours the short, 1 is the mean (Wu et al. 2016 in the
   * form of Hugging Face's `length_penalty`).
   */
  readonly lengthPenalty?: number;
}

/** A whole sequence that a search has found. */
export interface Found {
  /** The new tokens, the stop token included. */
  readonly tokens: readonly number[];
  readonly logProbability: number;
  /** What it is ranked by. */
  readonly score: number;
}

/** What chooses by chance has no place in a search. */
const BY_CHANCE = ["temperature", "topK", "topP", "minP", "typicalP"] as const;
const NONE: Readonly<Record<string, number>> = { temperature: 1, topP: 1, minP: 0, typicalP: 1 };

/**
 * Beam search: of all continuations of the `decoder.rows` best sequences the best are kept, until as many are whole and no
 * open one can still be better than the worst of them. The best comes first.
 * @throws UserError where an option is given that draws by chance.
 */
export async function beamSearch(
  decoder: Decoder,
  prompt: readonly number[],
  options: BeamOptions,
): Promise<readonly Found[]> {
  const odd = BY_CHANCE.find((name) => options[name] !== undefined && options[name] !== NONE[name]);
  if (odd)
    throw new UserError(`a beam search draws nothing: leave option \`${odd}\` out, or option \`beams\``);
  const { maxNewTokens, stopTokens = [], lengthPenalty = 1, signal } = options;
  const { rows: beams, vocabSize } = decoder;
  const processors = processorsOf(options);
  const reader = new Reader(decoder);
  const score = (logProbability: number, length: number): number => logProbability / length ** lengthPenalty;
  let found: Found[] = [];
  // At first all beams are the same: one of them counts.
  let sums = Float64Array.from({ length: beams }, (_, i) => (i === 0 ? 0 : Number.NEGATIVE_INFINITY));
  let logits = await reader.prompt(prompt);

  for (let n = 1; n <= maxNewTokens; n++) {
    signal?.throwIfAborted();
    const candidates: { sum: number; beam: number; token: number }[] = [];
    for (let beam = 0; beam < beams; beam++) {
      if (sums[beam] === Number.NEGATIVE_INFINITY) continue;
      const logp = logProbabilities(rowOf(logits, beam, vocabSize));
      const history = { tokens: reader.rows[beam]!, prompt: prompt.length };
      const changed = processors.reduce((now, by) => by(now, history), logp);
      for (let token = 0; token < vocabSize; token++)
        if (changed[token]! > Number.NEGATIVE_INFINITY)
          candidates.push({ sum: sums[beam]! + changed[token]!, beam, token });
    }
    candidates.sort((a, b) => b.sum - a.sum || a.beam - b.beam || a.token - b.token);
    const open: typeof candidates = [];
    // Every beam may end at once, and as many must be left to go on.
    for (const candidate of candidates.slice(0, 2 * beams)) {
      const { sum, beam, token } = candidate;
      const whole = stopTokens.includes(token) || n === maxNewTokens;
      if (!whole && open.length < beams) open.push(candidate);
      if (!whole) continue;
      const tokens = [...reader.rows[beam]!.slice(prompt.length), token];
      found.push({ tokens, logProbability: sum, score: score(sum, n) });
    }
    found = found.sort((a, b) => b.score - a.score).slice(0, beams);
    const best = open[0];
    if (!best || n === maxNewTokens) break;
    // Log-probabilities only fall: with no more of them, the longest an open one can be ranks it highest for α > 0.
    const hope = Math.max(score(best.sum, n), score(best.sum, maxNewTokens));
    if (found.length === beams && found.at(-1)!.score >= hope) break;
    sums = Float64Array.from({ length: beams }, (_, i) => open[i]?.sum ?? Number.NEGATIVE_INFINITY);
    const from = Int32Array.from({ length: beams }, (_, i) => open[i]?.beam ?? 0);
    const next = Array.from({ length: beams }, (_, i) => open[i]?.token ?? best.token);
    logits = await reader.next(next, from);
  }
  return found;
}
