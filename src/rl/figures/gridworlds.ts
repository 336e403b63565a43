import { heatMap, lineChart, sideBySide } from "../../plot/index.ts";
import { isTerminal, type Mdp } from "../mdp/model.ts";
import { greedyActions, uniformPolicy } from "../mdp/policy.ts";
import { policyEvaluation } from "../mdp/policy-evaluation.ts";
import { policyIteration } from "../mdp/policy-iteration.ts";
import { valueIteration } from "../mdp/value-iteration.ts";
import { actionValues, exactPolicyValues } from "../mdp/values.ts";
import { curvesTable, type Figure, modelById, range } from "./figure.ts";

/** A vector as the rows of a grid. */
export function gridOf(v: ArrayLike<number>, columns: number, states: number): number[][] {
  return Array.from({ length: states / columns }, (_, r) =>
    Array.from({ length: columns }, (_, c) => (v[r * columns + c] as number) + 0),
  );
}

const ARROWS: Record<string, string> = { up: "↑", right: "→", down: "↓", left: "←" };

/** All greedy actions of each state as arrows. */
function arrows(m: Mdp, q: Float64Array, columns: number): string[][] {
  const cell = (s: number): string => {
    if (isTerminal(m, s) || endsForNothing(m, s)) return "";
    const row = q.subarray(s * m.actions, (s + 1) * m.actions);
    const best = Math.max(...row);
    return [...row.keys()]
      .flatMap((a) => (row[a]! > best - 1e-6 ? (ARROWS[m.actionNames[a]!] ?? "") : []))
      .join("");
  };
  return Array.from({ length: m.states / columns }, (_, r) =>
    Array.from({ length: columns }, (_, c) => cell(r * columns + c)),
  );
}

/** Whether the state is terminal, in an environment that can still be stepped there. */
function endsForNothing(m: Mdp, s: number): boolean {
  const [from, to] = [m.rowPtr[s * m.actions]!, m.rowPtr[(s + 1) * m.actions]!];
  return range(from, to - 1).every((k) => m.next[k] === m.states && m.reward[k] === 0);
}

const byState = (m: Mdp, columns: Record<string, ArrayLike<number | string>>) => ({
  columns: ["state", ...Object.keys(columns)],
  rows: range(0, m.states - 1).map((s) => [
    m.stateName(s),
    ...Object.values(columns).map((x) => x[s] as number | string),
  ]),
});

const figure3_2: Figure = {
  id: "3.2",
  title: "the 5 × 5 gridworld under the random policy",
  runs: 1,
  draw() {
    const m = modelById("Gridworld5x5-v0");
    const v = exactPolicyValues(m, uniformPolicy(m), 0.9);
    return {
      table: byState(m, { "v (random policy)": v }),
      chart: heatMap({ title: `Figure 3.2: ${this.title}, γ = 0.9` }, gridOf(v, 5, 25), {
        cells: ".1f",
        scale: "diverging",
        legend: "value",
      }),
      values: { "v(0)": v[0]!, "v(1)": v[1]!, "v(24)": v[24]! },
    };
  },
};

const figure3_5: Figure = {
  id: "3.5",
  title: "the 5 × 5 gridworld: optimal values and policy",
  runs: 1,
  draw() {
    const m = modelById("Gridworld5x5-v0");
    const { v } = valueIteration(m, { gamma: 0.9 });
    const q = actionValues(m, v, 0.9);
    const grid = gridOf(v, 5, 25);
    const policy = arrows(m, q, 5);
    return {
      table: byState(m, { "v*": v, "optimal actions": policy.flat() }),
      chart: sideBySide(`Figure 3.5: ${this.title}, γ = 0.9`, [
        heatMap({ title: "v*" }, grid, { cells: ".1f" }),
        heatMap({ title: "π*" }, grid, { cells: policy, legend: "value" }),
      ]),
      values: { "v*(0)": v[0]!, "v*(1)": v[1]!, "v*(24)": v[24]! },
    };
  },
};

const figure4_1: Figure = {
  id: "4.1",
  title: "iterative policy evaluation on the 4 × 4 gridworld",
  runs: 1,
  draw() {
    const m = modelById("Gridworld4x4-v0");
    const shown = new Map<number, Float64Array>();
    const { v, sweeps } = policyEvaluation(m, uniformPolicy(m), {
      gamma: 1,
      theta: 1e-4,
      inPlace: false,
      onSweep: (k, _, values) => {
        if ([1, 3, 10].includes(k)) shown.set(k, Float64Array.from(values));
      },
    });
    const inPlace = policyEvaluation(m, uniformPolicy(m), { gamma: 1, theta: 1e-4 }).sweeps;
    const rows = [...shown, [sweeps, v] as const];
    return {
      table: byState(m, Object.fromEntries(rows.map(([k, values]) => [`v after ${k} sweeps`, values]))),
      chart: sideBySide(
        `Figure 4.1: ${this.title}`,
        rows.flatMap(([k, values]) => [
          heatMap({ title: `v after ${k} sweeps` }, gridOf(values, 4, 16), { cells: ".1f", cell: 52 }),
          heatMap({ title: "greedy policy" }, gridOf(values, 4, 16), {
            cells: arrows(m, actionValues(m, values, 1), 4),
            cell: 52,
          }),
        ]),
        4,
      ),
      values: { sweeps, "sweeps in place": inPlace, "v(1)": v[1]!, "v(3)": v[3]! },
    };
  },
};

