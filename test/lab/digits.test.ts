import { expect, test } from "vitest";
import { type Answer, type Chain, PIXELS } from "../../lab/src/digits/chain.ts";
import { Chains } from "../../lab/src/digits/chains.ts";
import { commandOf } from "../../lab/src/digits/copies.ts";
import { keeping, nothing, stroke } from "../../lab/src/digits/painting.ts";
import { chainOf } from "../../lab/src/digits/settings.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { openRunIn } from "../../src/model/node.ts";
import { MODELS } from "../../src/models.ts";

const engine = await nodeEngine({ threads: 1 });
const run = await openRunIn({ models: MODELS, recipes: {}, data: [] }, "ddpm-mnist", { engine });
const chains = new Chains(run, engine);

async function answers(all: readonly Chain[], wanted = () => true): Promise<Answer[]> {
  const parts: Answer[] = [];
  await chains.run(all, (part) => parts.push(part), wanted);
  return parts;
}
const far = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

test("with η = 1 the films of DDIM and DDPM are the same; each frame is its guess and its noise", async () => {
  const two = (["ddim", "ddpm"] as const).map((sampler) => chainOf({ steps: 3, eta: 1 }, { sampler }));
  const parts = await answers(two);
  expect(parts.map(({ kind }) => kind)).toEqual(["begun", "step", "step", "step", "done"]);
  const frames = parts.flatMap((part) => (part.kind === "step" ? [part.frames] : []));
  expect(frames.map(([one]) => one!.t)).toEqual([999, 665, 332]);
  for (const [a, b] of frames) expect(far(a!.x, b!.x)).toBeLessThan(1e-3);
  const done = parts.at(-1) as Extract<Answer, { kind: "done" }>;
  expect(far(done.images[0]!, frames.at(-1)![0]!.x0)).toBeLessThan(1e-5);
});

test("a chain that is no longer wanted ends without images", async () => {
  let steps = 0;
  const parts = await answers([chainOf({ steps: 3 })], () => ++steps < 3);
  expect(parts.map(({ kind }) => kind)).toEqual(["begun", "step", "step"]);
});

test("the command makes the image of the film", async () => {
  const chain = chainOf({ class: "7", seed: 5, steps: 2 });
  expect(commandOf(chain)).toBe("npx galatea sample ddpm-mnist --seed 5 --count 1 --steps 2 --class 7");
  const done = (await answers([chain])).at(-1) as Extract<Answer, { kind: "done" }>;
  const { pictures } = await run.do("sample", { count: 1, steps: 2, class: "7" }, { seed: 5 });
  const { images } = pictures![0] as { images: { data: Float32Array } };
  const greys = done.images[0]!.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));
  expect(far(greys, images.data)).toBeLessThan(1e-5);
});

test("the brush leaves ink or paper that is kept, or nothing", () => {
  const digit = new Float32Array(PIXELS).fill(0.5);
  const half = keeping(digit, "left");
  const at = ({ pixels, mask }: ReturnType<typeof nothing>, x: number, y: number): number[] => [
    pixels[28 * y + x]!,
    mask[28 * y + x]!,
  ];
  expect(at(half, 13, 5)).toEqual([0.5, 1]);
  expect(at(half, 14, 5)[1]).toBe(0);
  const inked = stroke(half, "ink", [20.5, 5.5], [24.5, 5.5]);
  expect(at(inked, 22, 5)).toEqual([1, 1]);
  expect(at(inked, 22, 9)[1]).toBe(0);
  expect(at(stroke(inked, "paper", [22.5, 5.5], [22.5, 5.5]), 22, 5)).toEqual([0, 1]);
  expect(at(stroke(inked, "free", [22.5, 5.5], [22.5, 5.5]), 22, 5)[1]).toBe(0);
  expect(nothing().mask.some(Boolean)).toBe(false);
});
