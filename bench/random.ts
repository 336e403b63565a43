import { type Distribution, fillRandom, Key } from "../src/tensor/random.ts";

/** Random numbers a second on one core, a million at a time into one array, as a program's feeds are made. */
const N = 1 << 20;
const key = Key.seed(0);
const mask = { keep: 230 };
const cases: readonly (readonly [string, Distribution, Uint32Array | Float32Array | Uint8Array])[] = [
  ["bits", "bits", new Uint32Array(N)],
  ["uniform", "uniform", new Float32Array(N)],
  ["normal", "normal", new Float32Array(N)],
  ["mask", mask, new Uint8Array(N)],
];
for (const [name, distribution, out] of cases) {
  const times = Array.from({ length: 300 }, () => {
    const start = performance.now();
    fillRandom(distribution, key, out);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const rate = (ms: number): number => Math.round(N / 1000 / ms);
  const [best, median] = [times[0]!, times[150]!];
  console.log(JSON.stringify({ workload: "random", name, million_a_second: rate(median), best: rate(best) }));
}
