/** Targets for sources, by greedy choice, by chance or by beam search, and how near they come to the true ones. */
import { distance } from "fastest-levenshtein";
import type { TokenPair } from "../data/data.ts";
import { UserError } from "../errors.ts";
import type { Context } from "../model/contract.ts";
import type { Key } from "../tensor/random.ts";
import { beamSearches } from "./beam.ts";
import { bucketsOf } from "./buckets.ts";
import type { EncoderDecoder } from "./encoder-decoder.ts";
import { type GenerateOptions, generate } from "./generate.ts";
import { type PairDecoder, pairDecoder } from "./pair-decoder.ts";

/** Rows that are written side by side at most. */
const ROWS = 128;
/** Lengths that sources are padded to: each has programs of its own. */
const LENGTHS = 3;

/** What a model writes for a source. */
export interface Translation {
  /** Without the end. */
  readonly tokens: readonly number[];
  readonly logProbability: number;
}

export interface TranslateOptions extends Omit<GenerateOptions, "key" | "maxNewTokens" | "stopTokens"> {
  /** The most tokens of a target; twice the longest source and 20 more when left out. */
  readonly maxNewTokens?: number | undefined;
  /** Sequences of a beam search; 1: none. */
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly key: Key;
}

type Means = Pick<Context, "compile" | "progress">;

/**
 * The targets that a model writes for sources: with beams, those that the search found, the best first; without, one. By
 * default each token is the likeliest.
 * @throws UserError where a source is longer than the model's context.
 */
export async function translate(
  model: EncoderDecoder,
  sources: readonly ArrayLike<number>[],
  { maxNewTokens, beams = 1, temperature = beams > 1 ? 1 : 0, ...options }: TranslateOptions,
  { compile, progress }: Means,
): Promise<readonly (readonly Translation[])[]> {
  const longest = sources.reduce((most, source) => Math.max(most, source.length), 0);
  if (longest > model.context)
    throw new UserError(
      `a source has ${longest} tokens, which is more than the model's context of ${model.context}: shorten it`,
    );
  const capacity = Math.min(maxNewTokens ?? 2 * longest + 20, model.context);
  const how = { ...options, temperature, maxNewTokens: capacity, stopTokens: [model.end] };
  const found = new Map<number, readonly Translation[]>();
  for (const { sourceLength, members } of byLength(sources)) {
    const side = Math.min(members.length, Math.max(1, Math.floor(ROWS / beams)));
    const decoder = pairDecoder(model, { rows: side * beams, sourceLength, capacity }, compile);
    try {
      for (let at = 0; at < members.length; at += side) {
        progress(found.size, sources.length, "translating");
        const some = members.slice(at, at + side);
        // One number of rows, one program: the last are filled up.
        const full = Array.from({ length: side }, (_, i) => sources[some[i] ?? some[0]!]!);
        await decoder.read(full.flatMap((source) => Array.from({ length: beams }, () => source)));
        const key = options.key.split(sourceLength).split(at);
        const written = await (beams > 1
          ? searched(decoder, { ...how, beams })
          : drawn(decoder, { ...how, key }));
        for (const [i, member] of some.entries()) found.set(member, written[i]!);
      }
    } finally {
      await decoder.dispose();
    }
  }
  progress(sources.length, sources.length, "translating");
  return sources.map((_, i) => found.get(i)!);
}

/** Sources of like lengths together, by their numbers. */
function byLength(
  sources: readonly ArrayLike<number>[],
): { readonly sourceLength: number; readonly members: readonly number[] }[] {
  const { edges, bucketOf } = bucketsOf(
    sources.map(({ length }) => length),
    LENGTHS,
  );
  return edges.map((sourceLength, bucket) => ({
    sourceLength,
    members: sources.flatMap((_, n) => (bucketOf[n] === bucket ? [n] : [])),
  }));
}

const withoutEnd = (tokens: readonly number[], end: number): readonly number[] =>
  tokens.at(-1) === end ? tokens.slice(0, -1) : tokens;

async function searched(
  decoder: PairDecoder,
  how: Omit<GenerateOptions, "key"> & { readonly beams: number; readonly lengthPenalty?: number },
): Promise<Translation[][]> {
  const end = decoder.vocabSize - 1;
  // A target is about as long as its source: to wait for the greatest length would take several times as long.
  const all = await beamSearches(decoder, [end], { ...how, earlyStopping: false });
  return all.map((found) =>
    found.map(({ tokens, logProbability }) => ({ tokens: withoutEnd(tokens, end), logProbability })),
  );
}

async function drawn(decoder: PairDecoder, how: GenerateOptions): Promise<Translation[][]> {
  const end = decoder.vocabSize - 1;
  const rows = Array.from({ length: decoder.rows }, () => ({ tokens: [] as number[], logProbability: 0 }));
  for await (const { row, token, logProbability } of generate(decoder, [end], how)) {
    rows[row]!.logProbability += logProbability;
    if (token !== end) rows[row]!.tokens.push(token);
  }
  return rows.map((row) => [row]);
}

/** A source and all its true targets. */
export interface Reference {
  readonly source: Int32Array;
  readonly targets: readonly Int32Array[];
}

/** Pairs by their sources: a word with all its pronunciations. */
export function referencesOf(pairs: readonly TokenPair[]): readonly Reference[] {
  const bySource = new Map<string, { source: Int32Array; targets: Int32Array[] }>();
  for (const { source, target } of pairs) {
    const known = bySource.get(source.join());
    if (known) known.targets.push(target);
    else bySource.set(source.join(), { source, targets: [target] });
  }
  return [...bySource.values()];
}

const asText = (tokens: ArrayLike<number>): string =>
  Array.from(tokens, (token) => String.fromCodePoint(token)).join("");

/** Levenshtein's distance of two sequences of tokens. */
export const editDistance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  distance(asText(a), asText(b));

export interface Agreement {
  /** Share of sources whose translation is one of their targets. */
  readonly exactMatch: number;
  /** Edit distances to the nearest target, together, as a part of these targets' lengths: PER where tokens are phones. */
  readonly tokenErrorRate: number;
}

/** How well translations agree with the references. A translation is right where it equals any of a source's targets. */
export function agreement(
  references: readonly Reference[],
  translations: readonly (readonly number[])[],
): Agreement {
  let [right, errors, length] = [0, 0, 0];
  for (const [i, { targets }] of references.entries()) {
    const distances = targets.map((target) => editDistance(translations[i]!, target));
    const least = Math.min(...distances);
    if (least === 0) right++;
    errors += least;
    length += targets[distances.indexOf(least)]!.length;
  }
  return { exactMatch: right / references.length, tokenErrorRate: errors / length };
}