const figure4_2: Figure = {
  id: "4.2",
  title: "Jack's car rental by policy iteration",
  runs: 1,
  draw({ progress }) {
    const m = modelById("CarRental-v0");
    const still = m.actions >> 1;
    const side = Math.sqrt(m.states);
    const policy = Float64Array.from({ length: m.states * m.actions }, (_, i) =>
      i % m.actions === still ? 1 : 0,
    );
    const policies: Int32Array[] = [];
    const { v, actions, improvements } = policyIteration(m, {
      gamma: 0.9,
      theta: 1e-6,
      tie: 1e-6,
      policy,
      onImprovement: (k, chosen) => {
        policies.push(chosen.map((a) => a - still));
        progress(Math.min(k + 1, 5), 5);
      },
    });
    const moves = actions.map((a) => a - still);
    const upright = (x: ArrayLike<number>): number[][] => gridOf(x, side, m.states).reverse();
    const names = range(0, side - 1).map((n) => (n % 5 === 0 ? String(n) : ""));
    const axes = { x: "cars at the second location", y: "cars at the first location" };
    const style = { columns: names, rows: [...names].reverse(), cell: 11 };
    return {
      table: byState(m, {
        ...Object.fromEntries(policies.map((p, k) => [`π${k}: cars moved`, p])),
        "v (π of the end)": v,
      }),
      chart: sideBySide(
        `Figure 4.2: ${this.title}: cars moved overnight by the policies π0 … π${policies.length - 1}, and the value of the last`,
        [
          ...policies.slice(1).map((p, k) =>
            heatMap({ title: `π${k + 1}`, ...axes }, upright(p), {
              ...style,
              scale: "diverging",
              legend: "moved",
            }),
          ),
          heatMap({ title: "value", ...axes }, upright(v), { ...style, legend: "$" }),
        ],
        3,
      ),
      values: {
        improvements,
        "V(0,0)": v[0]!,
        "V(20,20)": v[m.states - 1]!,
        "least move": Math.min(...moves),
        "most moves": Math.max(...moves),
      },
    };
  },
};

const figure4_3: Figure = {
  id: "4.3",
  title: "the gambler's problem, p = 0.4",
  runs: 1,
  draw() {
    const m = modelById("GamblersProblem-v0");
    const sweeps: { name: string; y: number[] }[] = [];
    const capital = range(1, 99);
    const { v, sweeps: last } = valueIteration(m, {
      gamma: 1,
      theta: 1e-13,
      inPlace: true,
      onSweep: (k, _, values) => {
        if ([1, 2, 3].includes(k)) sweeps.push({ name: `sweep ${k}`, y: capital.map((s) => values[s]!) });
      },
    });
    // Many stakes are equally good: the smallest is shown, and rounding must not decide.
    const stakes = greedyActions(m, actionValues(m, v, 1), 1e-7);
    const final = { name: `sweep ${last}`, y: capital.map((s) => v[s]!) };
    const policy = capital.map((s) => stakes[s]!);
    const size = { width: 400, height: 300 };
    return {
      table: curvesTable("capital", capital, [
        ...sweeps,
        final,
        { name: "smallest optimal stake", y: policy },
      ]),
      chart: sideBySide(`Figure 4.3: ${this.title}`, [
        lineChart(
          { title: "Values", x: "capital", y: "value (chance of winning)" },
          [...sweeps, final].map((line) => ({ ...line, x: capital })),
          size,
        ),
        lineChart(
          { title: "Policy", x: "capital", y: "smallest optimal stake" },
          [{ name: "stake", x: capital, y: policy }],
          size,
        ),
      ]),
      values: {
        ...Object.fromEntries([25, 50, 75, 99].map((s) => [`V(${s})`, v[s]!])),
        ...Object.fromEntries([25, 50, 51, 75].map((s) => [`stake(${s})`, stakes[s]!])),
      },
    };
  },
};

export const planningFigures = [figure3_2, figure3_5, figure4_1, figure4_2, figure4_3];
