import { describe, expect, test } from "vitest";
import { promotions } from "../../src/sweep/asha.ts";
import { nextOf } from "../../src/sweep/coordinate.node.ts";
import { rungsOf, type Sweep, SweepSchema, trialsOf } from "../../src/sweep/plan.ts";
import type { TrialState } from "../../src/sweep/state.node.ts";

const sweep = (more: object): Sweep => SweepSchema.parse({ train: "vae", ...more });

describe("the runs of a sweep", () => {
  test("every combination, every draw, every seed, in a fixed order, each with its own name", () => {
    const trials = trialsOf(
      sweep({ options: { steps: 5 }, grid: { "batch-size": [8, 16], beta: [1, 4] }, seeds: [0, 1] }),
    );
    expect(trials.map(({ name }) => name).slice(0, 3)).toEqual([
      "batchSize-8-beta-1-seed-0",
      "batchSize-8-beta-1-seed-1",
      "batchSize-8-beta-4-seed-0",
    ]);
    expect(trials).toHaveLength(8);
    expect(trials[7]!.options).toEqual({ steps: 5, batchSize: 16, beta: 4, seed: 1 });
  });
  test("draws stay in their ranges, and more of them leave the first as they are", () => {
    const random = (count: number) =>
      trialsOf(sweep({ random: { count, draw: { lr: { log: [1e-4, 1e-2] }, width: { choice: [8, 16] }, dropout: { uniform: [0, 0.5] } } } })); // biome-ignore format: one thing
    const [few, many] = [random(5), random(200)];
    expect(many.slice(0, 5)).toEqual(few);
    const lr = many.map(({ options }) => options.lr as number);
    expect(Math.min(...lr)).toBeGreaterThanOrEqual(1e-4);
    expect(Math.max(...lr)).toBeLessThanOrEqual(1e-2);
    // Half of the draws below the geometric mean.
    expect(lr.filter((v) => v < 1e-3).length / 200).toBeCloseTo(0.5, 1);
    expect(new Set(many.map(({ options }) => options.width))).toEqual(new Set([8, 16]));
  });
  test.each([
    [{ grid: {} }, /^the grid is empty: give at least one option/],
    [{ grid: { lr: [] } }, /^the grid has no values for lr: give at least one/],
    [{}, /^nothing varies: give a `grid`, `random` draws, or `seeds`/],
    [
      { options: { lr: 1 }, grid: { lr: [1, 2] } },
      /^lr is given twice \(options, grid, random.draw, seeds\)/,
    ],
    [{ options: { out: "x" }, seeds: [1] }, /^out cannot be an option of a sweep/],
    [{ random: { count: 1, draw: { lr: { log: [0, 1] } } } }, /^random.draw.lr: a range from 0 to 1 is none/],
  ])("%j", (more, sentence) => {
    expect(() => trialsOf(sweep(more))).toThrow(sentence);
  });
});

describe("asynchronous successive halving", () => {
  const at = (name: string, ...values: number[]) => ({ name, values, underWay: false });
  const how = { eta: 3, mode: "min" as const };
  test("rungs are η times apart, the last the whole length", () => {
    expect(rungsOf({ eta: 3, first: 100 }, 1000)).toEqual([100, 300, 900, 1000]);
    expect(rungsOf({ eta: 4, first: 100 }, 100)).toEqual([100]);
  });
  test("the best third of a rung goes on, from the highest rung down; then one that has not begun", () => {
    const low = [at("a", 3), at("b", 1), at("c", 2), at("d")];
    expect(promotions(low, how, 3)).toEqual(["b", "d"]);
    // b has gone on already: of three at the first rung, one is promoted, and that was b.
    expect(promotions([at("a", 3), at("b", 1, 5), at("c", 2)], how, 3)).toEqual([]);
    const six = [at("a", 3), at("b", 1, 9), at("c", 2), at("d", 4), at("e", 5), at("f", 6)];
    expect(promotions(six, how, 3)).toEqual(["c"]);
    const high = [
      at("a", 3, 7),
      at("b", 1, 9),
      at("c", 2, 8),
      ...["d", "e", "f", "g", "h", "i"].map((n, i) => at(n, 9 + i)),
    ];
    expect(promotions(high, how, 3)).toEqual(["a"]);
  });
  test("what runs is not sent again; a number that is none is last; large may be good", () => {
    expect(promotions([{ ...at("a", 1), underWay: true }, at("b", 2), at("c", 3)], how, 2)).toEqual([]);
    expect(promotions([at("a", Number.NaN), at("b", 2), at("c", 3)], how, 2)).toEqual(["b"]);
    expect(promotions([at("a", 1), at("b", 2), at("c", 3)], { eta: 3, mode: "max" }, 2)).toEqual(["c"]);
  });
  test("a sweep comes to its end with the budget of the paper: few runs of the whole length", () => {
    const plan = { ...sweep({ seeds: [0] }), asha: { metric: "val_loss", ...how, first: 10 } };
    const rungs = rungsOf(plan.asha, 90);
    const states = Array.from({ length: 27 }, (_, i) => state(`r${String(i).padStart(2, "0")}`));
    for (let turn = 0; turn < 200; turn++) {
      const [name] = nextOf(plan, states, new Set());
      if (name === undefined) break;
      const one = states.find((s) => s.name === name)!;
      const to = rungs.find((rung) => rung > one.step)!;
      // The quality of a run is its number.
      Object.assign(one, {
        step: to,
        until: to,
        rungs: [...one.rungs, Number(name.slice(1))],
        state: to === 90 ? "finished" : "paused",
        steps: 90,
      });
    }
    const reached = rungs.map((rung) => states.filter(({ step }) => step >= rung).length);
    expect(reached[0]).toBe(27);
    expect(reached[1]).toBeGreaterThanOrEqual(9);
    expect(reached[1]).toBeLessThan(15);
    expect(reached[2]).toBeLessThan(6);
    expect(states[0]!.state).toBe("finished");
  });
});

const state = (name: string, more: Partial<TrialState> = {}): TrialState => ({
  name,
  options: {},
  state: "waiting",
  step: 0,
  steps: undefined,
  failures: 0,
  error: undefined,
  numbers: {},
  rungs: [],
  until: undefined,
  ...more,
});

describe("what is started next", () => {
  const plan = sweep({ seeds: [0], retries: 1 });
  test("nothing twice; what failed again, so often as said; what was stopped goes on", () => {
    const states = [
      state("done", { state: "finished" }),
      state("held", { state: "running" }),
      state("queued"),
      state("bad", { state: "failed", failures: 1 }),
      state("worse", { state: "failed", failures: 2 }),
      state("cut", { state: "stopped" }),
    ];
    expect(nextOf(plan, states, new Set(["queued"]))).toEqual(["bad", "cut"]);
  });
  test("a scheduler that does not know of it has lost it, whatever its lock says", () => {
    expect(nextOf(plan, [state("held", { state: "running" })], new Set(), true)).toEqual(["held"]);
  });
  test("a run that was lost on its way to a rung is sent again", () => {
    const asha = { ...plan, asha: { metric: "val_loss", eta: 2, mode: "min" as const, first: 10 } };
    const lost = state("a", { state: "failed", failures: 1, step: 10, steps: 40, until: 20, rungs: [1] });
    expect(nextOf(asha, [lost, state("b", { state: "paused", step: 10, steps: 40, until: 10, rungs: [2] })], new Set())).toEqual(["a"]); // biome-ignore format: one thing
  });
});
