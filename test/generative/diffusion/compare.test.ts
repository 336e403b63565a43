import { describe, expect, test } from "vitest";
import {
  type Cell,
  cellName,
  cellsOf,
  compareChart,
  compareGrids,
  compareTables,
  findings,
  inOrder,
  type MeasuredCell,
  median,
  planOfCell,
  SPACINGS,
  speedUp,
  stepsOf,
} from "../../../src/generative/compare/cells.ts";
import { ddpm, type Eta } from "../../../src/generative/diffusion/samplers.ts";
import { noiseSchedule } from "../../../src/generative/diffusion/schedule.ts";
import { fullTrajectory } from "../../../src/generative/diffusion/trajectory.ts";
import { chartSvg } from "../../../src/plot/chart.ts";

const etas: Eta[] = [0, 1, "sigma-hat"];
const schedule = noiseSchedule("linear", 1000);

test("every combination once, few steps first; every step is every step, however they are spaced", () => {
  const cells = cellsOf(1000, { etas, steps: [1000, 10, 50, 10], spacings: SPACINGS });
  expect(cells.map(cellName)).toEqual([
    "eta-0-steps-10-linear",
    "eta-1-steps-10-linear",
    "eta-sigma-hat-steps-10-linear",
    "eta-0-steps-10-quadratic",
    "eta-1-steps-10-quadratic",
    "eta-sigma-hat-steps-10-quadratic",
    "eta-0-steps-50-linear",
    "eta-1-steps-50-linear",
    "eta-sigma-hat-steps-50-linear",
    "eta-0-steps-50-quadratic",
    "eta-1-steps-50-quadratic",
    "eta-sigma-hat-steps-50-quadratic",
    "eta-0-steps-1000-every",
    "eta-1-steps-1000-every",
    "eta-sigma-hat-steps-1000-every",
  ]);
  expect(stepsOf(1000)).toEqual([10, 20, 50, 100, 1000]);
  expect(stepsOf(50)).toEqual([10, 20, 50]);
});

test("a cell's plan is DDIM over its steps; what is impossible is said", () => {
  const { plan, path } = planOfCell(schedule, { eta: 0, S: 10, spacing: "quadratic" });
  expect(plan.name).toBe("ddim, η = 0");
  expect(path.steps.map(({ t }) => t)).toEqual([999, 809, 639, 489, 359, 249, 159, 89, 39, 9]);
  const official = planOfCell(schedule, { eta: 1, S: 300, spacing: "linear" }, "official");
  expect(official.plan.steps).toHaveLength(334);
  expect(() => planOfCell(schedule, { eta: 0, S: 2000, spacing: "linear" })).toThrow(
    "2000 sampling steps were asked for, but the noise schedule has 1000: ask for 1000 or fewer",
  );
  expect(() => planOfCell(schedule, { eta: -1, S: 10, spacing: "linear" })).toThrow("not -1");
});

test("σ̂ over every step is DDPM with its larger variance: x_s is the same sum", () => {
  const { plan } = planOfCell(schedule, { eta: "sigma-hat", S: 1000, spacing: "every" });
  const want = ddpm(schedule, fullTrajectory(1000), { variance: "fixed-large" });
  for (const i of [0, 1, 500, 998, 999]) {
    const [a, b] = [plan.steps[i]!, want.steps[i]!];
    expect(a.weights.noise).toBeCloseTo(b.weights.noise, 12);
    // ε̂ is (x − √ᾱ·x̂₀)/√(1 − ᾱ): written in x and x̂₀ the weights are those of DDPM.
    const { signal, noise } = a.level;
    expect(a.weights.epsilon / noise).toBeCloseTo(b.weights.x, 10);
    expect(a.weights.x0 - (a.weights.epsilon * signal) / noise).toBeCloseTo(b.weights.x0, 10);
  }
});

const measured = (cell: Cell, frechet: number, milliseconds: number, recognised?: number): MeasuredCell => ({
  ...cell,
  ran: cell.S,
  frechet,
  milliseconds,
  precision: 0.75,
  recall: 0.5,
  sharpness: 0.25,
  ...(recognised !== undefined && { recognised }),
});

