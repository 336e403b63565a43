/**
 * The peer TensorFlow.js: the training step of ./vae.ts in its WebAssembly backend. Prints one JSON line.
 *
 *     npm install --prefix bench/peers
 *     npx tsx bench/peers/tfjs.ts [--plain]
 *
 * The backend multiplies matrices with XNNPACK only where neither is transposed, and the gradient of `matMul` transposes.
 * So the products here have a gradient of their own, which transposes first; --plain takes the library's,
 * for fewer steps.
 * In Node the backend has no threads.
 */
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { setWasmPaths, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { timeSteps } from "../timing.ts";
import { BATCH, images, initial, LATENTS, LAYERS, PIXELS, REPEATS } from "./vae.ts";

const require = createRequire(import.meta.url);
// tfjs-core's bundle for Node leaves them out.
require("@tensorflow/tfjs-core/dist/register_all_gradients.js");
const wasm = require.resolve("@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm");
setWasmPaths(dirname(wasm) + sep);
await tf.setBackend("wasm");

interface Layer {
  readonly weight: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
}
type Matrix = tf.Tensor2D;

const layers = LAYERS.map(
  ([inputs, outputs], i): Layer => ({
    weight: tf.variable(tf.tensor2d(initial(`weight ${i}`, inputs * outputs, inputs), [inputs, outputs])),
    bias: tf.variable(tf.tensor1d(initial(`bias ${i}`, outputs, inputs))),
  }),
);
const [encoder1, encoder2, decoder1, decoder2] = layers as [Layer, Layer, Layer, Layer];
const variables = layers.flatMap(({ weight, bias }): tf.Variable[] => [weight, bias]);
const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
const x = tf.tensor2d(images(), [BATCH, PIXELS]);

const plain = process.argv.includes("--plain");
const product = plain
  ? (a: Matrix, b: Matrix): Matrix => tf.matMul(a, b)
  : (tf.customGrad((a, b, save) => {
      const [left, right] = [a as Matrix, b as Matrix];
      (save as tf.GradSaveFunc)([left, right]);
      return {
        value: tf.matMul(left, right),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
          tf.matMul(dy, tf.transpose(saved[1]!)),
          tf.matMul(tf.transpose(saved[0]!), dy),
        ],
      };
    }) as (a: Matrix, b: Matrix) => Matrix);
const dense = (input: Matrix, { weight, bias }: Layer): Matrix => tf.add(product(input, weight), bias);

function negativeBound(): tf.Scalar {
  const code = dense(tf.relu(dense(x, encoder1)), encoder2);
  const [mean, logVariance] = tf.split(code, 2, 1) as [Matrix, Matrix];
  const noise = tf.randomNormal([BATCH, LATENTS]);
  const z: Matrix = tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise));
  const logits = dense(tf.relu(dense(z, decoder1)), decoder2);
  const reconstruction = tf.sum(tf.sub(tf.softplus(logits), tf.mul(x, logits)));
  const kl = tf.sum(tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1)));
  return tf.div(tf.add(reconstruction, tf.mul(kl, 0.5)), BATCH);
}

const times = await timeSteps(
  async () => {
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(negativeBound, variables);
      optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value;
    });
    const [value] = await loss.data();
    loss.dispose();
    return value!;
  },
  plain ? { repeats: 20 } : REPEATS,
);
console.log(
  JSON.stringify({
    peer: `tfjs ${version_wasm} wasm`,
    workload: "vae-wasm",
    dtype: "f32",
    threads: (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT")) ? "several" : 1,
    simd: await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"),
    parameters: variables.reduce((n, { size }) => n + size, 0),
    ...times,
  }),
);
