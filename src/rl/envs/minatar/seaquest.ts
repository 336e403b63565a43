import type { Generator } from "../../random.ts";
import {
  add,
  count,
  DX,
  type Fleet,
  find,
  fleets,
  markFleet,
  oncoming,
  remove,
  SHOT_TIMER,
  swim,
  thing,
  X,
  Y,
} from "./fleet.ts";
import { DOWN, FIRE, type Game, LEFT, mark, OVER, OWN, places, REWARD, RIGHT, SIZE, UP } from "./game.ts";

const CHANNELS = [
  ["front", "S"],
  ["back", "s"],
  ["own bullet", "'"],
  ["trail", "."],
  ["enemy bullet", "!"],
  ["fish", "f"],
  ["enemy submarine", "E"],
  ["oxygen", "o"],
  ["divers aboard", "D"],
  ["diver", "d"],
] as const;
const C = CHANNELS.length;
const TRAIL = 3;

const {
  SUB_X,
  SUB_Y,
  FACING,
  OXYGEN,
  ABOARD,
  SURFACED,
  COOLDOWN,
  ENEMY_TIMER,
  DIVER_TIMER,
  SPAWN_INTERVAL,
  MOVE_INTERVAL,
  RAMPS,
  FLEETS,
} = places(
  "SUB_X",
  "SUB_Y",
  "FACING",
  "OXYGEN",
  "ABOARD",
  "SURFACED",
  "COOLDOWN",
  "ENEMY_TIMER",
  "DIVER_TIMER",
  "SPAWN_INTERVAL",
  "MOVE_INTERVAL",
  "RAMPS",
  "FLEETS",
);
// At the highest difficulty an enemy comes each step, crosses the field in 30, and shoots three times meanwhile.
const { fleet, end: END } = fleets(FLEETS, { fish: 40, subs: 40, divers: 4, bullets: 4, enemyBullets: 80 });

const FULL_OXYGEN = 200;
const FULL_LOAD = 6;
const SHOT_COOLDOWN = 5;
const ENEMY_SHOT_INTERVAL = 10;
const DIVER_SPAWN_INTERVAL = 30;
const DIVER_MOVE_INTERVAL = 5;
const [FIRST_SPAWN_INTERVAL, FASTEST_SPAWN] = [20, 1] as const;
const [FIRST_MOVE_INTERVAL, FASTEST_MOVE] = [5, 2] as const;

function down(state: Float64Array, i: number): void {
  if (state[i]! > 0) state[i] = state[i]! - 1;
}

function spawn(state: Float64Array, at: number, rng: Generator): void {
  if (state[at + ENEMY_TIMER] === 0) {
    state[at + ENEMY_TIMER] = state[at + SPAWN_INTERVAL]!;
    const dx = rng.integers(2) === 1 ? 1 : -1;
    const kind = rng.random() < 1 / 3 ? fleet.subs : fleet.fish;
    const y = 1 + rng.integers(8);
    if (!oncoming(state, at, fleet.fish, y, dx) && !oncoming(state, at, fleet.subs, y, dx)) {
      add(state, at, kind, dx > 0 ? 0 : SIZE - 1, y, dx, state[at + MOVE_INTERVAL]!, ENEMY_SHOT_INTERVAL);
    }
  }
  if (state[at + DIVER_TIMER] === 0) {
    state[at + DIVER_TIMER] = DIVER_SPAWN_INTERVAL;
    const dx = rng.integers(2) === 1 ? 1 : -1;
    add(state, at, fleet.divers, dx > 0 ? 0 : SIZE - 1, 1 + rng.integers(8), dx, DIVER_MOVE_INTERVAL, 0);
  }
}

function obey(state: Float64Array, at: number, move: number): void {
  if (move === FIRE && state[at + COOLDOWN] === 0) {
    add(state, at, fleet.bullets, state[at + SUB_X]!, state[at + SUB_Y]!, state[at + FACING]!, 0, 0);
    state[at + COOLDOWN] = SHOT_COOLDOWN;
  } else if (move === LEFT || move === RIGHT) {
    state[at + FACING] = move === LEFT ? -1 : 1;
    state[at + SUB_X] = Math.min(Math.max(state[at + SUB_X]! + state[at + FACING]!, 0), SIZE - 1);
  } else if (move === UP) state[at + SUB_Y] = Math.max(state[at + SUB_Y]! - 1, 0);
  else if (move === DOWN) state[at + SUB_Y] = Math.min(state[at + SUB_Y]! + 1, SIZE - 2);
}

const touches = (state: Float64Array, at: number, e: number): boolean =>
  state[e + X] === state[at + SUB_X] && state[e + Y] === state[at + SUB_Y];

/** Our bullets: one cell a step, +1 for what they hit. */
function shoot(state: Float64Array, at: number): void {
  for (let k = count(state, at, fleet.bullets) - 1; k >= 0; k--) {
    const e = thing(at, fleet.bullets, k);
    const inside = swim(state, e, 0);
    const hitFish = find(state, at, fleet.fish, state[e + X]!, state[e + Y]!);
    const hitSub = hitFish >= 0 ? -1 : find(state, at, fleet.subs, state[e + X]!, state[e + Y]!);
    if (hitFish >= 0) remove(state, at, fleet.fish, hitFish);
    if (hitSub >= 0) remove(state, at, fleet.subs, hitSub);
    if (hitFish >= 0 || hitSub >= 0) state[at + REWARD] = state[at + REWARD]! + 1;
    if (hitFish >= 0 || hitSub >= 0 || !inside) remove(state, at, fleet.bullets, k);
  }
}

