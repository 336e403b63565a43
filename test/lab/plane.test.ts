/** Models in the plane, as the lab's worker has them. */
import { afterAll, expect, test } from "vitest";
import { Experiment } from "../../lab/src/plane/experiment.ts";
import { FIRST_LOOK, type Look, type Sampling } from "../../lab/src/plane/models.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** The mean length of the ways from noise. */
function length({ ways }: Look): number {
  const { steps, points } = ways!;
  const count = points.length / steps;
  let sum = 0;
  for (let i = count; i < points.length; i += 2)
    sum += Math.hypot(points[i]! - points[i - count]!, points[i + 1]! - points[i + 1 - count]!);
  return (2 * sum) / count;
}

test("DDPM and DDIM begin at the same noises; DDPM's ways are crooked, so longer; each is the same again", async () => {
  const live = await Experiment.open(
    { model: "ddpm", data: "ring-8", seed: 0, options: { width: 16 } },
    engine,
  );
  for (let i = 0; i < 20; i++) await live.next();
  const look = (sampling: Sampling) => live.look({ ...FIRST_LOOK, layers: ["ways"], sampling });
  const [smooth, crooked] = [await look({ eta: 0, steps: 12 }), await look({ eta: 1, steps: 12 })];
  for (const { ways } of [smooth, crooked]) expect(ways!.steps).toBe(13);
  const noises = ({ ways }: Look) => ways!.points.slice(0, ways!.points.length / 13);
  expect(noises(crooked)).toEqual(noises(smooth));
  expect(length(crooked)).toBeGreaterThan(1.5 * length(smooth));
  expect((await look({ eta: 1, steps: 12 })).samples).toEqual(crooked.samples);
  await live.dispose();
}, 120_000);
