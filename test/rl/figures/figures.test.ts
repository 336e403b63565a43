import { describe, expect, it } from "vitest";
import { csv, drawFigure, figureById, figures } from "../../../src/rl/figures/index.ts";

/**
 * The mean of a figure's number over independent batches, and its standard error. The seeds are fixed: the
 * interval is a property of the code, not of the day.
 */
function measured(id: string, runs: number, batches = 8): Record<string, { mean: number; error: number }> {
  const draws = Array.from(
    { length: batches },
    (_, seed) => drawFigure(figureById(id), { runs, seed }).values,
  );
  return Object.fromEntries(
    Object.keys(draws[0]!).map((key) => {
      const x = draws.map((values) => values[key]!);
      const mean = x.reduce((a, b) => a + b, 0) / batches;
      const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (batches - 1);
      return [key, { mean, error: Math.sqrt(variance / batches) }];
    }),
  );
}

/** Student's t for 8 batches, 99.9%: with some forty comparisons in this file chance fails none of them. */
const T = 5.41;

/** Is the reference, given to its last digit, inside the interval? */
function expectWithin(
  found: { mean: number; error: number } | undefined,
  reference: number,
  digit: number,
): void {
  expect(found).toBeDefined();
  const { mean, error } = found!;
  expect(Math.abs(mean - reference), `${mean} ± ${error} against ${reference}`).toBeLessThan(
    T * error + digit / 2,
  );
  // An interval that holds everything proves nothing.
  expect(error / Math.abs(reference)).toBeLessThan(0.06);
}

