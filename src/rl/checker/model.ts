import type { TransitionTable } from "../env.ts";
import { fastRandom, type Generator } from "../random.ts";
import type { Discrete } from "../spaces.ts";
import { demand } from "./finding.ts";
import type { AnyFunctional } from "./purity.ts";

const nameOf = (table: TransitionTable, s: number): string => table.stateName?.(s) ?? String(s);
const actionOf = (table: TransitionTable, a: number): string => table.actionNames?.[a] ?? String(a);

/** Checks that the rows of the model are distributions over existing states with finite rewards. */
export function checkModel(table: TransitionTable): void {
  const total = table.initial.reduce((a, b) => a + b, 0);
  demand(
    table.initial.length === table.nStates &&
      table.initial.every((p) => p >= 0) &&
      Math.abs(total - 1) < 1e-9,
    () =>
      `The model's initial distribution has ${table.initial.length} entries for ${table.nStates} states and sums to ${total}.`,
  );
  for (let s = 0; s < table.nStates; s++) {
    let available = 0;
    for (let a = 0; a < table.nActions; a++) {
      let sum = 0;
      for (const { probability, next, reward } of table.transitions(s, a)) {
        demand(
          probability >= 0 &&
            Number.isInteger(next) &&
            next >= 0 &&
            next < table.nStates &&
            Number.isFinite(reward),
          () =>
            `The model has an impossible outcome in state ${nameOf(table, s)} under ${actionOf(table, a)}: probability ${probability}, next ${next}, reward ${reward}.`,
        );
        sum += probability;
      }
      available += sum > 0 ? 1 : 0;
      demand(
        sum === 0 || Math.abs(sum - 1) < 1e-9,
        () =>
          `The model's probabilities in state ${nameOf(table, s)} under ${actionOf(table, a)} sum to ${sum}, not to 1.`,
      );
    }
    demand(available > 0, () => `The model has no action in state ${nameOf(table, s)}.`);
  }
}

/** How far counts are from what the probabilities expect, in standard deviations (Wilson and Hilferty's χ²). */
function surprise(probabilities: readonly number[], counts: readonly number[], n: number): number {
  let [chi2, bins, restExpected, restCount] = [0, 0, 0, 0];
  const add = (expected: number, count: number): void => {
    chi2 += (count - expected) ** 2 / expected;
    bins++;
  };
  probabilities.forEach((p, i) => {
    // χ² needs about five in every bin: what is rarer is counted together.
    if (p * n >= 5) add(p * n, counts[i]!);
    else {
      restExpected += p * n;
      restCount += counts[i]!;
    }
  });
  if (restExpected >= 5) add(restExpected, restCount);
  const k = bins - 1;
  return k < 1 ? 0 : (Math.cbrt(chi2 / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k));
}

/**
 * Tests whether `draw` gives indices with these probabilities: first by a few hundred draws and, if those look odd,
 * by so many more that only a wrong model still does.
 *
 * @returns the index that is furthest off, with its count and the number of draws; undefined if all is well
 */
function furthestOff(
  probabilities: readonly number[],
  draw: () => number,
): { index: number; count: number; n: number } | undefined {
  let worst: { index: number; count: number; n: number } | undefined;
  for (const [n, limit] of [
    [300, 2.5],
    [20_000, 5],
  ] as const) {
    const counts = probabilities.map(() => 0);
    for (let i = 0; i < n; i++) counts[draw()]!++;
    if (surprise(probabilities, counts, n) < limit) return undefined;
    worst = { ...furthest(probabilities, counts, n), n };
  }
  return worst;
}

function furthest(
  probabilities: readonly number[],
  counts: readonly number[],
  n: number,
): { index: number; count: number } {
  const distance = (i: number): number => Math.abs(counts[i]! - probabilities[i]! * n);
  const index = counts.reduce((best, _, i) => (distance(i) > distance(best) ? i : best), 0);
  return { index, count: counts[index]! };
}

function checkInitial(f: AnyFunctional, table: TransitionTable, rng: Generator): void {
  const indexOf = (state: unknown): number => {
    const index = f.indexOf!(state);
    demand(
      Number.isInteger(index) && index >= 0 && index < table.nStates,
      () => `indexOf() gives ${index}, and the model has the states 0 … ${table.nStates - 1}.`,
    );
    return index;
  };
  const off = furthestOff([...table.initial], () => {
    const start = indexOf(f.initial(rng));
    demand(
      table.initial[start]! > 0,
      () => `Episodes begin in state ${nameOf(table, start)}, where the model's initial distribution is 0.`,
    );
    return start;
  });
  demand(
    off === undefined,
    () =>
      `The model's initial distribution is wrong: episodes begin in state ${nameOf(table, off!.index)} with probability ${table.initial[off!.index]!.toPrecision(4)} in the model, but ${off!.count} times in ${off!.n}.`,
  );
}

/** One outcome of the model; indistinguishable ones are merged. */
interface Merged {
  readonly next: number;
  readonly reward: number;
  readonly terminated: boolean;
  probability: number;
}

/** Steps of the environment beside the model's outcomes, which are merged once for each state and action. */
class Comparison {
  readonly #f: AnyFunctional;
  readonly table: TransitionTable;
  readonly #rng: Generator;
  readonly #start: number;
  readonly #allowed = new Map<number, readonly number[]>();
  readonly #merged = new Map<number, readonly Merged[]>();

  constructor(f: AnyFunctional, table: TransitionTable, rng: Generator) {
    this.#f = f;
    this.table = table;
    this.#rng = rng;
    this.#start = (f.actionSpace as unknown as Discrete).start;
  }

