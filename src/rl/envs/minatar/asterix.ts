import type { Generator } from "../../random.ts";
import { DOWN, type Game, LEFT, mark, OVER, OWN, places, REWARD, RIGHT, SIZE, UP } from "./game.ts";

const CHANNELS = [
  ["player", "A"],
  ["enemy", "x"],
  ["trail", "."],
  ["gold", "$"],
] as const;
const C = CHANNELS.length;

const { X, Y, SPAWN_TIMER, MOVE_TIMER, SPAWN_INTERVAL, MOVE_INTERVAL, RAMP_TIMER, RAMPS, SLOTS } = places(
  "X",
  "Y",
  "SPAWN_TIMER",
  "MOVE_TIMER",
  "SPAWN_INTERVAL",
  "MOVE_INTERVAL",
  "RAMP_TIMER",
  "RAMPS",
  "SLOTS",
);
/** One for each of rows 1 to 8. */
const N_SLOTS = 8;
// What a slot holds. DX 0: nothing.
const [SLOT_X, SLOT_DX, SLOT_GOLD, SLOT_SIZE] = [0, 1, 2, 3] as const;
const RAMP_INTERVAL = 100;

const slotAt = (at: number, slot: number): number => at + SLOTS + slot * SLOT_SIZE;

/** An enemy or gold enters at the edge of a random row that is empty. */
function spawn(state: Float64Array, at: number, rng: Generator): void {
  let free = 0;
  for (let slot = 0; slot < N_SLOTS; slot++) if (state[slotAt(at, slot) + SLOT_DX] === 0) free++;
  const fromLeft = rng.integers(2) === 1;
  const gold = rng.random() < 1 / 3;
  if (free === 0) return;
  let left = rng.integers(free);
  for (let slot = 0; slot < N_SLOTS; slot++) {
    const s = slotAt(at, slot);
    if (state[s + SLOT_DX] !== 0 || left-- > 0) continue;
    state[s + SLOT_X] = fromLeft ? 0 : SIZE - 1;
    state[s + SLOT_DX] = fromLeft ? 1 : -1;
    state[s + SLOT_GOLD] = gold ? 1 : 0;
    return;
  }
}

/** What stands in the player's row may be where the player is. */
function touch(state: Float64Array, at: number): void {
  const s = slotAt(at, state[at + Y]! - 1);
  if (state[s + SLOT_DX] === 0 || state[s + SLOT_X] !== state[at + X]) return;
  if (state[s + SLOT_GOLD] === 1) {
    state[s + SLOT_DX] = 0;
    state[at + REWARD] = state[at + REWARD]! + 1;
  } else state[at + OVER] = 1;
}

function ramp(state: Float64Array, at: number): void {
  if (state[at + SPAWN_INTERVAL] === 1 && state[at + MOVE_INTERVAL] === 1) return;
  if (state[at + RAMP_TIMER]! >= 0) {
    state[at + RAMP_TIMER] = state[at + RAMP_TIMER]! - 1;
    return;
  }
  if (state[at + RAMPS]! % 2 === 1) state[at + MOVE_INTERVAL] = Math.max(state[at + MOVE_INTERVAL]! - 1, 1);
  state[at + SPAWN_INTERVAL] = Math.max(state[at + SPAWN_INTERVAL]! - 1, 1);
  state[at + RAMPS] = state[at + RAMPS]! + 1;
  state[at + RAMP_TIMER] = RAMP_INTERVAL;
}

/** Collect the gold that crosses the field, +1 each, and keep away from the enemies, which end the game. */
export const asterix: Game = {
  name: "Asterix",
  about: "collect gold and keep away from enemies",
  channels: CHANNELS,
  minimal: [0, LEFT, UP, RIGHT, DOWN],
  size: SLOTS - OWN + N_SLOTS * SLOT_SIZE,

  start(state, at) {
    state.fill(0, at + OWN, at + SLOTS + N_SLOTS * SLOT_SIZE);
    state[at + X] = 5;
    state[at + Y] = 5;
    state[at + SPAWN_TIMER] = state[at + SPAWN_INTERVAL] = 10;
    state[at + MOVE_TIMER] = state[at + MOVE_INTERVAL] = 5;
    state[at + RAMP_TIMER] = RAMP_INTERVAL;
  },

  step(state, at, move, rng, ramping) {
    if (state[at + SPAWN_TIMER] === 0) {
      spawn(state, at, rng);
      state[at + SPAWN_TIMER] = state[at + SPAWN_INTERVAL]!;
    }
    if (move === LEFT) state[at + X] = Math.max(state[at + X]! - 1, 0);
    else if (move === RIGHT) state[at + X] = Math.min(state[at + X]! + 1, SIZE - 1);
    else if (move === UP) state[at + Y] = Math.max(state[at + Y]! - 1, 1);
    else if (move === DOWN) state[at + Y] = Math.min(state[at + Y]! + 1, SIZE - 2);
    touch(state, at);
    if (state[at + MOVE_TIMER] === 0) {
      state[at + MOVE_TIMER] = state[at + MOVE_INTERVAL]!;
      for (let slot = 0; slot < N_SLOTS; slot++) {
        const s = slotAt(at, slot);
        const x = state[s + SLOT_X]! + state[s + SLOT_DX]!;
        if (x < 0 || x >= SIZE) state[s + SLOT_DX] = 0;
        else state[s + SLOT_X] = x;
      }
      touch(state, at);
    }
    state[at + SPAWN_TIMER] = state[at + SPAWN_TIMER]! - 1;
    state[at + MOVE_TIMER] = state[at + MOVE_TIMER]! - 1;
    if (ramping) ramp(state, at);
  },

  draw(state, at, out, outAt) {
    mark(out, outAt, C, 0, state[at + X]!, state[at + Y]!);
    for (let slot = 0; slot < N_SLOTS; slot++) {
      const s = slotAt(at, slot);
      const dx = state[s + SLOT_DX]!;
      if (dx === 0) continue;
      mark(out, outAt, C, state[s + SLOT_GOLD] === 1 ? 3 : 1, state[s + SLOT_X]!, slot + 1);
      mark(out, outAt, C, 2, state[s + SLOT_X]! - dx, slot + 1);
    }
  },
};
