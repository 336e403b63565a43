import { lineChart, sideBySide } from "../../plot/index.ts";
import { markovChain } from "../mdp/chain.ts";
import { exactValue, rewardProcess } from "../mdp/reward-process.ts";
import { offlineLambdaReturn } from "../tabular/lambda-return.ts";
import { finish, type Learning } from "../tabular/learning.ts";
import { generateEpisode, monteCarloPrediction, type Trajectory } from "../tabular/monte-carlo.ts";
import { nStepTd } from "../tabular/n-step-td.ts";
import { equiprobable } from "../tabular/rules.ts";
import { ModelTask } from "../tabular/task.ts";
import { tdLambda } from "../tabular/td-lambda.ts";
import { NO_Q, tdPrediction } from "../tabular/td-prediction.ts";
import type { TraceKind } from "../tabular/traces.ts";
import {
  curvesTable,
  type Figure,
  type FigureOptions,
  type FigureResult,
  modelById,
  range,
  rmsError,
  runRandom,
} from "./figure.ts";

/** v of the states A … E at 1 … 5, between the ends 0 and 6. */
const TRUTH_5 = range(0, 6).map((s) => s / 6);
const STATES = range(1, 5);

/** ½ in every state, the ends at 0. */
const halves = (): Float64Array => Float64Array.of(0, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0);

const example6_2: Figure = {
  id: "example-6.2",
  title: "TD(0) and constant-α Monte Carlo on the 5-state random walk",
  runs: 100,
  draw({ runs, seed, progress }) {
    const m = modelById("RandomWalk-v0");
    const EPISODES = 100;
    const contestants = [
      ...[0.05, 0.1, 0.15].map((alpha) => ({
        name: `TD, α = ${alpha}`,
        alpha,
        method: tdPrediction,
        dashed: false,
      })),
      ...[0.01, 0.02, 0.03, 0.04].map((alpha) => ({
        name: `MC, α = ${alpha}`,
        alpha,
        method: monteCarloPrediction,
        dashed: true,
      })),
    ];
    const curves = contestants.map(({ name, alpha, method, dashed }, part) => {
      const y = new Float64Array(EPISODES + 1);
      for (let run = 0; run < runs; run++) {
        const rng = runRandom(seed, part, run);
        const V = halves();
        y[0]! += rmsError(V, TRUTH_5, 1, 5) / runs;
        const options = {
          policy: equiprobable,
          episodes: EPISODES,
          gamma: 1,
          alpha,
          rng,
          V,
          visits: "every" as const,
        };
        finish<unknown>(method(new ModelTask(m, rng), options), ({ episode }) => {
          y[episode + 1]! += rmsError(V, TRUTH_5, 1, 5) / runs;
        });
      }
      progress(part + 1, contestants.length);
      return { name, y, dashed };
    });
    const rng = runRandom(seed, 100, 0);
    const V = halves();
    const snapshots = [{ name: "0 episodes", y: STATES.map((s) => V[s]!) }];
    finish(
      tdPrediction(new ModelTask(m, rng), {
        policy: equiprobable,
        episodes: 100,
        gamma: 1,
        alpha: 0.1,
        rng,
        V,
      }),
      ({ episode }) => {
        if ([0, 9, 99].includes(episode))
          snapshots.push({ name: `${episode + 1} episodes`, y: STATES.map((s) => V[s]!) });
      },
    );
    const x = range(0, EPISODES);
    return {
      table: curvesTable("episode", x, curves),
      chart: sideBySide(`Example 6.2: ${this.title}`, [
        lineChart(
          { title: "TD(0) in one run, α = 0.1", x: "state A … E (1 … 5)", y: "estimated value" },
          [...snapshots, { name: "true values", y: STATES.map((s) => TRUTH_5[s]!), dashed: true }].map(
            (line) => ({ ...line, x: STATES }),
          ),
          { width: 360, height: 300 },
        ),
        lineChart(
          { title: `RMS error over the states, ${runs} runs`, x: "episodes", y: "RMS error" },
          curves.map((c) => ({ ...c, x })),
          { width: 420, height: 300, yZero: true },
        ),
      ]),
      values: Object.fromEntries(curves.map(({ name, y }) => [`RMS at episode 100, ${name}`, y[EPISODES]!])),
    };
  },
};

