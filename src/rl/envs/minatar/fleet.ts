import type { Rows } from "../../rows.ts";
import { mark, SIZE } from "./game.ts";

/** Things that move along their rows, up to a number, in a game's state: how many there are, then each. */
export interface Fleet {
  /** Where it begins in the state. */
  readonly at: number;
  readonly capacity: number;
}

/** Column, row, direction (−1 left, 1 right), steps until it moves, steps until it shoots. */
export const [X, Y, DX, TIMER, SHOT_TIMER] = [0, 1, 2, 3, 4] as const;
const THING_SIZE = 5;

/** Fleets one after the other from `at` on, and where they end. */
export function fleets<K extends string>(
  at: number,
  capacities: Readonly<Record<K, number>>,
): { readonly fleet: Readonly<Record<K, Fleet>>; readonly end: number } {
  const fleet = {} as Record<K, Fleet>;
  let end = at;
  for (const name of Object.keys(capacities) as K[]) {
    fleet[name] = { at: end, capacity: capacities[name] };
    end += 1 + capacities[name] * THING_SIZE;
  }
  return { fleet, end };
}

export const count = (state: Float64Array, at: number, fleet: Fleet): number => state[at + fleet.at]!;

/** Where thing k begins in the state. */
export const thing = (at: number, fleet: Fleet, k: number): number => at + fleet.at + 1 + k * THING_SIZE;

export function add(
  state: Float64Array,
  at: number,
  fleet: Fleet,
  x: number,
  y: number,
  dx: number,
  timer: number,
  shotTimer: number,
): void {
  const n = count(state, at, fleet);
  if (n === fleet.capacity) throw new Error(`a fleet of ${n} is full: its capacity was reckoned too small`);
  const e = thing(at, fleet, n);
  state[e + X] = x;
  state[e + Y] = y;
  state[e + DX] = dx;
  state[e + TIMER] = timer;
  state[e + SHOT_TIMER] = shotTimer;
  state[at + fleet.at] = n + 1;
}

/** Takes thing k away; the last one takes its place. */
export function remove(state: Float64Array, at: number, fleet: Fleet, k: number): void {
  const last = count(state, at, fleet) - 1;
  const from = thing(at, fleet, last);
  state.copyWithin(thing(at, fleet, k), from, from + THING_SIZE);
  state[at + fleet.at] = last;
}

/** The thing at (x, y), or −1. */
export function find(state: Float64Array, at: number, fleet: Fleet, x: number, y: number): number {
  for (let k = count(state, at, fleet) - 1; k >= 0; k--) {
    const e = thing(at, fleet, k);
    if (state[e + X] === x && state[e + Y] === y) return k;
  }
  return -1;
}

/** Does anything in row y go the other way? */
export function oncoming(state: Float64Array, at: number, fleet: Fleet, y: number, dx: number): boolean {
  for (let k = count(state, at, fleet) - 1; k >= 0; k--) {
    const e = thing(at, fleet, k);
    if (state[e + Y] === y && state[e + DX] !== dx) return true;
  }
  return false;
}

/** Moves a thing whose time has come, by an interval of k once in k + 1 steps. False: it has left the field. */
export function swim(state: Float64Array, e: number, interval: number): boolean {
  if (state[e + TIMER]! > 0) {
    state[e + TIMER] = state[e + TIMER]! - 1;
    return true;
  }
  state[e + TIMER] = interval;
  state[e + X] = state[e + X]! + state[e + DX]!;
  return state[e + X]! >= 0 && state[e + X]! < SIZE;
}

/** Things of a fleet, and behind them their trail in a channel of its own; −1: they have none. */
export function markFleet(
  state: Float64Array,
  at: number,
  fleet: Fleet,
  out: Rows,
  outAt: number,
  channels: number,
  channel: number,
  trail: number,
): void {
  for (let k = count(state, at, fleet) - 1; k >= 0; k--) {
    const e = thing(at, fleet, k);
    mark(out, outAt, channels, channel, state[e + X]!, state[e + Y]!);
    if (trail >= 0) mark(out, outAt, channels, trail, state[e + X]! - state[e + DX]!, state[e + Y]!);
  }
}
