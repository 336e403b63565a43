import { describe, expect, it } from "vitest";
import { problems } from "../../../examples/bridge/index.ts";
import { stoneGame } from "../../../examples/bridge/lines.ts";
import { fourWays } from "../../../examples/bridge/solve.ts";
import { valueIteration } from "../../../src/rl/mdp/value-iteration.ts";

describe.each(problems.map((problem) => [`${problem.number}. ${problem.name}`, problem] as const))(
  "%s",
  (_, problem) => {
    it.each(problem.samples.map((sample) => [JSON.stringify(sample.input), sample] as const))(
      "%s",
      (_, { input, answer }) => {
        const found = fourWays(problem, input);
        const { certain } = problem.pose(input);
        if (typeof answer === "boolean" || certain) {
          expect(found).toEqual({
            classic: answer,
            valueIteration: answer,
            monteCarlo: answer,
            qLearning: answer,
          });
          return;
        }
        expect(found.classic).toBeCloseTo(answer, 5);
        expect(found.valueIteration).toBeCloseTo(answer, 5);
        // 20,000 episodes leave an error of up to ½/√20000 = 0.0035 a standard deviation; 4 of them.
        expect(Math.abs((found.monteCarlo as number) - answer)).toBeLessThan(0.015);
        expect(Math.abs((found.qLearning as number) - answer)).toBeLessThan(0.03);
      },
    );
  },
);

it("the stone game's leads are +1 and +5", () => {
  for (const [input, lead] of [
    [[5, 3, 4, 5], 1],
    [[3, 7, 2, 3], 5],
  ] as const) {
    const { model, start } = stoneGame.pose([...input]);
    expect(valueIteration(model, { gamma: -1 }).v[start]).toBe(lead);
  }
});

it("there are ten problems, each with samples", () => {
  expect(new Set(problems.map((p) => p.number)).size).toBeGreaterThanOrEqual(10);
  for (const problem of problems) expect(problem.samples.length).toBeGreaterThanOrEqual(2);
});
