import { parseArgs } from "node:util";
import { compile } from "../src/engine/compile.ts";
import type { Device } from "../src/engine/engine.ts";
import { nodeEngine } from "../src/engine/onnx/node.ts";
import { gptDecoder } from "../src/sequence/decoder.ts";
import { Gpt } from "../src/sequence/gpt.ts";
import { Key } from "../src/tensor/random.ts";

/**
 * tsx bench/decoding.ts [--device wasm]
 *
 * Tokens a second of a GPT of the bench's size (4 blocks of width 128, 256 tokens), weights baked in, one row, with a
 * key–value cache of 1024 positions: around positions 16 and 512, the median of 256 steps each. JSON lines.
 */
const { values } = parseArgs({ options: { device: { type: "string", default: "cpu" } } });
const engine = await nodeEngine({ device: values.device as Device, threads: 2, flushDenormals: true });
const gpt = new Gpt({
  vocabSize: 256, context: 1024, width: 128, heads: 4, layers: 4, feedForward: 512, activation: "gelu_tanh",
  attention: true, gated: false, norm: "pre", normKind: "layer", residual: true, dropout: 0, bias: true,
  positions: "learned", causal: true, tied: true,
}).initialize(Key.seed(0)); // biome-ignore format: as one reads options
const decoder = gptDecoder(gpt, 1, (fn, name) =>
  compile(fn, { engine, name: name!, freeze: gpt.parameters() }),
);

/** Milliseconds of each step from this position on. */
async function timed(from: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let position = from; position < from + count; position++) {
    const start = performance.now();
    await decoder.step(Int32Array.of(position % 256), position);
    times.push(performance.now() - start);
  }
  return times;
}

await timed(0, 256);
const at: Record<number, number[]> = { 16: [], 512: [] };
for (let round = 0; round < 8; round++)
  for (const position of [16, 512]) at[position]!.push(...(await timed(position, 32)));
const medians = Object.entries(at).map(([position, times]) => {
  const median = times.sort((a, b) => a - b)[times.length >> 1]!;
  console.log(
    JSON.stringify({
      name: "decoding step",
      engine: engine.name,
      parameters: gpt.parameterCount,
      capacity: gpt.options.context,
      position: Number(position),
      median_ms: Math.round(1e4 * median) / 1e4,
      tokens_per_second: Math.round(1000 / median),
    }),
  );
  return median;
});
console.log(
  JSON.stringify({
    name: "decoding, position 512 over 16",
    engine: engine.name,
    time: Math.round((1000 * medians[1]!) / medians[0]!) / 1000,
    max_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
await decoder.dispose();
await engine.dispose();
