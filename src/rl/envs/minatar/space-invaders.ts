import type { Rows } from "../../rows.ts";
import { FIRE, type Game, LEFT, mark, OVER, OWN, places, REWARD, RIGHT, SIZE } from "./game.ts";

const CHANNELS = [
  ["cannon", "A"],
  ["alien", "W"],
  ["alien left", "<"],
  ["alien right", ">"],
  ["own bullet", "'"],
  ["enemy bullet", "!"],
] as const;
const C = CHANNELS.length;

const { X, COOLDOWN, DX, MOVE_TIMER, SHOT_TIMER, MOVE_INTERVAL, ALIENS } = places(
  "X",
  "COOLDOWN",
  "DX",
  "MOVE_TIMER",
  "SHOT_TIMER",
  "MOVE_INTERVAL",
  "ALIENS",
);
// Rows of ten bits, the lowest bit the left column: aliens, our bullets, theirs.
const BULLETS = ALIENS + SIZE;
const ENEMY_BULLETS = BULLETS + SIZE;
const BOTTOM = SIZE - 1;
const FULL = (1 << SIZE) - 1;
/** Four rows of aliens in columns 2 to 7. */
const WAVE_ROWS = 4;
const WAVE = 0b0011111100;
const SHOT_COOLDOWN = 5;
const ENEMY_SHOT_INTERVAL = 10;
const [SLOWEST, FASTEST] = [12, 6] as const;

function bits(row: number): number {
  let n = 0;
  for (let rest = row; rest !== 0; rest &= rest - 1) n++;
  return n;
}

function aliens(state: Float64Array, at: number): number {
  let n = 0;
  for (let y = 0; y < SIZE; y++) n += bits(state[at + ALIENS + y]!);
  return n;
}

function newWave(state: Float64Array, at: number): void {
  for (let y = 0; y < SIZE; y++) state[at + ALIENS + y] = y < WAVE_ROWS ? WAVE : 0;
}

/** All rows of a plane up or down by one; what leaves the field is gone. */
function shift(state: Float64Array, plane: number, dy: 1 | -1): void {
  const [from, to] = dy === 1 ? [BOTTOM, 0] : [0, BOTTOM];
  for (let y = from; y !== to; y -= dy) state[plane + y] = state[plane + y - dy]!;
  state[plane + to] = 0;
}

/** Sideways; at an edge the aliens turn and come one row down. */
function march(state: Float64Array, at: number): void {
  let columns = 0;
  for (let y = 0; y < SIZE; y++) columns |= state[at + ALIENS + y]!;
  const dx = state[at + DX]!;
  if ((columns & (dx < 0 ? 1 : 1 << BOTTOM)) !== 0) {
    state[at + DX] = -dx;
    if (state[at + ALIENS + BOTTOM] !== 0) state[at + OVER] = 1;
    shift(state, at + ALIENS, 1);
    return;
  }
  for (let y = 0; y < SIZE; y++) {
    const row = state[at + ALIENS + y]!;
    state[at + ALIENS + y] = dx < 0 ? row >> 1 : (row << 1) & FULL;
  }
}

/** The lowest alien of the column nearest to the cannon fires; of two as near, the left one. */
function enemyFires(state: Float64Array, at: number): void {
  const x = state[at + X]!;
  for (let distance = 0; distance < SIZE; distance++) {
    for (let column = x - distance; column <= x + distance; column += Math.max(2 * distance, 1)) {
      if (column < 0 || column >= SIZE) continue;
      for (let y = BOTTOM; y >= 0; y--) {
        if ((state[at + ALIENS + y]! & (1 << column)) === 0) continue;
        state[at + ENEMY_BULLETS + y] = state[at + ENEMY_BULLETS + y]! | (1 << column);
        return;
      }
    }
  }
}

