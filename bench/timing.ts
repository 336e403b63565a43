export interface Repeats {
  readonly repeats: number;
  /** Steps not counted, first. JavaScript's compiler needs some hundreds where a step takes a fraction of a millisecond. */
  readonly warmup?: number;
}

/** How long training steps take, each of which gives its loss; and this process's peak memory. */
export async function timeSteps(
  step: () => Promise<number>,
  { repeats, warmup = 3 }: Repeats,
): Promise<Record<string, unknown>> {
  const all: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < warmup + repeats; i++) {
    const start = performance.now();
    losses.push(await step());
    all.push(performance.now() - start);
  }
  const times = all.slice(warmup).sort((a, b) => a - b);
  return {
    median_ms: round(times[repeats >> 1]!),
    p12_ms: round(times[Math.floor(repeats * 0.12)]!),
    first_ms: round(all[0]!),
    loss: [losses[0], losses.at(-1)],
    max_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
