import { heatMap, lineChart, sideBySide } from "../../plot/index.ts";
import { type Mdp, mdp } from "../mdp/model.ts";
import { deterministicPolicy } from "../mdp/policy.ts";
import { valueIteration } from "../mdp/value-iteration.ts";
import { actionValues, exactPolicyValues } from "../mdp/values.ts";
import { actionTable, finish } from "../tabular/learning.ts";
import { monteCarloPrediction } from "../tabular/monte-carlo.ts";
import { monteCarloExploringStarts } from "../tabular/monte-carlo-control.ts";
import { offPolicyPrediction } from "../tabular/monte-carlo-off-policy.ts";
import { equiprobable, fixedPolicy } from "../tabular/rules.ts";
import { ModelTask } from "../tabular/task.ts";
import { curvesTable, type DataTable, type Figure, modelById, range, runRandom } from "./figure.ts";

/** Blackjack's states by name, "hard 16 against 10". */
function blackjack(): { m: Mdp; state: (kind: string, total: number, dealer: number) => number } {
  const m = modelById("Blackjack-v1");
  const index = new Map(range(0, m.states - 1).map((s) => [m.stateName(s), s]));
  return {
    m,
    state: (kind, total, dealer) =>
      index.get(`${kind} ${total} against ${dealer === 1 ? "an ace" : dealer}`)!,
  };
}

const STICK = 0;
const HIT = 1;

/** The policy of Example 5.1: stick on 20 or 21 only. */
function stickOn20(m: Mdp): Float64Array {
  return deterministicPolicy(
    m,
    range(0, m.states - 1).map((s) =>
      /(natural|20|21)( against|$)/.test(m.stateName(s)) || m.stateName(s) === "end" ? STICK : HIT,
    ),
  );
}

const TOTALS = range(12, 21).reverse();
const DEALERS = range(1, 10);
const AXES = { x: "dealer showing", y: "player's sum" };
const NAMES = {
  rows: TOTALS.map(String),
  columns: DEALERS.map((d) => (d === 1 ? "A" : String(d))),
  cell: 22,
};

function hands(
  state: (kind: string, total: number, dealer: number) => number,
  kind: string,
  v: ArrayLike<number>,
): number[][] {
  return TOTALS.map((total) => DEALERS.map((dealer) => v[state(kind, total, dealer)] as number));
}

function handsTable(
  state: (kind: string, total: number, dealer: number) => number,
  columns: Record<string, ArrayLike<number>>,
): DataTable {
  return {
    columns: ["ace", "player's sum", "dealer showing", ...Object.keys(columns)],
    rows: ["soft", "hard"].flatMap((kind) =>
      [...TOTALS]
        .reverse()
        .flatMap((total) =>
          DEALERS.map((dealer) => [
            kind === "soft" ? "usable" : "none",
            total,
            dealer,
            ...Object.values(columns).map((v) => v[state(kind, total, dealer)] as number),
          ]),
        ),
    ),
  };
}

const figure5_1: Figure = {
  id: "5.1",
  title: "Monte Carlo prediction for Blackjack, sticking on 20 or 21",
  runs: 1,
  draw({ seed, progress }) {
    const { m, state } = blackjack();
    const policy = stickOn20(m);
    const rng = runRandom(seed, 0, 0);
    const task = new ModelTask(m, rng);
    const V = new Float64Array(m.states + 1);
    const EPISODES = 500_000;
    let early = V;
    finish(
      monteCarloPrediction(task, { policy: fixedPolicy(policy), episodes: EPISODES, gamma: 1, rng, V }),
      ({ episode }) => {
        if (episode === 9_999) early = Float64Array.from(V);
        if (episode % 5000 === 0) progress(episode, EPISODES);
      },
    );
    const exact = exactPolicyValues(m, policy, 1);
    let worst = 0;
    for (const total of TOTALS) {
      for (const dealer of DEALERS) {
        const s = state("hard", total, dealer);
        worst = Math.max(worst, Math.abs(V[s]! - exact[s]!));
      }
    }
    const panels = (
      [
        ["soft", "usable ace"],
        ["hard", "no usable ace"],
      ] as const
    ).flatMap(([kind, words]) =>
      [
        { v: early, when: "10,000 episodes" },
        { v: V, when: "500,000 episodes" },
      ].map(({ v, when }) =>
        heatMap({ title: `${words}, ${when}`, ...AXES }, hands(state, kind, v), {
          ...NAMES,
          scale: "diverging",
        }),
      ),
    );
    return {
      table: handsTable(state, { "after 10,000": early, "after 500,000": V, exact }),
      chart: sideBySide(`Figure 5.1: ${this.title}`, panels, 2),
      values: { "largest error, no usable ace": worst },
    };
  },
};

