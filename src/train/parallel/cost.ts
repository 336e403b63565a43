/**
 * What a data-parallel step costs: each rank computes its share of the batch, then the gradients are added up, and nothing
 * overlaps. Thakur, Rabenseifner and Gropp (2005), "Optimization of collective communication operations in MPICH".
 */

/** A network between ranks. */
export interface Network {
  /** Seconds that a message takes however short it is, α. */
  readonly latency: number;
  /** Bytes a second from one rank to another, 1/β. */
  readonly bandwidth: number;
}

/** A training, measured on one rank. */
export interface Workload {
  /** Bytes of the gradients: four a parameter. */
  readonly bytes: number;
  /** Examples in a batch of all ranks together. */
  readonly batch: number;
  /** Seconds of a step that do not depend on the batch (the update, mostly), and those of each example. */
  readonly fixed: number;
  readonly each: number;
}

/**
 * Seconds of an all-reduce. Long vectors go by reduce-scatter and all-gather, which send 2(n − 1)/n of the bytes in 2⌈log₂ n⌉
 * messages (Rabenseifner); short ones whole, in ⌈log₂ n⌉. The faster of the two is taken, as MPI libraries do.
 */
export function allReduceSeconds(ranks: number, bytes: number, { latency, bandwidth }: Network): number {
  if (ranks === 1) return 0;
  const rounds = Math.ceil(Math.log2(ranks));
  const halving = 2 * rounds * latency + (2 * (ranks - 1) * bytes) / (ranks * bandwidth);
  const doubling = rounds * (latency + bytes / bandwidth);
  return Math.min(halving, doubling);
}

/** Seconds of a step of so many ranks. */
export const stepSeconds = (
  ranks: number,
  { bytes, batch, fixed, each }: Workload,
  network: Network,
): number => fixed + (each * batch) / ranks + allReduceSeconds(ranks, bytes, network);

/** How many times faster than one rank. */
export const speedup = (ranks: number, workload: Workload, network: Network): number =>
  stepSeconds(1, workload, network) / stepSeconds(ranks, workload, network);

/** The line through (x, y) pairs by least squares: y = a + b·x. */
export function line(points: readonly (readonly [number, number])[]): { a: number; b: number } {
  const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const b =
    points.reduce((s, [x, y]) => s + (x - mx) * (y - my), 0) /
    points.reduce((s, [x]) => s + (x - mx) ** 2, 0);
  return { a: my - b * mx, b };
}
