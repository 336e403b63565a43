import type { Generator } from "../../random.ts";
import { DOWN, type Game, mark, OVER, OWN, places, REWARD, SIZE, UP } from "./game.ts";

const CHANNELS = [
  ["chicken", "C"],
  ["car", "#"],
  ["speed 1", "1"],
  ["speed 2", "2"],
  ["speed 3", "3"],
  ["speed 4", "4"],
  ["speed 5", "5"],
] as const;
const C = CHANNELS.length;

const { Y, MOVE_TIMER, TIME, CARS } = places("Y", "MOVE_TIMER", "TIME", "CARS");
/** The chicken's column. */
const COLUMN = 4;
/** One in each of rows 1 to 8. */
const N_CARS = 8;
// A car's column, its signed speed, and the steps until it moves.
const [CAR_X, CAR_SPEED, CAR_TIMER, CAR_SIZE] = [0, 1, 2, 3] as const;
const CHICKEN_INTERVAL = 3;
const LAST_STEP = 2501;

const carAt = (at: number, car: number): number => at + CARS + car * CAR_SIZE;

/** New speeds of 1 to 5 cells' worth of waiting, each way as likely. */
function newSpeeds(state: Float64Array, at: number, rng: Generator): void {
  for (let car = 0; car < N_CARS; car++) {
    const speed = 1 + rng.integers(5);
    const c = carAt(at, car);
    state[c + CAR_TIMER] = speed;
    state[c + CAR_SPEED] = rng.integers(2) === 1 ? speed : -speed;
  }
}

const round = (x: number): number => (x < 0 ? SIZE - 1 : x >= SIZE ? 0 : x);

/** Bring the chicken over the road, +1 each time; a car sends it back to the start. Ends after 2501 steps. */
export const freeway: Game = {
  name: "Freeway",
  about: "bring a chicken over eight lanes",
  channels: CHANNELS,
  minimal: [0, UP, DOWN],
  size: CARS - OWN + N_CARS * CAR_SIZE,

  start(state, at, rng) {
    state[at + Y] = SIZE - 1;
    state[at + MOVE_TIMER] = CHICKEN_INTERVAL;
    state[at + TIME] = 0;
    for (let car = 0; car < N_CARS; car++) state[carAt(at, car) + CAR_X] = 0;
    newSpeeds(state, at, rng);
  },

  step(state, at, move, rng) {
    let y = state[at + Y]!;
    if (state[at + MOVE_TIMER] === 0 && (move === UP || move === DOWN)) {
      state[at + MOVE_TIMER] = CHICKEN_INTERVAL;
      y = move === UP ? y - 1 : Math.min(y + 1, SIZE - 1);
    }
    if (y === 0) {
      state[at + REWARD] = 1;
      newSpeeds(state, at, rng);
      y = SIZE - 1;
    }
    for (let car = 0; car < N_CARS; car++) {
      const c = carAt(at, car);
      const here = y === car + 1;
      let hit = here && state[c + CAR_X] === COLUMN;
      if (state[c + CAR_TIMER] === 0) {
        const speed = state[c + CAR_SPEED]!;
        state[c + CAR_TIMER] = Math.abs(speed);
        state[c + CAR_X] = round(state[c + CAR_X]! + Math.sign(speed));
        hit ||= here && state[c + CAR_X] === COLUMN;
      } else state[c + CAR_TIMER] = state[c + CAR_TIMER]! - 1;
      if (hit) y = SIZE - 1;
    }
    state[at + Y] = y;
    if (state[at + MOVE_TIMER]! > 0) state[at + MOVE_TIMER] = state[at + MOVE_TIMER]! - 1;
    state[at + TIME] = state[at + TIME]! + 1;
    if (state[at + TIME] === LAST_STEP) state[at + OVER] = 1;
  },

  draw(state, at, out, outAt) {
    mark(out, outAt, C, 0, COLUMN, state[at + Y]!);
    for (let car = 0; car < N_CARS; car++) {
      const c = carAt(at, car);
      const speed = state[c + CAR_SPEED]!;
      mark(out, outAt, C, 1, state[c + CAR_X]!, car + 1);
      // Where it comes from, in the plane of its speed.
      mark(out, outAt, C, 1 + Math.abs(speed), round(state[c + CAR_X]! - Math.sign(speed)), car + 1);
    }
  },
};
