import type { Highs, ModelData } from "highs";
import { UserError } from "../../errors.ts";
import { isTerminal, type Mdp } from "./model.ts";
import { exactOptimum, type Solved, scaleOf, summableActions } from "./optimum.ts";
import { restingActions } from "./undiscounted.ts";

export interface LinearOptimum extends Solved {
  /** x(s, a): expected discounted visits to each pair when every state starts with weight 1. */
  visits: Float64Array;
  /** Σ_s v*(s), as found by the solver. */
  objective: number;
}

/**
 * The optimal policy as a linear program (Puterman 1994, section 6.9), in its dual form, whose unknowns are the
 * discounted visits x(s, a) ≥ 0 when every state starts with weight 1:
 *   maximise Σ x(s, a) r(s, a)  subject to  Σ_a x(s′, a) − γ Σ p(s′ | s, a) x(s, a) = 1 for every s′.
 * The visited pairs are the policy; the maximum is Σ_s v*(s). At γ = 1 one more unknown per state stands for cycling
 * for ever without reward, where that is possible. HiGHS solves the program. The policy is evaluated exactly,
 * improved if possible, and rejected unless its values add up to the maximum.
 *
 * `highs` is HiGHS, loaded. Node finds it by itself; a page loads it and its highs.wasm from its own
 * server: `import loadHighs from "highs"`, then `await loadHighs({ locateFile: () => "/assets/highs.wasm" })`.
 * @throws UserError if γ lies outside 0 … 1, and at γ = 1 if no values exist.
 */
export async function linearProgramming(
  m: Mdp,
  { gamma, highs }: { gamma: number; highs?: Highs },
): Promise<LinearOptimum> {
  if (!(gamma >= 0 && gamma <= 1)) {
    throw new UserError(`${METHOD}: the discount gamma must lie in 0 … 1, not ${gamma}`);
  }
  if (gamma === 1) summableActions(m, METHOD);
  const rest = gamma === 1 ? restingActions(m, () => true) : new Int32Array(m.states).fill(-1);
  const columns = columnsOf(m, gamma, rest);
  const { status, x, objective } = solve(highs ?? (await loadHighs()), programOf(m, gamma, columns));
  if (x === undefined) {
    // An unbounded program has a policy with positive gain: it will be named.
    if (gamma === 1) exactOptimum(m, summableActions(m, METHOD), gamma, METHOD);
    throw new UserError(`${METHOD}: HiGHS calls the program of this model ${status}. Try value iteration.`);
  }
  const visits = new Float64Array(m.states * m.actions);
  const most = new Float64Array(m.states);
  const actions = new Int32Array(m.states).fill(-1);
  columns.forEach(({ pair, state, leaving }, j) => {
    if (pair >= 0) visits[pair] = Math.max(0, x[j]!) / (leaving || 1);
    if (x[j]! <= most[state]!) return;
    most[state] = x[j]!;
    actions[state] = pair >= 0 ? pair % m.actions : rest[state]!;
  });
  const { v, ...optimum } = exactOptimum(m, actions, gamma, METHOD);
  const sum = v.reduce((total, value) => total + value, 0);
  const scale = Math.max(
    v.reduce((total, value) => total + Math.abs(value), 0),
    scaleOf(m, v),
  );
  if (Math.abs(sum - objective) > 1e-6 * scale) {
    throw new UserError(
      `${METHOD}: the program's maximum is ${objective}, but the values of the best policy add up to ${sum}: this ` +
        `model is beyond the solver's precision. Use value iteration or policy iteration.`,
    );
  }
  return { v, actions: optimum.actions, visits, objective };
}

const METHOD = "linear programming";

/** An unknown of the program: visits to a pair, or (pair −1) cycling for ever from a state on. */
interface Column {
  readonly state: number;
  readonly pair: number;
  /**
   * 1 − γ p(s | s, a), computed from the other outcomes, so it is exact even if tiny. The unknown is the visits times
   * this, so that a pair repeated many times is scaled like any other. 0 at γ = 1 if a pair only repeats itself.
   */
  readonly leaving: number;
}

