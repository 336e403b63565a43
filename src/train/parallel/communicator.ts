import { UserError } from "../../errors.ts";
import type { StateDict } from "../../nn/module.ts";
import type { Share } from "../../tensor/random.ts";

/**
 * The processes that train one model together, called ranks as in MPI. Every rank calls the same methods in the same order,
 * and each waits for all others.
 */
export interface Communicator {
  /** This process, 0 ≤ rank < size. */
  readonly rank: number;
  readonly size: number;
  /** All-reduce: each number becomes its sum over all ranks, in place; the same bits on every rank. */
  sum(values: Float32Array): Promise<void>;
  /** All-gather: each rank's numbers (as many on each), by rank. */
  gather(values: readonly number[]): Promise<number[][]>;
  /** The text that rank 0 passes, on every rank. */
  broadcast(text: string): Promise<string>;
  barrier(): Promise<void>;
  /** Milliseconds spent in these calls so far, waiting for other ranks included. */
  readonly waited: number;
  /** What is said of this training should another process die: "the last good checkpoint is …". */
  remark(text: string): void;
}

/** One process by itself. */
export const ALONE: Communicator = {
  rank: 0,
  size: 1,
  sum: async () => undefined,
  gather: async (values) => [[...values]],
  broadcast: async (text) => text,
  barrier: async () => undefined,
  waited: 0,
  remark: () => undefined,
};

/** Whether it holds on any rank. */
export const anyOf = async (ranks: Communicator, here: boolean): Promise<boolean> =>
  ranks.size === 1 ? here : (await ranks.gather([+here])).some(([there]) => there === 1);

/** These numbers added up over ranks, in their order; rank 0 knows the names, others may lack some. */
export async function addUp(
  ranks: Communicator,
  numbers: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  if (ranks.size === 1) return { ...numbers };
  const names = JSON.parse(await ranks.broadcast(JSON.stringify(Object.keys(numbers)))) as string[];
  const all = await ranks.gather(names.map((name) => numbers[name] ?? 0));
  return Object.fromEntries(names.map((name, i) => [name, all.reduce((sum, one) => sum + one[i]!, 0)]));
}

/** Jobs dealt to ranks, the costliest first, each to the rank that has least to do: those of this rank, in their order. */
export function dealt<J>(
  jobs: readonly J[],
  cost: (job: J) => number,
  { rank, size }: Pick<Communicator, "rank" | "size">,
): J[] {
  const loads = Array.from({ length: size }, () => 0);
  const mine = new Set<J>();
  for (const job of [...jobs].sort((a, b) => cost(b) - cost(a))) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least]! += cost(job);
    if (least === rank) mine.add(job);
  }
  return jobs.filter((job) => mine.has(job));
}

/** A rank's part of each batch. @throws UserError where the ranks do not divide it. */
export function shareOf(batchSize: number, { rank, size }: Pick<Communicator, "rank" | "size">): Share {
  if (batchSize % size !== 0)
    throw new UserError(
      `a batch of ${batchSize} cannot be shared by ${size} ranks: choose a multiple of ${size} (option \`batchSize\`: examples in a batch of all ranks together), or another number of ranks`,
    );
  return { rank, size, rows: batchSize / size };
}

/** The sum over ranks and micro-batches of gradients and scalars, which travel as one flat buffer. */
export class Sum {
  readonly #ranks: Communicator;
  #flat = new Float32Array(0);
  #gathered = 0;

  constructor(ranks: Communicator) {
    this.#ranks = ranks;
  }

  /** Add this rank's arrays of a micro-batch. */
  add(pieces: readonly Float32Array[]): void {
    const length = pieces.reduce((n, piece) => n + piece.length, 0);
    if (this.#flat.length !== length) this.#flat = new Float32Array(length);
    const flat = this.#flat;
    let at = 0;
    for (const piece of pieces) {
      if (this.#gathered === 0) flat.set(piece, at);
      else for (let i = 0; i < piece.length; i++) flat[at + i]! += piece[i]!;
      at += piece.length;
    }
    this.#gathered++;
  }

  /** The sums, cut as `pieces` were; they last until the next `add`. */
  async take(pieces: readonly { readonly length: number }[]): Promise<Float32Array<ArrayBuffer>[]> {
    await this.#ranks.sum(this.#flat);
    this.#gathered = 0;
    let at = 0;
    return pieces.map(({ length }) => this.#flat.subarray(at, (at += length)));
  }
}

/** 64 bits of all these tensors' bytes, as two numbers (FNV-1a over words, on two bases). */
export function hashOf(groups: Readonly<Record<string, StateDict>>): [number, number] {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (const group of Object.values(groups))
    for (const { data } of Object.values(group)) {
      const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
      for (let i = 0; i < words.length; i++) {
        a = Math.imul(a ^ words[i]!, 0x01000193);
        b = Math.imul((b << 5) ^ (b >>> 27) ^ words[i]!, 0x9e3779b1 | 1);
      }
    }
  return [a >>> 0, b >>> 0];
}

/** @throws UserError where ranks that should hold the same numbers do not. */
export async function requireSame(
  ranks: Communicator,
  step: number,
  groups: Readonly<Record<string, StateDict>>,
): Promise<void> {
  if (ranks.size === 1) return;
  const hashes = await ranks.gather(hashOf(groups));
  const [first, ...others] = hashes.map(String);
  const stranger = others.findIndex((hash) => hash !== first) + 1;
  if (stranger > 0)
    throw new UserError(
      `step ${step}: rank ${stranger} has other weights than rank 0, so nothing was saved: all ranks must be started with the same options, the same version and the same kind of processor`,
    );
}