/** Divers come aboard where we are, before or after their move, while there is room. */
function rescue(state: Float64Array, at: number): void {
  for (let k = count(state, at, fleet.divers) - 1; k >= 0; k--) {
    const e = thing(at, fleet.divers, k);
    const room = state[at + ABOARD]! < FULL_LOAD;
    let taken = room && touches(state, at, e);
    const gone = !taken && !swim(state, e, DIVER_MOVE_INTERVAL);
    taken ||= room && touches(state, at, e);
    if (taken) state[at + ABOARD] = state[at + ABOARD]! + 1;
    if (taken || gone) remove(state, at, fleet.divers, k);
  }
}

/** Enemies and their bullets end the game where we are, before or after their move. */
function attack(state: Float64Array, at: number, enemies: Fleet, interval: number): void {
  for (let k = count(state, at, enemies) - 1; k >= 0; k--) {
    const e = thing(at, enemies, k);
    if (touches(state, at, e)) state[at + OVER] = 1;
    const inside = swim(state, e, interval);
    if (inside && touches(state, at, e)) state[at + OVER] = 1;
    if (enemies === fleet.subs && inside) {
      if (state[e + SHOT_TIMER] === 0) {
        state[e + SHOT_TIMER] = ENEMY_SHOT_INTERVAL;
        add(state, at, fleet.enemyBullets, state[e + X]!, state[e + Y]!, state[e + DX]!, 0, 0);
      } else down(state, e + SHOT_TIMER);
    }
    if (!inside) remove(state, at, enemies, k);
  }
}

/** At the surface: without divers the end; with six the air that is left pays. Then it begins anew, and harder. */
function surface(state: Float64Array, at: number, ramping: boolean): void {
  if (state[at + ABOARD] === 0) {
    state[at + OVER] = 1;
    return;
  }
  if (state[at + ABOARD] === FULL_LOAD) {
    state[at + REWARD] = state[at + REWARD]! + Math.floor(state[at + OXYGEN]! / 20);
    state[at + ABOARD] = 0;
  }
  // Even after a full load was set down one is missing: the game's own quirk.
  state[at + ABOARD] = state[at + ABOARD]! - 1;
  state[at + OXYGEN] = FULL_OXYGEN;
  if (!ramping) return;
  if (state[at + RAMPS]! % 2 === 1) {
    state[at + MOVE_INTERVAL] = Math.max(state[at + MOVE_INTERVAL]! - 1, FASTEST_MOVE);
  }
  state[at + SPAWN_INTERVAL] = Math.max(state[at + SPAWN_INTERVAL]! - 1, FASTEST_SPAWN);
  state[at + RAMPS] = state[at + RAMPS]! + 1;
}

function breathe(state: Float64Array, at: number, ramping: boolean): void {
  const surfaced = state[at + SUB_Y] === 0;
  if (!surfaced) {
    state[at + OXYGEN] = state[at + OXYGEN]! - 1;
    if (state[at + OXYGEN]! <= 0) state[at + OVER] = 1;
  } else if (state[at + SURFACED] === 0) surface(state, at, ramping);
  state[at + SURFACED] = surfaced ? 1 : 0;
}

/** Shoot fish and submarines, +1 each, rescue divers, and come up for air with at least one of them. */
export const seaquest: Game = {
  name: "Seaquest",
  about: "shoot under water, rescue divers, come up for air",
  channels: CHANNELS,
  minimal: [0, LEFT, UP, RIGHT, DOWN, FIRE],
  size: END - OWN,

  start(state, at) {
    state.fill(0, at + OWN, at + END);
    state[at + SUB_X] = 5;
    state[at + FACING] = -1;
    state[at + OXYGEN] = FULL_OXYGEN;
    state[at + SURFACED] = 1;
    state[at + ENEMY_TIMER] = state[at + SPAWN_INTERVAL] = FIRST_SPAWN_INTERVAL;
    state[at + DIVER_TIMER] = DIVER_SPAWN_INTERVAL;
    state[at + MOVE_INTERVAL] = FIRST_MOVE_INTERVAL;
  },

  step(state, at, move, rng, ramping) {
    spawn(state, at, rng);
    obey(state, at, move);
    shoot(state, at);
    rescue(state, at);
    attack(state, at, fleet.subs, state[at + MOVE_INTERVAL]!);
    attack(state, at, fleet.enemyBullets, 0);
    attack(state, at, fleet.fish, state[at + MOVE_INTERVAL]!);
    down(state, at + ENEMY_TIMER);
    down(state, at + DIVER_TIMER);
    down(state, at + COOLDOWN);
    breathe(state, at, ramping);
  },

  draw(state, at, out, outAt) {
    mark(out, outAt, C, 0, state[at + SUB_X]!, state[at + SUB_Y]!);
    mark(out, outAt, C, 1, state[at + SUB_X]! - state[at + FACING]!, state[at + SUB_Y]!);
    markFleet(state, at, fleet.bullets, out, outAt, C, 2, -1);
    markFleet(state, at, fleet.enemyBullets, out, outAt, C, 4, -1);
    markFleet(state, at, fleet.fish, out, outAt, C, 5, TRAIL);
    markFleet(state, at, fleet.subs, out, outAt, C, 6, TRAIL);
    markFleet(state, at, fleet.divers, out, outAt, C, 9, TRAIL);
    // The gauges in the lowest row: oxygen from the left, divers from the right, before the last column.
    for (let x = 0; x < Math.floor(state[at + OXYGEN]! / 20); x++) mark(out, outAt, C, 7, x, SIZE - 1);
    for (let k = 0; k < state[at + ABOARD]!; k++) mark(out, outAt, C, 8, SIZE - 2 - k, SIZE - 1);
  },
};
