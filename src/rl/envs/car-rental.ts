import type { Outcome, TransitionTable } from "../env.ts";
import { checkOptions, numberOption, wholeOption } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

export interface CarRentalOptions {
  /** Maximum number of cars at a location; more return to the company. */
  readonly max_cars?: number;
  /** Maximum number of cars moved per night. */
  readonly max_moves?: number;
  /** Mean requests per day at the two locations. */
  readonly requests?: readonly [number, number];
  /** Mean returns per day at the two locations. */
  readonly returns?: readonly [number, number];
}

const RENT = 10;
const MOVE_COST = 2;

function poisson(n: number, lam: number): number {
  let p = Math.exp(-lam);
  for (let k = 1; k <= n; k++) p *= lam / k;
  return p;
}

/** One location over a day: the probabilities of going from n to n′ cars, and the mean number rented. */
function day(max: number, requests: number, returns: number): { to: Float64Array[]; rented: Float64Array } {
  const rented = new Float64Array(max + 1);
  const to = Array.from({ length: max + 1 }, (_, n) => {
    const row = new Float64Array(max + 1);
    // All requests beyond n are equivalent, and so are all returns beyond the places left.
    let restOut = 1;
    for (let out = 0; out <= n; out++) {
      const p = out === n ? restOut : poisson(out, requests);
      restOut -= p;
      rented[n] = rented[n]! + p * out;
      let restIn = 1;
      for (let left = n - out, come = 0; left + come <= max; come++) {
        const q = left + come === max ? restIn : poisson(come, returns);
        restIn -= q;
        row[left + come] = row[left + come]! + p * q;
      }
    }
    return row;
  });
  return { to, rented };
}

/**
 * Jack's car rental (Sutton & Barto, Example 4.2). State: cars at the two locations in the evening,
 * n₁ · (max + 1) + n₂. Action a: the number moved overnight from the first to the second, a − max_moves; only
 * cars that are there can be moved. Then come the day's requests (10 per car, while cars last) and returns.
 * The model's rewards are expectations of the day's income.
 */
export function carRental(options: CarRentalOptions = {}, id = "CarRental-v0"): TabularEnv {
  checkOptions(id, options, ["max_cars", "max_moves", "requests", "returns"]);
  const max = wholeOption(id, "max_cars", options.max_cars ?? 20, 1, 100);
  const maxMoves = wholeOption(id, "max_moves", options.max_moves ?? 5, 0, max);
  const [requests1, requests2] = options.requests ?? [3, 4];
  const [returns1, returns2] = options.returns ?? [3, 2];
  for (const lam of [requests1, requests2, returns1, returns2]) numberOption(id, "a mean", lam, 0, 100);
  const first = day(max, requests1, returns1);
  const second = day(max, requests2, returns2);
  const size = max + 1;
  const nStates = size * size;

  /** The cars in the morning; undefined if there are not enough to move. */
  const morning = (state: number, action: number): readonly [number, number] | undefined => {
    const n1 = Math.floor(state / size);
    const n2 = state % size;
    const a = action - maxMoves;
    if (a > n1 || -a > n2) return undefined;
    return [Math.min(n1 - a, max), Math.min(n2 + a, max)];
  };

  const outcomes = (state: number, action: number): readonly Outcome[] => {
    const cars = morning(state, action);
    if (cars === undefined) return [];
    const [m1, m2] = cars;
    const reward = RENT * (first.rented[m1]! + second.rented[m2]!) - MOVE_COST * Math.abs(action - maxMoves);
    const list: Outcome[] = [];
    first.to[m1]!.forEach((p1, n1) => {
      second.to[m2]!.forEach((p2, n2) => {
        if (p1 * p2 > 0) list.push({ probability: p1 * p2, next: n1 * size + n2, reward, terminated: false });
      });
    });
    return list;
  };

  // Looks like a tabular environment, but days are simulated and the long lists of outcomes made only on demand.
  const { kernel: _ofTheTable, ...shell } = tabularEnv({
    id,
    nStates,
    actionNames: Array.from({ length: 2 * maxMoves + 1 }, (_, a) => `move ${a - maxMoves}`),
    initial: new Float64Array(nStates).fill(1),
    stateName: (s) => `${Math.floor(s / size)} and ${s % size} cars`,
    outcomes: (s, a) => (morning(s, a) === undefined ? [] : surely(s, 0, false)),
  });
  const table: TransitionTable = { ...shell.table, transitions: outcomes, rewardsAreExpected: true };
  return {
    ...shell,
    table,
    model: () => table,
    transition: (state, action, rng) => {
      const [m1, m2] = morning(state.next, action)!;
      const rented1 = Math.min(m1, rng.poisson(requests1));
      const rented2 = Math.min(m2, rng.poisson(requests2));
      const n1 = Math.min(m1 - rented1 + rng.poisson(returns1), max);
      const n2 = Math.min(m2 - rented2 + rng.poisson(returns2), max);
      const reward = RENT * (rented1 + rented2) - MOVE_COST * Math.abs(action - maxMoves);
      const probability = first.to[m1]![n1]! * second.to[m2]![n2]!;
      return { probability, next: n1 * size + n2, reward, terminated: false };
    },
  };
}
