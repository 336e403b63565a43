import { describe, expect, it } from "vitest";
import { problems } from "../../../examples/bridge/index.ts";
import { stoneGame } from "../../../examples/bridge/lines.ts";
import type { Place } from "../../../examples/bridge/problem.ts";
import { fourWays, sweep } from "../../../examples/bridge/solve.ts";
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

it.each(problems.map((problem) => [problem.number, problem] as const))(
  "%d: every entry of the classic table is read from the values",
  (_, problem) => {
    for (const { input } of problem.samples) {
      const pose = problem.pose(input);
      const v = sweep(pose);
      const filled: [Place, number][] = [];
      problem.classic(input, (at, value) => filled.push([at, value]));
      expect(filled.length).toBeGreaterThan(input === 0 ? -1 : 0);
      expect(new Set(filled.map(([at]) => at.join())).size).toBe(filled.length); // each is filled once
      for (const [at, value] of filled)
        if (Number.isFinite(value)) expect(pose.entry(v, at), at.join()).toBeCloseTo(value, 9);
        else expect(pose.entry(v, at), at.join()).toBe(value);
    }
  },
);

describe("inputs at the edge of what a problem allows: all four ways answer as the table does", () => {
  const EDGES: Readonly<Record<number, readonly [input: unknown, answer: number | boolean][]>> = {
    64: [[[[5]], 5]],
    174: [
      [[[-4]], 5],
      [[[9]], 1],
    ],
    322: [[{ coins: [7], amount: 1 }, -1]],
    403: [
      [[0, 1], true],
      [[0, 2], false],
    ],
    688: [
      [{ n: 1, k: 1, row: 0, column: 0 }, 0],
      [{ n: 8, k: 0, row: 7, column: 7 }, 1],
    ],
    714: [[{ prices: [5], fee: 0 }, 0]],
    741: [
      [[[1]], 1],
      [[[0]], 0],
    ],
    808: [
      [0, 0.5],
      [1, 0.625],
      [25, 0.625],
    ],
    837: [
      [{ n: 0, k: 0, maxPts: 1 }, 1],
      [{ n: 7, k: 0, maxPts: 3 }, 1],
      [{ n: 1, k: 1, maxPts: 1 }, 1],
      [{ n: 5, k: 5, maxPts: 1 }, 1],
    ],
    877: [[[1, 9], true]],
  };
  it.each(problems.map((p) => [p.number, p] as const))("%d", (number, problem) => {
    for (const [input, answer] of EDGES[number]!) {
      const found = fourWays(problem, input as never, { episodes: 2000 });
      for (const [way, x] of Object.entries(found)) {
        if (typeof answer === "boolean") expect(x, way).toBe(answer);
        // Averages of 2000 draws of what is certain or 0, ½ or 1: their deviation is at most 0.011.
        else expect(Math.abs((x as number) - answer), `${way}: ${JSON.stringify(input)}`).toBeLessThan(0.07);
      }
      expect(found.valueIteration).toBe(found.classic);
    }
  });
});

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
