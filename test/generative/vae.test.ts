import { expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { LogMeanExp } from "../../src/generative/metrics/importance.ts";
import { Vae, type VaeLossOptions, type VaeOptions, vaeLoss } from "../../src/generative/vae.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type NdArray, ndarray } from "../../src/tensor/ndarray.ts";
import { constant, sub, sum, uniform } from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { sharedEngine, value, values } from "./helpers.ts";

const OPTIONS: VaeOptions = {
  network: "mlp",
  latent: 3,
  width: 16,
  depth: 1,
  channels: 4,
  decoder: "bernoulli",
  sigma: "learned",
};
const PLAIN: VaeLossOptions = { beta: 1, warmup: 0, freeBits: 0 };

const make = (
  options: Partial<VaeOptions> = {},
  classes = 0,
  image: [number, number, number] = [1, 4, 4],
): Vae => new Vae(image, { ...OPTIONS, ...options }, classes).initialize(Key.seed(1));

const pictures = (n: number): Tensor => uniform(Key.seed(2), [n, 1, 4, 4]);

test("the bound is below the importance-weighted bound, which grows with k", async () => {
  const model = make();
  // Larger weights than a new network has: the image must depend on the code for the bounds to differ.
  for (const p of model.parameters())
    p.set(
      ndarray(
        (p.value!.data as Float32Array).map((v) => 2 * v),
        p.shape,
      ),
    );
  const [n, k] = [20, 512];
  const program = compile(
    (key: Key) => {
      const { logLikelihood, kl } = model.bound(pictures(n), key.split("bound"));
      return {
        elbo: sub(logLikelihood, sum(kl, { axes: -1 })),
        weights: model.logWeights(pictures(n), key.split("weights"), k),
      };
    },
    { engine: sharedEngine() },
  );
  const mean = (list: ArrayLike<number>): number => Array.from(list).reduce((a, b) => a + b, 0) / list.length;
  const elbos: number[] = [];
  const bounds: Record<number, number[]> = { 1: [], 8: [], 512: [] };
  for (let draw = 0; draw < 40; draw++) {
    const { elbo, weights } = await program(Key.seed(100 + draw));
    elbos.push(mean((elbo as NdArray<"float32">).data));
    for (const size of [1, 8, 512]) {
      const total = new LogMeanExp(n);
      total.add((weights.data as Float32Array).subarray(0, size * n));
      bounds[size]!.push(mean(total.values()));
    }
  }
  const [one, eight, many] = [1, 8, 512].map((size) => mean(bounds[size]!));
  // With one sample both estimate the same bound, one of them with the divergence in closed form.
  expect(Math.abs(one! - mean(elbos))).toBeLessThan(0.2);
  expect(eight!).toBeGreaterThan(one! + 0.1);
  expect(many!).toBeGreaterThan(eight! + 0.05);
});

test("the log of a mean of exponentials is the same in chunks, and does not overflow", () => {
  const [whole, parts] = [new LogMeanExp(2), new LogMeanExp(2)];
  const w = Float32Array.of(-1000, 900, -1001, 905, -999, 100);
  whole.add(w);
  parts.add(w.subarray(0, 2));
  parts.add(w.subarray(2));
  const expected = [
    -999 + Math.log((1 + Math.exp(-1) + Math.exp(-2)) / 3),
    905 + Math.log((1 + Math.exp(-5) + Math.exp(-805)) / 3),
  ];
  for (const total of [whole, parts])
    total.values().forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i]!, 10);
    });
});

test("β weighs the divergence, and warm-up lets the weight grow", async () => {
  const model = make();
  const loss = (options: Partial<VaeLossOptions>, step: number) => {
    const parts = vaeLoss(model, pictures(8), Key.seed(3), constant(step), { ...PLAIN, ...options });
    return [parts.loss, parts.reconstruction!, parts.kl!, parts.elbo!];
  };
  const run = async (options: Partial<VaeLossOptions>, step: number) =>
    (await values(() => loss(options, step))).flat() as [number, number, number, number];
  const [plain, reconstruction, kl, elbo] = await run({}, 0);
  expect(plain).toBeCloseTo(reconstruction + kl, 4);
  expect(elbo).toBeCloseTo(-plain, 4);
  expect((await run({ beta: 4 }, 0))[0]).toBeCloseTo(reconstruction + 4 * kl, 4);
  expect((await run({ beta: 4, warmup: 10 }, 0))[0]).toBeCloseTo(reconstruction, 4);
  expect((await run({ beta: 4, warmup: 10 }, 5))[0]).toBeCloseTo(reconstruction + 2 * kl, 4);
  expect((await run({ beta: 4, warmup: 10 }, 50))[0]).toBeCloseTo(reconstruction + 4 * kl, 4);
});

