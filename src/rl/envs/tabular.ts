import { UserError } from "../../errors.ts";
import type { FunctionalEnv, GridLayout, Info, Outcome, TransitionTable } from "../env.ts";
import type { Generator } from "../random.ts";
import { gridText } from "../render/text.ts";
import { Discrete } from "../spaces.ts";

/**
 * The plain state of a finite environment is the outcome that led to it: where we are, and the probability,
 * reward and end that came with it. The outcomes are the table's own, so a step allocates nothing.
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
  /** More for `info`, by state. */
  readonly info?: (state: number) => Info;
  readonly render?: (state: number, action: string | undefined) => string;
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
  const { id, nStates, actionNames } = spec;
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
  // Where actions differ from state to state, `info.action_mask` tells, as Taxi's does in Gymnasium.
  const masks = outcomes.some((list) => list.length === 0)
    ? starts.map((_, s) =>
        Int8Array.from(actionNames, (_, a) => (outcomes[s * nActions + a]!.length > 0 ? 1 : 0)),
      )
    : undefined;
  const more =
    spec.info ?? (masks === undefined ? undefined : (s: number): Info => ({ action_mask: masks[s]! }));
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
  return {
    id,
    observationSpace: new Discrete(nStates),
    actionSpace: new Discrete(nActions),
    actionNames,
    table,
    initial: (rng) => starts[firstAbove(cumulated, rng.random())]!,
    transition: (state, action, rng) => sampleOutcome(outcomes[state.next * nActions + action]!, rng),
    observation: (state) => state.next,
    reward: (_state, _action, next) => next.reward,
    terminal: (state) => state.terminated,
    info: (state) =>
      more === undefined ? { prob: state.probability } : { prob: state.probability, ...more(state.next) },
    ...(masks === undefined
      ? {}
      : {
          unavailable: (state: TabularState, action: number) =>
            masks[state.next]![action] === 1
              ? undefined
              : `in state ${stateName(state.next)} there is ${actionNames.filter((_, a) => masks[state.next]![a] === 1).join(", ")}`,
        }),
    render: (state, action) => draw(state.next, action === undefined ? undefined : actionNames[action]),
    model: () => table,
    indexOf: (state) => state.next,
    ...(layout === undefined ? {} : { layout }),
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

/** A certain outcome. */
export function surely(next: number, reward: number, terminated: boolean): readonly Outcome[] {
  return [{ probability: 1, next, reward, terminated }];
}
