/**
 * The peer jax-js: the training step of ./vae.ts as one jitted function in WebAssembly. Prints one JSON line.
 *
 *     npm install --prefix bench/peers
 *     npx tsx bench/peers/jax.ts
 *
 * A function of jax-js owns its arguments (`.ref` keeps an array for another use), so the step consumes parameters and
 * moments, and their memory is free for the next ones: what donating buffers is in JAX. Its kernels take threads only where
 * there is a global `Worker`, which Node has not; products, sums and comparisons are compiled to SIMD, fused multiply–adds
 * where the platform knows them, exponentials and divisions to scalar code.
 */
import { createRequire } from "node:module";
import { init, jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import { timeSteps } from "../timing.ts";
import { BATCH, images, initial, LATENTS, LAYERS, PIXELS, REPEATS } from "./vae.ts";

type Layer = { weight: np.Array; bias: np.Array };
type Layers = [Layer, Layer, Layer, Layer];
type State = { parameters: Layers; m: Layers; v: Layers; t: np.Array };

const dense = (x: np.Array, { weight, bias }: Layer): np.Array => np.dot(x, weight).add(bias);

function negativeBound(layers: Layers, x: np.Array, noise: np.Array): np.Array {
  const [encoder1, encoder2, decoder1, decoder2] = layers;
  const code = dense(nn.relu(dense(x.ref, encoder1)), encoder2);
  const [mean, logVariance] = np.split(code, 2, 1) as [np.Array, np.Array];
  const z = mean.ref.add(np.exp(logVariance.ref.mul(0.5)).mul(noise));
  const logits = dense(nn.relu(dense(z, decoder1)), decoder2);
  const reconstruction = nn.softplus(logits.ref).sub(x.mul(logits)).sum();
  const kl = np.square(mean).add(np.exp(logVariance.ref)).sub(logVariance.add(1)).sum();
  return reconstruction.add(kl.mul(0.5)).div(BATCH);
}

const [RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];
const each = (f: (...arrays: np.Array[]) => np.Array, ...trees: Layers[]): Layers =>
  tree.map(f as never, ...(trees as [Layers])) as Layers;
const power = (base: number, t: np.Array): np.Array => np.exp(t.mul(Math.log(base)));

/** The loss, and Adam's next state (Kingma and Ba, algorithm 1). */
const step = jit((state: State, x: np.Array, key: np.Array): [np.Array, State] => {
  const noise = random.normal(key, [BATCH, LATENTS]);
  const [loss, g] = valueAndGrad(negativeBound)(tree.ref(state.parameters), x, noise) as [np.Array, Layers];
  const t = state.t.add(1);
  const m = each((m, g) => m.mul(BETA1).add(g.mul(1 - BETA1)), state.m, tree.ref(g));
  const v = each((v, g) => v.mul(BETA2).add(np.square(g).mul(1 - BETA2)), state.v, g);
  const rate = np.divide(RATE, np.subtract(1, power(BETA1, t.ref)));
  const correction = np.divide(1, np.subtract(1, power(BETA2, t.ref)));
  const parameters = each(
    (p, m, v) => p.sub(m.mul(rate.ref).div(np.sqrt(v.mul(correction.ref)).add(EPSILON))),
    state.parameters,
    tree.ref(m),
    tree.ref(v),
  );
  rate.dispose();
  correction.dispose();
  return [loss, { parameters, m, v, t }];
});

await init("wasm");
const parameters = LAYERS.map(([inputs, outputs], i) => ({
  weight: np.array(initial(`weight ${i}`, inputs * outputs, inputs)).reshape([inputs, outputs]),
  bias: np.array(initial(`bias ${i}`, outputs, inputs)),
})) as Layers;
const zeros = (): Layers => each((p) => np.zeros(p.shape), parameters);
let state: State = { m: zeros(), v: zeros(), t: np.array(0, { dtype: np.float32 }), parameters };
let key = random.key(0);
const x = np.array(images()).reshape([BATCH, PIXELS]);

const times = await timeSteps(async () => {
  const [next, now] = random.split(key);
  key = next!;
  const [loss, after] = step(state, x.ref, now!);
  state = after;
  return (await loss.data())[0]!;
}, REPEATS);
const { version } = createRequire(import.meta.url)("./node_modules/@jax-js/jax/package.json");
console.log(
  JSON.stringify({
    peer: `jax-js ${version} wasm`,
    workload: "vae-wasm",
    dtype: "f32",
    threads: "Worker" in globalThis ? "several" : 1,
    parameters: tree.leaves(state.parameters).reduce((n: number, p) => n + (p as np.Array).size, 0),
    ...times,
  }),
);