/**
 * What batch TD(0) converges to: the exact values of the maximum-likelihood model of the episodes
 * (certainty equivalence, section 6.3).
 */
export function certaintyEquivalence(episodes: readonly Trajectory[], V: Float64Array): Float64Array {
  const end = V.length - 1;
  const counts = new Map<number, Map<number, number>>();
  const rewards = new Map<number, number>();
  for (const { S, R } of episodes) {
    R.forEach((r, t) => {
      const row = counts.get(S[t]!) ?? new Map<number, number>();
      row.set(S[t + 1]!, (row.get(S[t + 1]!) ?? 0) + 1);
      counts.set(S[t]!, row);
      rewards.set(S[t]!, (rewards.get(S[t]!) ?? 0) + r);
    });
  }
  const seen = [...counts.keys(), end];
  const visits = (s: number): number => [...counts.get(s)!.values()].reduce((a, b) => a + b, 0);
  const rows = seen.map((s) =>
    seen.map((t) => (s === end ? (t === end ? 1 : 0) : (counts.get(s)!.get(t) ?? 0) / visits(s))),
  );
  const r = seen.map((s) => (s === end ? 0 : rewards.get(s)! / visits(s)));
  const v = exactValue(rewardProcess(markovChain(rows), r), 1);
  const out = Float64Array.from(V);
  seen.forEach((s, i) => {
    out[s] = v[i]!;
  });
  return out;
}

/** What batch Monte Carlo converges to: the mean of the returns observed from each state. */
function meanReturns(episodes: readonly Trajectory[], V: Float64Array): Float64Array {
  const sum = new Float64Array(V.length);
  const n = new Float64Array(V.length);
  for (const { S, R } of episodes) {
    let G = 0;
    for (let t = R.length - 1; t >= 0; t--) {
      G += R[t]!;
      sum[S[t]!]! += G;
      n[S[t]!]! += 1;
    }
  }
  return V.map((v, s) => (n[s] === 0 ? v : sum[s]! / n[s]!));
}

const figure6_2: Figure = {
  id: "6.2",
  title: "batch TD(0) and batch Monte Carlo on the 5-state random walk",
  runs: 100,
  draw({ runs, seed, progress }) {
    const m = modelById("RandomWalk-v0");
    const EPISODES = 100;
    const td = new Float64Array(EPISODES);
    const mc = new Float64Array(EPISODES);
    for (let run = 0; run < runs; run++) {
      const rng = runRandom(seed, 0, run);
      const task = new ModelTask(m, rng);
      const episodes: Trajectory[] = [];
      for (let e = 0; e < EPISODES; e++) {
        episodes.push(generateEpisode(task, equiprobable, NO_Q, rng));
        td[e]! += rmsError(certaintyEquivalence(episodes, halves()), TRUTH_5, 1, 5) / runs;
        mc[e]! += rmsError(meanReturns(episodes, halves()), TRUTH_5, 1, 5) / runs;
      }
      progress(run + 1, runs);
    }
    const x = range(1, EPISODES);
    const curves = [
      { name: "batch TD", y: td },
      { name: "batch MC", y: mc },
    ];
    return {
      table: curvesTable("episode", x, curves),
      chart: lineChart(
        {
          title: `Figure 6.2: ${this.title}`,
          x: "episodes in the batch",
          y: `RMS error over the states, ${runs} runs`,
        },
        curves.map((c) => ({ ...c, x })),
        { width: 520, height: 320, yZero: true },
      ),
      values: { "RMS at episode 100, batch TD": td[99]!, "RMS at episode 100, batch MC": mc[99]! },
    };
  },
};

/** v of the states 1 … 19 of the walk with reward −1 at the left end and +1 at the right. */
const TRUTH_19 = range(0, 20).map((s) => (s - 10) / 10);

type Method = (
  task: ModelTask,
  options: { alpha: number; rng: ReturnType<typeof runRandom>; V: Float64Array },
) => Learning<unknown>;