/** Numbers made up so that each can be told apart: what is tested is where they go. */
const table: MeasuredCell[] = [
  measured({ eta: 0, S: 50, spacing: "linear" }, 2.5, 10, 0.97),
  measured({ eta: 1, S: 50, spacing: "linear" }, 4, 10, 0.9),
  measured({ eta: "sigma-hat", S: 50, spacing: "linear" }, 30, 12, 0.5),
  measured({ eta: 0, S: 50, spacing: "quadratic" }, 3.75, 10, 0.96),
  measured({ eta: 0, S: 1000, spacing: "every" }, 2.25, 200, 0.98),
  measured({ eta: "sigma-hat", S: 1000, spacing: "every" }, 2, 210, 0.99),
];

describe("the tables", () => {
  const text = compareTables(table);

  test("rows of η and columns of S, an empty cell where nothing was measured", () => {
    expect(text).toContain(
      [
        "## Fréchet distance, linear steps",
        "",
        "|  | S = 50 | S = 1000 |",
        "| --- | ---: | ---: |",
        "| η = 0 | 2.50 | 2.25 |",
        "| η = 1 | 4.00 |  |",
        "| σ̂ | 30.00 | 2.00 |",
      ].join("\n"),
    );
    expect(text).toContain("| η = 0 | 3.75 | 2.25 |\n| σ̂ |  | 2.00 |");
    expect(text).toContain("## Recognised as the class asked for, quadratic steps");
  });

  test("every cell with its time, and how much faster than DDPM it is", () => {
    expect(speedUp(table[0]!, table)).toBe(21);
    expect(text).toContain(
      "| η = 0, linear steps | 50 | 50 | 2.50 | 97.0 % | 0.75 | 0.50 | 0.25 | 10.00 | 21.0 × |",
    );
    expect(text).toContain(
      "| σ̂, every step | 1000 | 1000 | 2.00 | 99.0 % | 0.75 | 0.50 | 0.25 | 210.00 | 1.0 × |",
    );
    expect(speedUp(table[0]!, table.slice(0, 5))).toBeUndefined();
  });

  test("a model without classes has no recognised share", () => {
    const plain = table.map((cell) => ({ ...cell, recognised: undefined }));
    expect(compareTables(plain)).not.toContain("ecognised");
    expect(compareTables(plain)).toContain(
      "| η = 0, linear steps | 50 | 50 | 2.50 | 0.75 | 0.50 | 0.25 | 10.00 | 21.0 × |",
    );
  });
});

test("what the table says of DDIM is said in words", () => {
  const [linear, quadratic, order] = findings(table);
  expect(linear).toBe(
    "η = 0 with 50 linear steps: Fréchet distance 2.50, 1.25 times that of DDPM at S = 1000 (2.00), 21.0 times faster",
  );
  expect(quadratic).toContain("η = 0 with 50 quadratic steps: Fréchet distance 3.75, 1.88 times");
  expect(order).toBe("linear steps, S = 50: best η = 0, worst σ̂");
  expect(findings(table.slice(3, 5))).toEqual([]);
});

test("cells in whatever order they were measured stand in the table's", () => {
  const cells = cellsOf(1000, { etas, steps: [10, 50, 1000], spacings: SPACINGS });
  expect(inOrder([...cells].reverse())).toEqual(cells);
});

test("pictures: rows of η, and the columns of S that all of them have", () => {
  const [linear, quadratic] = compareGrids(table, cellName);
  expect(linear).toEqual({
    spacing: "linear",
    columns: ["S = 50"],
    rows: [
      { name: "η = 0", images: ["eta-0-steps-50-linear"] },
      { name: "η = 1", images: ["eta-1-steps-50-linear"] },
      { name: "σ̂", images: ["eta-sigma-hat-steps-50-linear"] },
    ],
  });
  expect(quadratic!.columns).toEqual(["S = 1000"]);
  expect(quadratic!.rows.map(({ name }) => name)).toEqual(["η = 0", "σ̂"]);
  const apart = [measured({ eta: 1, S: 10, spacing: "linear" }, 4, 10), table[0]!];
  expect(compareGrids(apart, cellName)).toEqual([]);
  const every = compareGrids(table.slice(4), cellName);
  expect(every).toHaveLength(1);
  expect(every[0]).toMatchObject({ spacing: "every", columns: ["S = 1000"] });
});

test("the plot names each η, each spacing and the floor", async () => {
  const svg = await chartSvg(compareChart("a model", table, { value: 0.5, samples: 1000 }));
  for (const words of ["a model", "linear steps", "quadratic steps", "σ̂", "η = 0", "floor, n = 1000"])
    expect(svg).toContain(words);
});

test("the median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(3);
});