function markRow(out: Rows, outAt: number, channel: number, y: number, row: number): void {
  for (let rest = row; rest !== 0; rest &= rest - 1) {
    mark(out, outAt, C, channel, 31 - Math.clz32(rest & -rest), y);
  }
}

const onCannon = (state: Float64Array, at: number, plane: number): boolean =>
  (state[at + plane + BOTTOM]! & (1 << state[at + X]!)) !== 0;

/** Shoot the aliens, +1 each, before they land or hit the cannon. Each new wave marches faster. */
export const spaceInvaders: Game = {
  name: "SpaceInvaders",
  about: "shoot the aliens before they land",
  channels: CHANNELS,
  minimal: [0, LEFT, RIGHT, FIRE],
  size: ENEMY_BULLETS + SIZE - OWN,

  start(state, at) {
    state.fill(0, at + OWN, at + ENEMY_BULLETS + SIZE);
    state[at + X] = 5;
    state[at + DX] = -1;
    state[at + MOVE_TIMER] = state[at + MOVE_INTERVAL] = SLOWEST;
    state[at + SHOT_TIMER] = ENEMY_SHOT_INTERVAL;
    newWave(state, at);
  },

  step(state, at, move, _rng, ramping) {
    if (move === LEFT) state[at + X] = Math.max(state[at + X]! - 1, 0);
    else if (move === RIGHT) state[at + X] = Math.min(state[at + X]! + 1, BOTTOM);
    else if (move === FIRE && state[at + COOLDOWN] === 0) {
      state[at + BULLETS + BOTTOM] = state[at + BULLETS + BOTTOM]! | (1 << state[at + X]!);
      state[at + COOLDOWN] = SHOT_COOLDOWN;
    }
    shift(state, at + BULLETS, -1);
    shift(state, at + ENEMY_BULLETS, 1);
    if (onCannon(state, at, ENEMY_BULLETS) || onCannon(state, at, ALIENS)) state[at + OVER] = 1;
    if (state[at + MOVE_TIMER] === 0) {
      state[at + MOVE_TIMER] = Math.min(aliens(state, at), state[at + MOVE_INTERVAL]!);
      march(state, at);
      if (onCannon(state, at, ALIENS)) state[at + OVER] = 1;
    }
    if (state[at + SHOT_TIMER] === 0) {
      state[at + SHOT_TIMER] = ENEMY_SHOT_INTERVAL;
      enemyFires(state, at);
    }
    let left = 0;
    for (let y = 0; y < SIZE; y++) {
      const hit = state[at + ALIENS + y]! & state[at + BULLETS + y]!;
      state[at + REWARD] = state[at + REWARD]! + bits(hit);
      state[at + ALIENS + y] = state[at + ALIENS + y]! ^ hit;
      state[at + BULLETS + y] = state[at + BULLETS + y]! ^ hit;
      left |= state[at + ALIENS + y]!;
    }
    if (state[at + COOLDOWN]! > 0) state[at + COOLDOWN] = state[at + COOLDOWN]! - 1;
    state[at + MOVE_TIMER] = state[at + MOVE_TIMER]! - 1;
    state[at + SHOT_TIMER] = state[at + SHOT_TIMER]! - 1;
    if (left !== 0) return;
    if (ramping) state[at + MOVE_INTERVAL] = Math.max(state[at + MOVE_INTERVAL]! - 1, FASTEST);
    newWave(state, at);
  },

  draw(state, at, out, outAt) {
    const going = state[at + DX]! < 0 ? 2 : 3;
    mark(out, outAt, C, 0, state[at + X]!, BOTTOM);
    for (let y = 0; y < SIZE; y++) {
      markRow(out, outAt, 1, y, state[at + ALIENS + y]!);
      markRow(out, outAt, going, y, state[at + ALIENS + y]!);
      markRow(out, outAt, 4, y, state[at + BULLETS + y]!);
      markRow(out, outAt, 5, y, state[at + ENEMY_BULLETS + y]!);
    }
  },
};
