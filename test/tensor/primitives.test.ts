import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { CASES } from "./cases.ts";
import { checkOne, OPS } from "./check.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** Enough that each way an op is drawn comes up several times. */
const runs = (op: (typeof OPS)[number]): number => Math.max(10, 4 * CASES[op].length);

describe("every primitive: value, gradient and gradient of the gradient on random shapes", () => {
  test.each(OPS)("%s", async (op) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1e6), async (seed) => {
        const { label, problem } = await checkOne(engine, op, seed);
        expect(problem, label).toBeUndefined();
      }),
      { numRuns: runs(op), seed: 1, endOnFailure: true },
    );
  });
});
