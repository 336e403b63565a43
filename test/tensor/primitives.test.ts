import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { checkOne, OPS, waysOf } from "./check.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

describe("every primitive: value, gradient and gradient of the gradient on random shapes", () => {
  test.each(OPS)("%s", async (op) => {
    const ways = waysOf(op);
    for (const [way, smooth] of ways.entries())
      await fc.assert(
        fc.asyncProperty(fc.nat(1e6), async (draw) => {
          const { label, problem } = await checkOne(engine, op, way + ways.length * draw);
          expect(problem, label).toBeUndefined();
        }),
        { numRuns: smooth ? 8 : 3, seed: 1, endOnFailure: true },
      );
  });
});