/** RMS error over the 19 states and the first 10 episodes, as a function of α, for several methods. */
function alphaStudy(
  title: string,
  methods: readonly { name: string; alphas: readonly number[]; method: Method }[],
  { runs, seed, progress }: FigureOptions,
): FigureResult {
  const m = modelById("RandomWalk19-v0");
  const EPISODES = 10;
  const total = methods.reduce((n, { alphas }) => n + alphas.length, 0);
  let done = 0;
  const lines = methods.map(({ name, alphas, method }) => {
    const y = alphas.map((alpha) => {
      let error = 0;
      for (let run = 0; run < runs; run++) {
        // The same walks for every method and α, so that differences between curves are not chance.
        const rng = runRandom(seed, 0, run);
        const V = new Float64Array(22);
        finish(method(new ModelTask(m, rng), { alpha, rng, V }), () => {
          // A diverged estimate must not hide the others: the book's axis ends at 0.55.
          const e = rmsError(V, TRUTH_19, 1, 19);
          error += Number.isFinite(e) ? Math.min(e, 10) : 10;
        });
      }
      progress(++done, total);
      return error / (EPISODES * runs);
    });
    return { name, x: alphas, y };
  });
  const shown = lines.map(({ name, x, y }) => ({ name, x, y: y.map((e) => (e > 0.55 ? null : e)) }));
  return {
    table: {
      columns: ["method", "α", "RMS error over the first 10 episodes"],
      rows: lines.flatMap(({ name, x, y }) => y.map((e, i) => [name, x[i]!, e])),
    },
    chart: lineChart(
      { title, x: "α", y: `RMS error over 19 states, first 10 episodes, ${runs} runs` },
      shown,
      { width: 620, height: 400 },
    ),
    values: Object.fromEntries(
      lines.flatMap(({ name, x, y }) => {
        const best = y.indexOf(Math.min(...y));
        return [
          [`best RMS, ${name}`, y[best]!],
          [`best α, ${name}`, x[best]!],
        ];
      }),
    ),
  };
}

/** α from `top`/20 up to `top`, and finer near 0. */
const alphasTo = (top: number): number[] => range(1, 20).map((i) => Number(((i / 20) * top).toFixed(4)));

const TOP = { 1: 1, 2: 1, 4: 1, 8: 0.8, 16: 0.6, 32: 0.4, 64: 0.3, 128: 0.3, 256: 0.3, 512: 0.3 } as const;

const common = { policy: equiprobable, episodes: 10, gamma: 1 };

const figure7_2: Figure = {
  id: "7.2",
  title: "n-step TD on the 19-state random walk",
  runs: 100,
  draw(options) {
    const methods = Object.entries(TOP).map(([n, top]) => ({
      name: `n = ${n}`,
      alphas: alphasTo(top),
      method: ((task, o) => nStepTd(task, { ...common, ...o, n: Number(n) })) satisfies Method,
    }));
    return alphaStudy(`Figure 7.2: ${this.title}`, methods, options);
  },
};

/** λ and the largest α of its curve. */
const LAMBDAS = [
  [0, 1],
  [0.4, 1],
  [0.8, 1],
  [0.9, 0.8],
  [0.95, 0.6],
  [0.975, 0.4],
  [0.99, 0.3],
  [1, 0.3],
] as const;

const figure12_3: Figure = {
  id: "12.3",
  title: "the off-line λ-return algorithm on the 19-state random walk",
  runs: 100,
  draw(options) {
    const methods = LAMBDAS.map(([lambda, top]) => ({
      name: `λ = ${lambda}`,
      alphas: alphasTo(top),
      method: ((task, o) => offlineLambdaReturn(task, { ...common, ...o, lambda })) satisfies Method,
    }));
    return alphaStudy(`Figure 12.3: ${this.title}`, methods, options);
  },
};

const tdLambdaFigure = (id: string, title: string, traces: TraceKind): Figure => ({
  id,
  title,
  runs: 100,
  draw(options) {
    const methods = LAMBDAS.map(([lambda, top]) => ({
      name: `λ = ${lambda}`,
      alphas: alphasTo(top),
      method: ((task, o) => tdLambda(task, { ...common, ...o, lambda, traces })) satisfies Method,
    }));
    return alphaStudy(`Figure ${id}: ${title}`, methods, options);
  },
});

export const randomWalkFigures = [
  example6_2,
  figure6_2,
  figure7_2,
  figure12_3,
  tdLambdaFigure("12.6", "TD(λ) with accumulating traces on the 19-state random walk", "accumulating"),
  tdLambdaFigure("12.8", "true online TD(λ) on the 19-state random walk", "dutch"),
];