describe("figures of the book", () => {
  it("2.2: the testbed, ε = 0.1 chooses the best arm 80% of the time, 0.01 59%, greedy 35%", () => {
    const m = measured("2.2", 100);
    expectWithin(m["% optimal, steps 951–1000, ε = 0.1"], 80, 1);
    expectWithin(m["% optimal, steps 951–1000, ε = 0.01"], 59, 1);
    expectWithin(m["% optimal, steps 951–1000, greedy"], 35, 1);
  });

  it("2.3 … 2.5: optimism, confidence bounds and baselines help", () => {
    const [f3, f4, f5] = ["2.3", "2.4", "2.5"].map((id) => drawFigure(figureById(id), { runs: 200 }).values);
    expect(f3!["% optimal, steps 951–1000, optimistic, greedy: Q₁ = 5, ε = 0"]).toBeGreaterThan(
      f3!["% optimal, steps 951–1000, realistic, ε-greedy: Q₁ = 0, ε = 0.1"]! + 5,
    );
    expect(f4!["reward, steps 951–1000, UCB, c = 2"]).toBeGreaterThan(
      f4!["reward, steps 951–1000, ε = 0.1"]!,
    );
    expect(f4!["reward, steps 951–1000, Thompson"]).toBeGreaterThan(f4!["reward, steps 951–1000, ε = 0.1"]!);
    for (const alpha of [0.1, 0.4]) {
      expect(f5![`% optimal, steps 951–1000, α = ${alpha}, with baseline`]).toBeGreaterThan(
        f5![`% optimal, steps 951–1000, α = ${alpha}, without baseline`]! + 20,
      );
    }
  });

  it("4.1 … 4.3: exact", () => {
    expect(drawFigure(figureById("4.1")).values).toMatchObject({ sweeps: 173, "sweeps in place": 114 });
    const f = drawFigure(figureById("4.3")).values;
    expect([25, 50, 75].map((s) => f[`V(${s})`]!.toFixed(4))).toEqual(["0.1600", "0.4000", "0.6400"]);
    expect([25, 50, 51, 75].map((s) => f[`stake(${s})`])).toEqual([25, 50, 1, 25]);
  });

  it("5.1 … 5.4: Blackjack and importance sampling", () => {
    const f3 = drawFigure(figureById("5.3"), { runs: 20 }).values;
    expect(f3["true value"]!.toFixed(3)).toBe("-0.277");
    expect(f3["error after 10 episodes, weighted"]).toBeLessThan(f3["error after 10 episodes, ordinary"]!);
    expect(f3["error after 10000 episodes, ordinary"]).toBeLessThan(0.005);
    const f4 = drawFigure(figureById("5.4"), { runs: 1 }).values;
    // Unbiased, but nowhere near 1 ± 1/√n after a million episodes.
    expect(Math.abs(f4["largest final estimate"]! - 1)).toBeGreaterThan(0.01);
    expect(f4["largest final estimate"]).toBeGreaterThan(0.4);
  });

  it("example 6.2: RMS error of TD and Monte Carlo at episode 100", () => {
    const m = measured("example-6.2", 50);
    const td = { 0.05: 0.035, 0.1: 0.055, 0.15: 0.07 };
    const mc = { 0.01: 0.097, 0.02: 0.082, 0.03: 0.093, 0.04: 0.108 };
    for (const [a, rms] of Object.entries(td))
      expectWithin(m[`RMS at episode 100, TD, α = ${a}`], rms, 0.001);
    for (const [a, rms] of Object.entries(mc))
      expectWithin(m[`RMS at episode 100, MC, α = ${a}`], rms, 0.001);
  });

  it("6.2: batch TD beats batch Monte Carlo", () => {
    const f = drawFigure(figureById("6.2"), { runs: 20 }).values;
    expect(f["RMS at episode 100, batch TD"]).toBeLessThan(f["RMS at episode 100, batch MC"]! * 0.85);
  });

  it("example 6.5: about 161 episodes on the windy gridworld by step 8000", () => {
    expectWithin(measured("example-6.5", 20)["episodes by step 8000"], 161, 1);
  });

  it("6.4: on the cliff Sarsa gets −27.0, Q-learning −50.0, Expected Sarsa −20.9", () => {
    const m = measured("6.4", 20);
    expectWithin(m["return, episodes 401–500, Sarsa"], -27.0, 0.1);
    expectWithin(m["return, episodes 401–500, Q-learning"], -50.0, 0.1);
    expectWithin(m["return, episodes 401–500, Expected Sarsa"], -20.9, 0.1);
  });

  it("6.5: maximisation bias", () => {
    const m = measured("6.5", 500);
    expectWithin(m["peak % left, Q-learning"], 94, 1);
    expectWithin(m["% left, episodes 291–300, Q-learning"], 12, 1);
    expectWithin(m["% left, episodes 291–300, Double Q-learning"], 6.7, 0.1);
    expect(Math.abs(m["episode of the peak"]!.mean - 21)).toBeLessThan(3);
  });

  it("8.2: Dyna-Q's steps in episode 5: 265 without planning, 23 with 5, 17 with 50 steps", () => {
    const m = measured("8.2", 25);
    expectWithin(m["steps in episode 5, n = 0"], 265, 1);
    expectWithin(m["steps in episode 5, n = 5"], 23, 1);
    expectWithin(m["steps in episode 5, n = 50"], 17, 1);
  });

  it("8.4, 8.5: Dyna-Q+ finds the new way", () => {
    for (const [id, end] of [
      ["8.4", 3000],
      ["8.5", 6000],
    ] as const) {
      const f = drawFigure(figureById(id), { runs: 5 }).values;
      expect(f[`reward at step ${end}, Dyna-Q+`]).toBeGreaterThan(f[`reward at step ${end}, Dyna-Q`]! * 1.1);
    }
  });
});

describe("the list of figures", () => {
  it("knows figures by the book's numbers and the examples' too", () => {
    expect(figureById("6.5").id).toBe("6.5");
    expect(figureById("example-6.6").id).toBe("6.4");
    expect(figureById("figure 2.2").id).toBe("2.2");
    expect(figureById("Example 6.5").id).toBe("example-6.5");
    expect(() => figureById("12.33")).toThrow('unknown figure "12.33". Known: 2.2, 2.3');
    expect(() => drawFigure(figureById("3.2"), { runs: 0 })).toThrow("runs must be a whole number ≥ 1");
    expect(new Set(figures.map((f) => f.id)).size).toBe(figures.length);
  });

  it("gives the same numbers for the same seed, and others for another", () => {
    const draw = (seed: number) => csv(drawFigure(figureById("6.4"), { runs: 1, seed }).table);
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
    expect(draw(1).split("\n")[0]).toBe("episode,Sarsa,Q-learning,Expected Sarsa");
    expect(draw(1).trim().split("\n")).toHaveLength(501);
  });

  it("reports progress up to the whole", () => {
    const seen: number[] = [];
    drawFigure(figureById("8.2"), { runs: 2, progress: (done, total) => seen.push(done / total) });
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });
});
