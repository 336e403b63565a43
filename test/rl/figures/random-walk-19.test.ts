import { expect, it } from "vitest";
import { modelById, range, rmsError, runRandom } from "../../../src/rl/figures/figure.ts";
import { finish, type Learning } from "../../../src/rl/tabular/learning.ts";
import { nStepTd } from "../../../src/rl/tabular/n-step-td.ts";
import { equiprobable } from "../../../src/rl/tabular/rules.ts";
import { ModelTask } from "../../../src/rl/tabular/task.ts";
import { tdLambda } from "../../../src/rl/tabular/td-lambda.ts";

const RUNS = 1000;
const model = modelById("RandomWalk19-v0");
const TRUTH = range(0, 20).map((s) => (s - 10) / 10);

type Options = Parameters<typeof nStepTd>[1];

/** RMS error over the first 10 episodes: the mean of many runs and its standard error. */
function study(method: (task: ModelTask, options: Omit<Options, "n" | "alpha">) => Learning<unknown>) {
  const errors = range(1, RUNS).map((run) => {
    const rng = runRandom(12, 0, run);
    const V = new Float64Array(22);
    let sum = 0;
    finish(
      method(new ModelTask(model, rng), { policy: equiprobable, episodes: 10, gamma: 1, rng, V }),
      () => {
        sum += rmsError(V, TRUTH, 1, 19);
      },
    );
    return sum / 10;
  });
  const mean = errors.reduce((a, b) => a + b, 0) / RUNS;
  const variance = errors.reduce((s, x) => s + (x - mean) ** 2, 0) / (RUNS - 1);
  return { mean, error: Math.sqrt(variance / RUNS) };
}

// The best points of Figures 7.2, 12.6 and 12.8.
it.each([
  ["n-step TD, n = 1", 0.344, (task, o) => nStepTd(task, { ...o, n: 1, alpha: 0.8 })],
  ["n-step TD, n = 2", 0.278, (task, o) => nStepTd(task, { ...o, n: 2, alpha: 0.6 })],
  ["n-step TD, n = 4", 0.263, (task, o) => nStepTd(task, { ...o, n: 4, alpha: 0.4 })],
  ["n-step TD, n = 8", 0.277, (task, o) => nStepTd(task, { ...o, n: 8, alpha: 0.25 })],
  ["n-step TD, n = 16", 0.311, (task, o) => nStepTd(task, { ...o, n: 16, alpha: 0.15 })],
  ["TD(0.8)", 0.261, (task, o) => tdLambda(task, { ...o, lambda: 0.8, alpha: 0.34 })],
  [
    "true online TD(0.8)",
    0.252,
    (task, o) => tdLambda(task, { ...o, lambda: 0.8, alpha: 0.38, traces: "dutch" }),
  ],
] as const satisfies readonly (readonly [string, number, Parameters<typeof study>[0]])[])(
  "%s: %d",
  (_, reference, method) => {
    const { mean, error } = study(method);
    expect(error).toBeLessThan(0.004);
    expect(Math.abs(mean - reference), `${mean} ± ${error}`).toBeLessThan(3.3 * error + 0.0005);
  },
);
