import { UserError } from "../../errors.ts";
import type { FunctionalEnv, GridLayout, Info, Outcome, TransitionTable, VectorKernel } from "../env.ts";
import type { Generator } from "../random.ts";
import { gridSvg } from "../render/svg.ts";
import { gridText } from "../render/text.ts";
import { Discrete } from "../spaces.ts";

/**
 * The plain state of a finite environment is the outcome that led to it: the state reached, with its probability,
 * reward and termination. The outcomes are those of the table, so a step allocates nothing.
 */
export type TabularState = Outcome;

export interface TabularEnv extends FunctionalEnv<TabularState, number, number> {
  readonly observationSpace: Discrete;
  readonly actionSpace: Discrete;
  readonly table: TransitionTable;
  model(): TransitionTable;
  indexOf(state: TabularState): number;
}

export interface TabularSpec {
  readonly id: string;
  readonly nStates: number;
  readonly actionNames: readonly string[];
  /** The start state, or a weight for each state. */
  readonly initial: number | Float64Array;
  readonly outcomes: (state: number, action: number) => readonly Outcome[];
  readonly layout?: GridLayout;
  readonly stateName?: (state: number) => string;
  /** Additions to `info`, by state. */
  readonly info?: (state: number) => Info;
  readonly render?: (state: number, action: string | undefined) => string;
  /** The caption of a grid's picture. */
  readonly caption?: (state: number) => string;
}

/** The first index whose cumulated probability exceeds u; 0 if rounding leaves none (NumPy's argmax). */
function firstAbove(cumulated: Float64Array, u: number): number {
  let low = 0;
  let high = cumulated.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulated[middle]! > u) high = middle;
    else low = middle + 1;
  }
  return low < cumulated.length ? low : 0;
}

/** Gymnasium's `categorical_sample`: an index drawn with the given probabilities. */
export function sampleOutcome(outcomes: readonly Outcome[], rng: Generator): Outcome {
  const u = rng.random();
  let sum = 0;
  for (let i = 0; i < outcomes.length; i++) {
    sum += outcomes[i]!.probability;
    if (sum > u) return outcomes[i]!;
  }
  return outcomes[0]!;
}

function cumulate(weights: Float64Array): Float64Array {
  let sum = 0;
  return weights.map((w) => (sum += w));
}

/** A finite environment from its table of outcomes: Gymnasium's toy-text environments and the textbook's. */
export function tabularEnv(spec: TabularSpec): TabularEnv {
  const { id, nStates, actionNames, caption } = spec;
  const nActions = actionNames.length;
  const weights =
    typeof spec.initial === "number"
      ? Float64Array.from({ length: nStates }, (_, s) => (s === spec.initial ? 1 : 0))
      : spec.initial;
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0)) throw new UserError(`${id}: there is no state to start from`);
  const initial = weights.map((w) => w / total);
  const cumulated = cumulate(initial);
  const outcomes = Array.from({ length: nStates * nActions }, (_, i) =>
    spec.outcomes(Math.floor(i / nActions), i % nActions),
  );
  const starts: Outcome[] = Array.from({ length: nStates }, (_, next) => ({
    probability: 1,
    next,
    reward: 0,
    terminated: false,
  }));
  // Where the available actions depend on the state, there is an `info.action_mask`, as for Taxi in Gymnasium.
  const masks = outcomes.some((list) => list.length === 0)
    ? starts.map((_, s) =>
        Int8Array.from(actionNames, (_, a) => (outcomes[s * nActions + a]!.length > 0 ? 1 : 0)),
      )
    : undefined;
  const more =
    spec.info ?? (masks === undefined ? undefined : (s: number): Info => ({ action_mask: masks[s]! }));
  const told =
    more?.(0).action_mask === undefined ? undefined : starts.map((_, s) => more(s).action_mask as Int8Array);
  const stateName = spec.stateName ?? gridStateName(spec.layout) ?? String;
  const table: TransitionTable = {
    nStates,
    nActions,
    initial,
    transitions: (state, action) => outcomes[state * nActions + action]!,
    stateName,
    actionNames,
  };
  const { layout } = spec;
  const draw =
    spec.render ??
    ((state: number, action: string | undefined): string =>
      layout === undefined ? `${stateName(state)}\n` : gridText(layout, layout.cellOf(state), { action }));
  const info = (state: TabularState): Info =>
    more === undefined ? { prob: state.probability } : { prob: state.probability, ...more(state.next) };
  const start = (rng: Generator): Outcome => starts[firstAbove(cumulated, rng.random())]!;
  return {
    id,
    observationSpace: new Discrete(nStates),
    actionSpace: new Discrete(nActions),
    actionNames,
    table,
    initial: start,
    transition: (state, action, rng) => sampleOutcome(outcomes[state.next * nActions + action]!, rng),
    observation: (state) => state.next,
    reward: (_state, _action, next) => next.reward,
    terminal: (state) => state.terminated,
    info,
    ...(masks === undefined
      ? {}
      : {
          unavailable: (state: TabularState, action: number) =>
            masks[state.next]![action] === 1
              ? undefined
              : `in state ${stateName(state.next)} there is ${actionNames.filter((_, a) => masks[state.next]![a] === 1).join(", ")}`,
        }),
    render: (state, action) => draw(state.next, action === undefined ? undefined : actionNames[action]),
    ...(layout === undefined
      ? {}
      : {
          layout,
          renderSvg: (state: TabularState, action?: number) => {
            const last = action === undefined ? "" : ` (${actionNames[action]})`;
            const title = `${caption?.(state.next) ?? id}${last}`;
            return gridSvg({ layout, agent: state.next, title });
          },
        }),
    model: () => table,
    indexOf: (state) => state.next,
    kernel: (n) => tabularKernel(id, table, start, info, told, n),
  };
}