test("free bits are charged at their floor and give no gradient below it", async () => {
  const model = make();
  const options = { ...PLAIN, freeBits: 5 };
  const parts = (step: Tensor) => vaeLoss(model, pictures(8), Key.seed(3), step, options);
  const [loss, reconstruction, kl] = (
    await values(() => {
      const { loss, reconstruction, kl } = parts(constant(0));
      return [loss, reconstruction!, kl!];
    })
  ).flat();
  // An untrained encoder is close to the prior: each of the three dimensions is far below five nats.
  expect(kl!).toBeLessThan(5);
  expect(loss!).toBeCloseTo(reconstruction! + 3 * 5, 4);
  const [difference] = await values(() => {
    const weight = model.parameters().find((p) => p.name === "encoder.2.weight")!;
    const { loss, reconstruction } = parts(constant(0));
    const [a, b] = [grad(loss, [weight])[0]!, grad(reconstruction!, [weight])[0]!];
    return [sub(a, b)];
  });
  expect(Math.max(...difference!.map(Math.abs))).toBe(0);
});

test("a Gaussian decoder of fixed deviation scores squared errors; a learned one has a parameter for it", async () => {
  const fixed = make({ decoder: "gaussian", sigma: 0.5 });
  expect(fixed.logVar).toBeUndefined();
  const learned = make({ decoder: "gaussian" });
  expect(learned.variables().map(([name]) => name)).toContain("logVar");
  const parts = await values(() => {
    const loss = vaeLoss(learned, pictures(2), Key.seed(3), constant(0), PLAIN);
    return [loss.sigma!, grad(loss.loss, [learned.logVar!])[0]!];
  });
  expect(parts[0]![0]).toBeCloseTo(Math.exp(-1), 5);
  expect(parts[1]![0]).not.toBe(0);
});

test("a conditional model depends on the class, and asks for it", async () => {
  const model = make({}, 4);
  const image = (label: number) =>
    model.decode(
      constant(ndarray(Float32Array.of(0.1, 0.2, 0.3), [1, 3])),
      constant(ndarray(Int32Array.of(label))),
    );
  const [a, b] = await values(() => [image(0), image(3)]);
  expect(a).toHaveLength(16);
  expect(a).not.toEqual(b);
  expect(() => model.encode(pictures(2))).toThrow("a class-conditional VAE needs labels");
  const labels = constant(ndarray(Int32Array.of(0, 1)));
  const weights = await values(() => [model.logWeights(pictures(2), Key.seed(4), 3, labels)]);
  expect(weights[0]).toHaveLength(6);
});

test.each([
  [28, 2],
  [32, 2],
  [32, 3],
])("a convolutional model of %i pixels and %i stages gives images of its size", async (side, depth) => {
  const model = make({ network: "conv", depth }, 0, [1, side, side]);
  const shape = [2, 1, side, side];
  const x = uniform(Key.seed(2), shape);
  const { logLikelihood } = model.bound(x, Key.seed(3));
  expect(model.encode(x).shape).toEqual([2, 3]);
  expect(model.decode(model.encode(x)).shape).toEqual(shape);
  expect(Number.isFinite(await value(() => sum(logLikelihood)))).toBe(true);
});

test("an image that cannot be halved is refused with a sentence", () => {
  expect(() => make({ network: "conv", depth: 3 }, 0, [1, 28, 28])).toThrow(
    'images of 28 × 28 cannot be halved 3 times; choose a smaller depth, or the network "mlp"',
  );
});

test("a fully convolutional code is a small image, and its size must fit one", async () => {
  const model = make({ network: "fully-conv", depth: 1, latent: 8 }, 3);
  const labels = constant(ndarray(Int32Array.of(0, 2)));
  expect(model.encode(pictures(2), labels).shape).toEqual([2, 8]);
  expect(await value(() => sum(model.decode(model.encode(pictures(2), labels), labels)))).toBeGreaterThan(0);
  expect(() => make({ network: "fully-conv", depth: 1, latent: 6 })).toThrow(
    "a fully convolutional code here is an image of 2 × 2: latent must be a multiple of 4",
  );
});
