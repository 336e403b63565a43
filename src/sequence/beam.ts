import { UserError } from "../errors.ts";
import type { Decoder } from "./decoder.ts";
import { type GenerateOptions, processorsOf, Reader, rowOf } from "./generate.ts";
import { type LogitsProcessor, logProbabilities } from "./logits.ts";

export interface BeamOptions extends Omit<GenerateOptions, "key"> {
  /**
   * α: a sequence of n new tokens is ranked by log p / n^α. 0 favours the short, 1 is the mean (Wu et al. 2016 in the
   * form of Hugging Face's `length_penalty`).
   */
  readonly lengthPenalty?: number;
  /**
   * When a search is over, once as many sequences are whole as there are beams, in Hugging Face's words: false, where no open one
   * ranks above the worst of them as it stands; "never", where none could even if it went on to the greatest length with no
   * loss of probability, which for α > 0 is seldom before that length is reached. "never" when left out.
   */
  readonly earlyStopping?: false | "never";
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
  const [found] = await beamSearches(decoder, prompt, { ...options, beams: decoder.rows });
  return found!;
}

/**
 * Several beam searches side by side, each in `beams` rows of the decoder that follow one another: what each has found. They
 * differ where the decoder's rows do, which look at different sources.
 * @throws UserError where an option is given that draws by chance.
 */
export async function beamSearches(
  decoder: Decoder,
  prompt: readonly number[],
  options: BeamOptions & { readonly beams: number },
): Promise<readonly (readonly Found[])[]> {
  const odd = BY_CHANCE.find((name) => options[name] !== undefined && options[name] !== NONE[name]);
  if (odd)
    throw new UserError(`a beam search draws nothing: leave option \`${odd}\` out, or option \`beams\``);
  const { beams, maxNewTokens, signal } = options;
  const { rows, vocabSize } = decoder;
  const how = { ...options, prompt: prompt.length, processors: processorsOf(options) };
  const reader = new Reader(decoder);
  // At first all beams are the same: one of them counts.
  const sums = Array.from({ length: beams }, (_, i) => (i === 0 ? 0 : Number.NEGATIVE_INFINITY));
  let searches: Search[] = Array.from({ length: rows / beams }, () => ({ sums, found: [], open: true }));
  let logits = await reader.prompt(prompt);
  for (let n = 1; n <= maxNewTokens; n++) {
    signal?.throwIfAborted();
    const tokens = Array.from({ length: rows }, () => prompt[0]!);
    const from = Int32Array.from({ length: rows }, (_, row) => row);
    searches = searches.map((search, i) => {
      if (!search.open) return search;
      const row = (beam: number): number => i * beams + beam;
      const next = extended(search, n, how, {
        logits: (beam) => rowOf(logits, row(beam), vocabSize),
        tokens: (beam) => reader.rows[row(beam)]!,
      });
      for (const [beam, { from: before, token }] of next.goesOn.entries()) {
        tokens[row(beam)] = token;
        from[row(beam)] = row(before);
      }
      return next;
    });
    if (n === maxNewTokens || searches.every(({ open }) => !open)) break;
    logits = await reader.next(tokens, from);
  }
  return searches.map(({ found }) => found);
}

interface Search {
  /** log p of each beam. */
  readonly sums: readonly number[];
  /** Whole sequences, the best first. */
  readonly found: readonly Found[];
  /** Whether an open sequence may still be better. */
  readonly open: boolean;
}

/** What each beam has read, and the logits of what follows. */
interface Read {
  logits(beam: number): Float64Array;
  tokens(beam: number): readonly number[];
}

type How = Omit<BeamOptions, "processors"> & {
  readonly beams: number;
  readonly prompt: number;
  readonly processors: readonly LogitsProcessor[];
};

/** A search with its `n`-th token, and for each beam which it goes on from, by which token. */
function extended(
  { sums, found: before }: Search,
  n: number,
  {
    beams,
    prompt,
    processors,
    maxNewTokens,
    stopTokens = [],
    lengthPenalty = 1,
    earlyStopping = "never",
  }: How,
  read: Read,
): Search & { readonly goesOn: readonly { readonly from: number; readonly token: number }[] } {
  const score = (logProbability: number, length: number): number => logProbability / length ** lengthPenalty;
  const candidates: { sum: number; beam: number; token: number }[] = [];
  for (const [beam, sum] of sums.entries()) {
    if (sum === Number.NEGATIVE_INFINITY) continue;
    const logp = logProbabilities(read.logits(beam));
    const history = { tokens: read.tokens(beam), prompt };
    const changed = processors.reduce((now, by) => by(now, history), logp);
    for (const [token, l] of changed.entries())
      if (l > Number.NEGATIVE_INFINITY) candidates.push({ sum: sum + l, beam, token });
  }
  candidates.sort((a, b) => b.sum - a.sum || a.beam - b.beam || a.token - b.token);
  const open: typeof candidates = [];
  const whole: Found[] = [];
  // Every beam may end at once, and as many must be left to go on.
  for (const candidate of candidates.slice(0, 2 * beams)) {
    const { sum, beam, token } = candidate;
    const ends = stopTokens.includes(token) || n === maxNewTokens;
    if (!ends && open.length < beams) open.push(candidate);
    if (!ends) continue;
    const tokens = [...read.tokens(beam).slice(prompt), token];
    whole.push({ tokens, logProbability: sum, score: score(sum, n) });
  }
  const found = [...before, ...whole].sort((a, b) => b.score - a.score).slice(0, beams);
  const best = open[0];
  // Log-probabilities only fall: with no more of them, the longest an open one can be ranks it highest for α > 0.
  const longest = earlyStopping === "never" ? maxNewTokens : n;
  const hope = best && Math.max(score(best.sum, n), score(best.sum, longest));
  const done = hope === undefined || (found.length === beams && found.at(-1)!.score >= hope);
  const goesOn = Array.from({ length: done ? 0 : beams }, (_, i) => {
    const { beam, token } = open[i] ?? best!;
    return { from: open[i] ? beam : 0, token };
  });
  return {
    sums: Array.from({ length: beams }, (_, i) => open[i]?.sum ?? Number.NEGATIVE_INFINITY),
    found,
    open: !done,
    goesOn,
  };
}
