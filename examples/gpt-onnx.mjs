// node examples/gpt-onnx.mjs runs/names/outputs/export/gpt-step-4200.onnx runs/names/config.json --prompt mar
// A GPT without galatea: one step of decoding in ONNX Runtime, its key–value cache handed from step to step.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: "string", default: "" },
    tokens: { type: "string", default: "40" },
    temperature: { type: "string", default: "0.8" },
  },
});
const [file, config] = positionals;

// The run says how text becomes tokens, and which token ends a document.
const { tokenizer, ending } = JSON.parse(readFileSync(config, "utf8")).spec;
if (tokenizer.kind !== "characters") throw new Error(`the tokens are ${tokenizer.kind}, not characters`);
const { symbols } = tokenizer;

// What goes in besides a token and its position is the cache: keys and values of each layer, first zeros.
const session = await InferenceSession.create(file);
let context = 0;
let cache = {};
for (const { name, shape } of session.inputMetadata) {
  if (name === "tokens" || name === "position") continue;
  const [, heads, capacity, size] = shape; // the first is the batch: one text
  context = capacity;
  cache[name] = new Tensor("float32", new Float32Array(heads * capacity * size), [1, heads, capacity, size]);
}

/** Reads a token at a position; gives the logits of what follows. */
async function step(token, position) {
  const { logits, ...next } = await session.run({
    tokens: new Tensor("int32", Int32Array.of(token), [1]),
    position: new Tensor("int32", Int32Array.of(position), [1]),
    ...cache,
  });
  cache = Object.fromEntries(
    Object.entries(next).map(([name, tensor]) => [name.replace("next.", ""), tensor]),
  );
  return logits.data;
}

/** Draws from softmax(logits / temperature); at temperature 0 takes the likeliest. */
function choose(logits, temperature) {
  const most = Math.max(...logits);
  if (temperature === 0) return logits.indexOf(most);
  const weights = Array.from(logits, (x) => Math.exp((x - most) / temperature));
  let left = Math.random() * weights.reduce((a, b) => a + b);
  return weights.findIndex((weight) => (left -= weight) < 0);
}

const prompt = Array.from(values.prompt, (symbol) => symbols.indexOf(symbol));
const read = ending === undefined ? prompt : [ending, ...prompt];
if (read.length === 0 || read.includes(-1))
  throw new Error("give a prompt of characters that the model knows");
process.stdout.write(values.prompt);
let logits;
for (const [position, token] of read.entries()) logits = await step(token, position);
const end = Math.min(read.length + Number(values.tokens), context);
for (let position = read.length; position < end; position++) {
  const token = choose(logits, Number(values.temperature));
  if (token === ending) break;
  process.stdout.write(symbols[token]);
  logits = await step(token, position);
}
process.stdout.write("\n");