function columnsOf(m: Mdp, gamma: number, rest: Int32Array): Column[] {
  const out: Column[] = [];
  for (let state = 0; state < m.states; state++) {
    for (let pair = state * m.actions; pair < (state + 1) * m.actions; pair++) {
      if (m.rowPtr[pair] === m.rowPtr[pair + 1]) continue;
      let leaving = 0;
      for (let k = m.rowPtr[pair]!; k < m.rowPtr[pair + 1]!; k++) {
        leaving += m.next[k] === state ? (1 - gamma) * m.probability[k]! : m.probability[k]!;
      }
      out.push({ state, pair, leaving });
    }
    if (rest[state]! >= 0) out.push({ state, pair: -1, leaving: 1 });
  }
  return out;
}

/** The program by columns, with a row for each non-terminal state. */
function programOf(m: Mdp, gamma: number, columns: readonly Column[]): Omit<ModelData, "sense"> {
  const rowOf = new Int32Array(m.states + 1).fill(-1);
  let numRows = 0;
  for (let s = 0; s < m.states; s++) if (!isTerminal(m, s)) rowOf[s] = numRows++;
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (const { state, pair, leaving } of columns) {
    const column = new Map(leaving === 0 ? [] : [[rowOf[state]!, 1]]);
    const [first, end] = pair >= 0 ? [m.rowPtr[pair]!, m.rowPtr[pair + 1]!] : [0, 0];
    for (let k = first; k < end; k++) {
      const row = rowOf[m.next[k]!]!;
      const weight = (gamma * m.probability[k]!) / leaving;
      if (row >= 0 && m.next[k] !== state && weight !== 0) column.set(row, (column.get(row) ?? 0) - weight);
    }
    indices.push(...column.keys());
    values.push(...column.values());
    starts.push(indices.length);
  }
  const numCols = columns.length;
  return {
    numCols,
    numRows,
    colCost: Float64Array.from(columns, ({ pair, leaving }) =>
      pair >= 0 ? m.expectedReward[pair]! / (leaving || 1) : 0,
    ),
    colLower: new Float64Array(numCols),
    colUpper: new Float64Array(numCols).fill(Infinity),
    rowLower: new Float64Array(numRows).fill(1),
    rowUpper: new Float64Array(numRows).fill(1),
    matrix: {
      format: "csc",
      numRows,
      numCols,
      starts: Int32Array.from(starts),
      indices: Int32Array.from(indices),
      values: Float64Array.from(values),
    },
  };
}

/** x and the maximum, or undefined and HiGHS's status. */
function solve(
  highs: Highs,
  program: Omit<ModelData, "sense">,
): { status: string; x: Float64Array | undefined; objective: number } {
  const { modelStatus, objectiveSense } = highs.constants;
  return highs.withModel({ ...program, sense: objectiveSense.maximize }, (model) => {
    model.options.set({
      output_flag: false,
      // Vertices of the program are policies; the primal simplex method goes from one to a better one.
      solver: "simplex",
      simplex_strategy: 4,
      presolve: "off",
      primal_feasibility_tolerance: 1e-9,
      dual_feasibility_tolerance: 1e-9,
      // HiGHS would drop smaller coefficients, but rare transitions count.
      small_matrix_value: 1e-12,
    });
    model.run();
    const code = model.getModelStatus();
    const status = Object.entries(modelStatus).find(([, value]) => value === code)?.[0] ?? String(code);
    const x = code === modelStatus.optimal ? model.getSolution().colValue : undefined;
    return { status, x, objective: x === undefined ? Number.NaN : model.getObjectiveValue() };
  });
}

/** Not written in the import itself, or bundlers for pages would follow it into Node's modules. */
const PACKAGE = "highs";

let loaded: Promise<Highs> | undefined;

/** Imports HiGHS by its name, if it can be resolved. */
async function loadHighs(): Promise<Highs> {
  let loader: typeof import("highs");
  try {
    loader = (await import(/* @vite-ignore */ /* webpackIgnore: true */ PACKAGE)) as typeof import("highs");
  } catch (cause) {
    throw new UserError(
      `${METHOD} needs the package highs, which was not found. In a page: ` +
        `import loadHighs from "highs", and give { highs: await loadHighs({ locateFile: () => URL of highs.wasm }) }.`,
      { cause },
    );
  }
  loaded ??= loader.default();
  return loaded;
}