const figure5_2: Figure = {
  id: "5.2",
  title: "Blackjack by Monte Carlo with exploring starts",
  runs: 1,
  draw({ seed, progress }) {
    const { m, state } = blackjack();
    const rng = runRandom(seed, 0, 0);
    const task = new ModelTask(m, rng);
    const starts = ["soft", "hard"].flatMap((kind) =>
      TOTALS.flatMap((t) => DEALERS.map((d) => state(kind, t, d))),
    );
    const EPISODES = 2_000_000;
    const Q = actionTable(task);
    finish(
      monteCarloExploringStarts(task, { episodes: EPISODES, gamma: 1, rng, starts, Q }),
      ({ episode }) => {
        if (episode % 20_000 === 0) progress(episode, EPISODES);
      },
    );
    const policy = range(0, m.states - 1).map((s) => (Q[2 * s + HIT]! > Q[2 * s]! ? HIT : STICK));
    const v = range(0, m.states - 1).map((s) => Math.max(Q[2 * s]!, Q[2 * s + 1]!));
    const exact = valueIteration(m, { gamma: 1 });
    const q = actionValues(m, exact.v, 1);
    // A million episodes do not separate two actions that differ by less than this.
    const clear = starts.filter((s) => Math.abs(q[2 * s]! - q[2 * s + 1]!) > 0.05);
    const wrong = clear.filter((s) => policy[s] !== exact.actions[s]).length;
    const panels = (
      [
        ["soft", "usable ace"],
        ["hard", "no usable ace"],
      ] as const
    ).flatMap(([kind, words]) => [
      heatMap({ title: `π*, ${words}`, ...AXES }, hands(state, kind, policy), {
        ...NAMES,
        cells: hands(state, kind, policy).map((row) => row.map((a) => (a === HIT ? "H" : "S"))),
      }),
      heatMap({ title: `v*, ${words}`, ...AXES }, hands(state, kind, v), { ...NAMES, scale: "diverging" }),
    ]);
    return {
      table: handsTable(state, { "1 hits, 0 sticks": policy, "v by Monte Carlo": v, "v* exact": exact.v }),
      chart: sideBySide(`Figure 5.2: ${this.title} (H hit, S stick)`, panels, 2),
      values: { "wrong actions where they differ by more than 0.05": wrong, "such hands": clear.length },
    };
  },
};

const figure5_3: Figure = {
  id: "5.3",
  title: "ordinary and weighted importance sampling on one Blackjack hand",
  runs: 100,
  draw({ runs, seed, progress }) {
    const { m, state } = blackjack();
    const start = state("soft", 13, 2);
    const hand: Mdp = {
      ...m,
      initial: Float64Array.from({ length: m.states }, (_, s) => (s === start ? 1 : 0)),
    };
    const policy = stickOn20(m);
    const truth = exactPolicyValues(m, policy, 1)[start]!;
    const EPISODES = 10_000;
    const errors = (["ordinary", "weighted"] as const).map((sampling, part) => {
      const error = new Float64Array(EPISODES);
      for (let run = 0; run < runs; run++) {
        const rng = runRandom(seed, part, run);
        const task = new ModelTask(hand, rng);
        const V = new Float64Array(m.states + 1);
        const learning = offPolicyPrediction(task, {
          target: fixedPolicy(policy),
          behaviour: equiprobable,
          sampling,
          episodes: EPISODES,
          gamma: 1,
          rng,
          V,
        });
        finish(learning, ({ episode }) => {
          error[episode]! += (V[start]! - truth) ** 2 / runs;
        });
        progress(part * runs + run + 1, 2 * runs);
      }
      return { name: `${sampling} importance sampling`, y: error };
    });
    const x = range(1, EPISODES);
    // On a log axis a few hundred points give the same line.
    const drawn = x.filter((n) => n <= 100 || n % Math.ceil(n / 100) === 0);
    return {
      table: curvesTable("episodes", x, errors),
      chart: lineChart(
        { title: `Figure 5.3: ${this.title}`, x: "episodes", y: `mean square error over ${runs} runs` },
        errors.map(({ name, y }) => ({ name, x: drawn, y: drawn.map((n) => y[n - 1]!) })),
        { xScale: "log", width: 560, height: 320 },
      ),
      values: {
        "true value": truth,
        "error after 10 episodes, ordinary": errors[0]!.y[9]!,
        "error after 10 episodes, weighted": errors[1]!.y[9]!,
        "error after 10000 episodes, ordinary": errors[0]!.y[EPISODES - 1]!,
        "error after 10000 episodes, weighted": errors[1]!.y[EPISODES - 1]!,
      },
    };
  },
};

/** Example 5.5: left returns to the state with probability 0.9 and ends with reward 1 with 0.1; right ends with reward 0. */
export function oneState(): Mdp {
  return mdp({
    states: 1,
    actions: 2,
    actionNames: ["left", "right"],
    outcomes: (_, a) =>
      a === 1
        ? [{ probability: 1, next: 1, reward: 0 }]
        : [
            { probability: 0.9, next: 0, reward: 0 },
            { probability: 0.1, next: 1, reward: 1 },
          ],
  });
}

const figure5_4: Figure = {
  id: "5.4",
  title: "ordinary importance sampling with infinite variance",
  runs: 10,
  draw({ runs, seed, progress }) {
    const m = oneState();
    const EPISODES = 1_000_000;
    const x = [...new Set(range(0, 240).map((i) => Math.round(10 ** (i / 40))))];
    const lines = range(1, runs).map((run) => {
      const rng = runRandom(seed, 0, run);
      const V = new Float64Array(2);
      const y: number[] = [];
      const learning = offPolicyPrediction(new ModelTask(m, rng), {
        target: fixedPolicy(deterministicPolicy(m, [0])),
        behaviour: equiprobable,
        sampling: "ordinary",
        episodes: EPISODES,
        gamma: 1,
        rng,
        V,
      });
      finish(learning, ({ episode }) => {
        if (episode + 1 === x[y.length]) y.push(V[0]!);
      });
      progress(run, runs);
      return { name: `run ${run}`, x, y };
    });
    const finals = lines.map(({ y }) => y.at(-1)!);
    return {
      table: curvesTable("episodes", x, lines),
      chart: lineChart(
        { title: `Figure 5.4: ${this.title}`, x: "episodes", y: "estimate of v(s), which is 1" },
        lines,
        { xScale: "log", width: 560, height: 320, marks: [{ y: 1, name: "true value" }] },
      ),
      values: { "least final estimate": Math.min(...finals), "largest final estimate": Math.max(...finals) },
    };
  },
};

export const monteCarloFigures = [figure5_1, figure5_2, figure5_3, figure5_4];