/** The states of a vector; the outcomes of (s, a) begin at first[s · nA + a]. */
function tabularKernel(
  id: string,
  table: TransitionTable,
  start: (rng: Generator) => Outcome,
  tell: (state: TabularState) => Info,
  masks: readonly Int8Array[] | undefined,
  n: number,
): VectorKernel {
  const { nStates, nActions } = table;
  const first = new Int32Array(nStates * nActions + 1);
  const lists = Array.from({ length: nStates * nActions }, (_, k) =>
    table.transitions(Math.floor(k / nActions), k % nActions),
  );
  for (const [k, list] of lists.entries()) first[k + 1] = first[k]! + list.length;
  const outcomes = lists.flat();
  const next = Int32Array.from(outcomes, (o) => o.next);
  const reward = Float64Array.from(outcomes, (o) => o.reward);
  const ends = Uint8Array.from(outcomes, (o) => (o.terminated ? 1 : 0));
  const cumulated = new Float64Array(outcomes.length);
  for (let k = 0; k < lists.length; k++) {
    let sum = 0;
    for (let j = first[k]!; j < first[k + 1]!; j++) cumulated[j] = sum += outcomes[j]!.probability;
  }
  const state = new Int32Array(n);
  /** The outcome that led here; −1 at the start of an episode. */
  const cause = new Int32Array(n).fill(-1);
  return {
    initial: (i, rng) => {
      state[i] = start(rng).next;
      cause[i] = -1;
    },
    step: (i, actions, rng, rewards) => {
      const k = state[i]! * nActions + actions[i]!;
      const from = first[k]!;
      const to = first[k + 1]!;
      if (from === to) {
        throw new UserError(`${id}: action ${actions[i]} is not available to environment ${i} in its state`);
      }
      const u = rng.random();
      let j = from;
      while (j < to && !(cumulated[j]! > u)) j++;
      if (j === to) j = from;
      cause[i] = j;
      state[i] = next[j]!;
      rewards[i] = reward[j]!;
    },
    terminal: (i) => cause[i]! >= 0 && ends[cause[i]!] === 1,
    observe: (i, out) => {
      out[i] = state[i]!;
    },
    ...(masks === undefined
      ? {}
      : { mask: (i: number, out: Uint8Array, at: number) => out.set(masks[state[i]!]!, at) }),
    info: (i) =>
      tell(outcomes[cause[i]!] ?? { probability: 1, next: state[i]!, reward: 0, terminated: false }),
    snapshot: () => ({ state: state.slice(), cause: cause.slice() }),
    restore: (saved) => {
      const from = saved as { state: Int32Array; cause: Int32Array };
      state.set(from.state);
      cause.set(from.cause);
    },
  };
}

function gridStateName(layout: GridLayout | undefined): ((state: number) => string) | undefined {
  if (layout === undefined) return undefined;
  return (state) => {
    const cell = layout.cellOf(state);
    return cell < 0
      ? String(state)
      : `${state} (row ${Math.floor(cell / layout.columns)}, column ${cell % layout.columns})`;
  };
}

/** A deterministic outcome. */
export function surely(next: number, reward: number, terminated: boolean): readonly Outcome[] {
  return [{ probability: 1, next, reward, terminated }];
}
