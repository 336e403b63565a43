import { barChart, type ChartSpec, lineChart, sideBySide } from "../plot/index.ts";
import { type DataTable, rmsError, runRandom } from "./figures/figure.ts";
import { isTerminal, type Mdp } from "./mdp/model.ts";
import { uniformPolicy } from "./mdp/policy.ts";
import { policyEvaluation } from "./mdp/policy-evaluation.ts";
import { exactPolicyValues } from "./mdp/values.ts";
import { finish } from "./tabular/learning.ts";
import { monteCarloPrediction } from "./tabular/monte-carlo.ts";
import { equiprobable } from "./tabular/rules.ts";
import { ModelTask } from "./tabular/task.ts";
import { tdPrediction } from "./tabular/td-prediction.ts";

export interface CompareOptions {
  gamma: number;
  /** Constant step size of Monte Carlo and of TD(0). */
  alpha: number;
  episodes: number;
  runs: number;
  seed: number;
  progress?: (done: number, total: number) => void;
}

/** A method and its measurements. */
export interface Compared {
  readonly method: "dynamic programming" | "Monte Carlo" | "TD(0)";
  readonly needsModel: boolean;
  readonly bootstraps: boolean;
  readonly learnsFrom: "sweeps" | "samples";
  readonly waitsForEnd: boolean;
  /** Of the final estimates, averaged over states: (mean estimate − truth)². */
  readonly biasSquared: number;
  /** … and their variance from run to run. */
  readonly variance: number;
  /** √(bias² + variance), the error to expect of a single run. */
  readonly rms: number;
  /** Values changed, in one run. */
  readonly backups: number;
  /** Steps of the environment, in one run. */
  readonly steps: number;
  /** Milliseconds of one run. */
  readonly ms: number;
}

export interface Comparison {
  readonly methods: readonly Compared[];
  readonly curves: DataTable;
  readonly chart: ChartSpec;
}

/**
 * Dynamic programming, Monte Carlo and TD(0) predict the value of the random policy of the same process, all
 * from zero. Bias and variance are measured over independent runs; the truth is the solved linear system.
 */
