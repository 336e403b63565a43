import type { Generator } from "../random.ts";
import { cellsSvg, cellsText } from "../render/cells.ts";
import { Box, Discrete } from "../spaces.ts";
import { type ArrayDynamics, type ArrayEnv, arrayEnv } from "./array.ts";
import { checkOptions, wholeOption } from "./options.ts";

/** Up, right, down, left, as [rows, columns]. */
const MOVES = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;
const CHANNELS = [
  ["head", "@"],
  ["body", "o"],
  ["tail", "."],
  ["food", "*"],
] as const;
const [HEAD, BODY, TAIL, FOOD_CHANNEL] = [0, 1, 2, 3] as const;

// The state: reward, end, heading, length, food's cell, where the head is in the ring; then the ring of the cells that
// the body has passed, and whether it is on a cell.
const [REWARD, OVER, HEADING, LENGTH, FOOD, RING_HEAD, RING] = [0, 1, 2, 3, 4, 5, 6] as const;
const START_LENGTH = 3;

function dynamics(size: number): ArrayDynamics {
  const cells = size * size;
  const ON = RING + cells;
  /** The cell of the body's part k, the head being 0. */
  const part = (state: Float64Array, at: number, k: number): number =>
    state[at + RING + ((state[at + RING_HEAD]! - k + cells) % cells)]!;
  const placeFood = (state: Float64Array, at: number, rng: Generator): void => {
    let left = rng.integers(cells - state[at + LENGTH]!);
    for (let cell = 0; cell < cells; cell++) {
      if (state[at + ON + cell] === 0 && left-- === 0) {
        state[at + FOOD] = cell;
        return;
      }
    }
  };
  /** Back into its own neck it cannot go. */
  const backwards = (state: Float64Array, at: number, action: number): boolean =>
    action === (state[at + HEADING]! + 2) % 4;
  return {
    stateSize: ON + cells,
    initial: (state, at, rng) => {
      state.fill(0, at, at + ON + cells);
      state[at + HEADING] = 1;
      state[at + LENGTH] = START_LENGTH;
      state[at + RING_HEAD] = START_LENGTH - 1;
      const first = Math.floor(size / 2) * size + Math.floor(size / 2) - (START_LENGTH - 1);
      for (let k = 0; k < START_LENGTH; k++) {
        state[at + RING + k] = first + k;
        state[at + ON + first + k] = 1;
      }
      placeFood(state, at, rng);
    },
    step: (state, at, actions, actionAt, rng) => {
      const action = actions[actionAt]!;
      if (!backwards(state, at, action)) state[at + HEADING] = action;
      const heading = state[at + HEADING]!;
      const head = part(state, at, 0);
      const row = Math.floor(head / size) + MOVES[heading]![0];
      const column = (head % size) + MOVES[heading]![1];
      const to = row * size + column;
      const eats = to === state[at + FOOD];
      state[at + REWARD] = 0;
      // The tail makes room before the head comes, unless the snake grows.
      const tail = part(state, at, state[at + LENGTH]! - 1);
      if (!eats) state[at + ON + tail] = 0;
      if (row < 0 || row >= size || column < 0 || column >= size || state[at + ON + to] === 1) {
        state[at + ON + tail] = 1;
        state[at + REWARD] = -1;
        state[at + OVER] = 1;
        return;
      }
      state[at + RING_HEAD] = (state[at + RING_HEAD]! + 1) % cells;
      state[at + RING + state[at + RING_HEAD]!] = to;
      state[at + ON + to] = 1;
      if (!eats) return;
      state[at + REWARD] = 1;
      state[at + LENGTH] = state[at + LENGTH]! + 1;
      if (state[at + LENGTH] === cells) {
        state[at + OVER] = 1;
        state[at + FOOD] = -1;
      } else placeFood(state, at, rng);
    },
    reward: (state, at, out, outAt) => {
      out[outAt] = state[at + REWARD]!;
    },
    terminal: (state, at) => state[at + OVER] === 1,
    observe: (state, at, out, outAt) => {
      out.fill(0, outAt, outAt + cells * CHANNELS.length);
      const last = state[at + LENGTH]! - 1;
      for (let k = 0; k <= last; k++) {
        const channel = k === 0 ? HEAD : k === last ? TAIL : BODY;
        out[outAt + part(state, at, k) * CHANNELS.length + channel] = 1;
      }
      if (state[at + FOOD]! >= 0) out[outAt + state[at + FOOD]! * CHANNELS.length + FOOD_CHANNEL] = 1;
    },
    mask: (state, at, out, outAt) => {
      for (let a = 0; a < 4; a++) out[outAt + a] = backwards(state, at, a) ? 0 : 1;
    },
  };
}

export interface SnakeOptions {
  /** Cells of a side. */
  readonly size?: number;
}

/**
 * Snake: +1 for what it eats, by which it grows; −1 and the end at a wall or at its own body; the end, too, when it
 * fills the field. Turning back is masked, and means going on. Observations [size, size, 4]: head, body, tail, food.
 */
export function snake(options: SnakeOptions = {}, id = "Snake-v0"): ArrayEnv<Uint8Array> {
  checkOptions(id, options, ["size"]);
  const size = wholeOption(id, "size", options.size ?? 10, 4, 64);
  const rules = dynamics(size);
  const head = (state: Float64Array, action: string | undefined): string =>
    `length ${state[LENGTH]}${action === undefined ? "" : ` (${action})`}${state[OVER] === 1 ? ", over" : ""}`;
  const view = (state: Float64Array) => {
    const planes = new Uint8Array(size * size * CHANNELS.length);
    rules.observe(state, 0, planes, 0);
    return { rows: size, columns: size, planes, channels: CHANNELS };
  };
  return arrayEnv<Uint8Array>({
    id,
    dynamics: rules,
    observationSpace: new Box(0, 1, [size, size, CHANNELS.length], "uint8"),
    actionSpace: new Discrete(4),
    idle: (state) => state[HEADING]!,
    actionNames: ["up", "right", "down", "left"],
    render: (state, action) => cellsText(view(state), head(state, action)),
    renderSvg: (state, action) => cellsSvg(view(state), head(state, action)),
  });
}