  outcomes(s: number, a: number): readonly Merged[] {
    const key = s * this.table.nActions + a;
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    const list = new Map<string, Merged>();
    for (const { next, reward, terminated, probability } of this.table.transitions(s, a)) {
      if (probability === 0) continue;
      const name = `${next} ${reward} ${terminated}`;
      const same = list.get(name);
      if (same === undefined) list.set(name, { next, reward, terminated, probability });
      else same.probability += probability;
    }
    const merged = [...list.values()];
    this.#merged.set(key, merged);
    return merged;
  }

  allowed(s: number): readonly number[] {
    let allowed = this.#allowed.get(s);
    if (allowed === undefined) {
      const all = Array.from({ length: this.table.nActions }, (_, a) => a);
      allowed = all.filter((a) => this.table.transitions(s, a).length > 0);
      this.#allowed.set(s, allowed);
    }
    return allowed;
  }

  /** Steps from a state with index `from` and returns the outcome of the model that it was, and the result. */
  step(state: unknown, from: number, a: number): { index: number; next: unknown; ends: boolean } {
    const f = this.#f;
    const { table } = this;
    const action = a + this.#start;
    const next: unknown = f.transition(state, action, this.#rng);
    const to = f.indexOf!(next);
    const reward = f.reward(state, action, next);
    const ends = f.terminal(next);
    const index = this.outcomes(from, a).findIndex(
      (o) =>
        o.next === to && o.terminated === ends && (table.rewardsAreExpected === true || o.reward === reward),
    );
    demand(
      index >= 0,
      () =>
        `The environment went from state ${nameOf(table, from)} by ${actionOf(table, a)} to ${nameOf(table, to)} with reward ${reward}${ends ? " and ended" : ""}, which the model does not have.`,
    );
    return { index, next, ends };
  }

  /** A random walk of the given number of steps, episode after episode. `visit` ends it by returning true. */
  walk(
    steps: number,
    visit: (state: unknown, from: number, a: number, index: number) => boolean | undefined,
  ): void {
    let state: unknown;
    for (let t = 0; t < steps; t++) {
      state ??= this.#f.initial(this.#rng);
      const from = this.#f.indexOf!(state);
      const a = this.#rng.choice(this.allowed(from));
      const { index, next, ends } = this.step(state, from, a);
      if (visit(state, from, a, index) === true) return;
      state = ends ? undefined : next;
    }
  }

  wrong(from: number, a: number, off: { index: number; count: number; n: number }): string {
    const { table } = this;
    const { next, reward, terminated, probability } = this.outcomes(from, a)[off.index]!;
    const happened = off.count === 0 ? "never happened" : `happened ${off.count} times`;
    return `The model's probabilities are wrong: from state ${nameOf(table, from)} by ${actionOf(table, a)} to ${nameOf(table, next)} with reward ${reward}${terminated ? " and the end" : ""} has ${probability.toPrecision(4)} in the model, but ${happened} in ${off.n} tries.`;
  }
}

/**
 * Whether states with the same index behave alike. Where a state holds more than its index (the dealer's hidden
 * card), only the mean over such states can be compared with the model.
 */
function indexTellsAll(compare: Comparison, state: unknown, from: number, a: number): boolean {
  const n = 2000;
  const outcomes = compare.outcomes(from, a);
  const shares = (of: unknown): number[] => {
    const counts = outcomes.map(() => 0);
    for (let i = 0; i < n; i++) counts[compare.step(of, from, a).index]!++;
    return counts.map((count) => count / n);
  };
  const mine = shares(state);
  let others = 0;
  let alike = true;
  compare.walk(20_000, (other, index) => {
    if (index !== from || other === state) return undefined;
    const its = shares(other);
    alike &&= mine.every((p, i) => Math.abs(p - its[i]!) < 5 * Math.sqrt((2 * 0.25) / n));
    return !alike || ++others === 8;
  });
  return alike;
}

/** Checks the whole model by the counts of a long walk. */
function checkByWalk(compare: Comparison): void {
  const counts = new Map<number, { from: number; a: number; n: number; of: number[] }>();
  const { nActions } = compare.table;
  compare.walk(100_000, (_, from, a, index) => {
    const key = from * nActions + a;
    const entry = counts.get(key) ?? { from, a, n: 0, of: compare.outcomes(from, a).map(() => 0) };
    entry.n++;
    entry.of[index]!++;
    counts.set(key, entry);
    return undefined;
  });
  for (const { from, a, n, of } of counts.values()) {
    const probabilities = compare.outcomes(from, a).map((o) => o.probability);
    demand(surprise(probabilities, of, n) < 5, () =>
      compare.wrong(from, a, { ...furthest(probabilities, of, n), n }),
    );
  }
}

/** Checks that actual steps are in the model and as frequent as it says. */
export function checkAgainstModel(f: AnyFunctional, steps: number): void {
  if (f.model === undefined || f.indexOf === undefined) return;
  const table = f.model();
  checkModel(table);
  const rng = fastRandom(3);
  checkInitial(f, table, rng);
  const compare = new Comparison(f, table, rng);
  const tried = new Set<number>();
  let hidden = false;
  compare.walk(steps, (state, from, a) => {
    const key = from * table.nActions + a;
    const outcomes = compare.outcomes(from, a);
    if (outcomes.length === 1 || tried.has(key)) return undefined;
    tried.add(key);
    const draw = (): number => compare.step(state, from, a).index;
    const off = furthestOff(
      outcomes.map((o) => o.probability),
      draw,
    );
    if (off === undefined) return undefined;
    demand(!indexTellsAll(compare, state, from, a), () => compare.wrong(from, a, off));
    hidden = true;
    return true;
  });
  if (hidden) checkByWalk(compare);
}