export function compare(m: Mdp, name: string, options: CompareOptions): Comparison {
  const { gamma, alpha, episodes, runs, seed, progress = () => {} } = options;
  const policy = uniformPolicy(m);
  const truth = exactPolicyValues(m, policy, gamma);
  const visited = reachable(m);
  const error = (V: Float64Array): number =>
    rmsError(
      visited.map((s) => V[s]!),
      visited.map((s) => truth[s]!),
      0,
      visited.length - 1,
    );

  const dpCurve: { x: number; y: number }[] = [];
  // Once before the clock runs: what is timed is the method, not its compilation.
  policyEvaluation(m, policy, { gamma, theta: 1e-6 });
  const began = performance.now();
  const dp = policyEvaluation(m, policy, {
    gamma,
    theta: 1e-6,
    onSweep: (k, _, V) => dpCurve.push({ x: k * visited.length, y: error(V) }),
  });
  const dpMs = performance.now() - began;

  const sampled = (
    [
      ["Monte Carlo", monteCarloPrediction],
      ["TD(0)", tdPrediction],
    ] as const
  ).map(([method, learn], part) => {
    const finals: Float64Array[] = [];
    const curve = Array.from({ length: episodes }, () => ({ x: 0, y: 0 }));
    let ms = 0;
    let steps = 0;
    for (let run = 0; run < runs; run++) {
      const rng = runRandom(seed, part, run);
      const V = new Float64Array(m.states + 1);
      let time = 0;
      const from = performance.now();
      const learning = learn(new ModelTask(m, rng), {
        policy: equiprobable,
        episodes,
        gamma,
        alpha,
        rng,
        V,
        visits: "every" as const,
      });
      finish<unknown>(learning, (e) => {
        time += e.steps;
        curve[e.episode]!.x += time / runs;
        curve[e.episode]!.y += error(V) / runs;
      });
      ms += (performance.now() - from) / runs;
      steps += time / runs;
      finals.push(V);
      progress(part * runs + run + 1, 2 * runs);
    }
    return { method, curve, ms, steps, ...spread(finals, truth, visited) };
  });
  const dpBias = error(dp.v) ** 2;
  const [mc, td] = sampled as [(typeof sampled)[0], (typeof sampled)[0]];
  const facts = (x: (typeof sampled)[0]) => ({
    learnsFrom: "samples" as const,
    needsModel: false,
    biasSquared: x.biasSquared,
    variance: x.variance,
    rms: Math.sqrt(x.biasSquared + x.variance),
    backups: Math.round(x.steps),
    steps: Math.round(x.steps),
    ms: x.ms,
  });
  const methods: Compared[] = [
    {
      method: "dynamic programming",
      needsModel: true,
      bootstraps: true,
      learnsFrom: "sweeps",
      waitsForEnd: false,
      biasSquared: dpBias,
      variance: 0,
      rms: Math.sqrt(dpBias),
      backups: dp.sweeps * visited.length,
      steps: 0,
      ms: dpMs,
    },
    { method: "Monte Carlo", bootstraps: false, waitsForEnd: true, ...facts(mc) },
    { method: "TD(0)", bootstraps: true, waitsForEnd: false, ...facts(td) },
  ];
  const line = (label: string, curve: readonly { x: number; y: number }[]) => {
    // Mere rounding error does not belong on a log axis.
    const shown = curve.filter((p) => p.y > 1e-5 && p.x > 0);
    return { name: label, x: shown.map((p) => p.x), y: shown.map((p) => p.y) };
  };
  const lines = [
    line("dynamic programming", dpCurve),
    line("Monte Carlo", mc.curve),
    line("TD(0)", td.curve),
  ];
  return {
    methods,
    curves: {
      columns: ["method", "backups", "RMS error"],
      rows: lines.flatMap(({ name: label, x, y }) => x.map((b, i) => [label, b, y[i]!])),
    },
    chart: sideBySide(`The same process three ways: ${name}, random policy, γ = ${gamma}, α = ${alpha}`, [
      lineChart(
        {
          title: "Error by work done",
          x: "values changed (log)",
          y: `RMS error over states, mean of ${runs} runs (log)`,
        },
        lines,
        { xScale: "log", yScale: "log", width: 440, height: 320 },
      ),
      barChart(
        { title: `After ${episodes} episodes`, y: "mean over states" },
        methods.flatMap(({ method, biasSquared, variance }) => [
          { name: method, group: "bias²", value: biasSquared },
          { name: method, group: "variance", value: variance },
        ]),
        { upright: true, format: ".2~g", width: 360, height: 320 },
      ),
    ]),
  };
}

/** The states that an episode can meet. */
function reachable(m: Mdp): number[] {
  const seen = new Set(Array.from(m.initial.keys()).filter((s) => m.initial[s]! > 0));
  for (const s of seen) {
    for (let k = m.rowPtr[s * m.actions]!; k < m.rowPtr[(s + 1) * m.actions]!; k++) {
      const to = m.next[k]!;
      if (m.probability[k]! > 0 && to !== m.states && !isTerminal(m, to)) seen.add(to);
    }
  }
  return [...seen].sort((a, b) => a - b);
}

function spread(
  estimates: readonly Float64Array[],
  truth: Float64Array,
  states: readonly number[],
): { biasSquared: number; variance: number } {
  let biasSquared = 0;
  let variance = 0;
  for (const s of states) {
    const mean = estimates.reduce((sum, V) => sum + V[s]!, 0) / estimates.length;
    biasSquared += (mean - truth[s]!) ** 2 / states.length;
    variance += estimates.reduce((sum, V) => sum + (V[s]! - mean) ** 2, 0) / estimates.length / states.length;
  }
  return { biasSquared, variance };
}
