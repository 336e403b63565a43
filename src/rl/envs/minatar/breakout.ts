import { type Game, LEFT, mark, OVER, OWN, places, REWARD, RIGHT, SIZE } from "./game.ts";

const CHANNELS = [
  ["paddle", "="],
  ["ball", "o"],
  ["trail", "."],
  ["brick", "#"],
] as const;
const C = CHANNELS.length;

const { PADDLE, X, Y, DX, DY, OLD_X, OLD_Y, STRUCK, BRICKS } = places(
  "PADDLE",
  "X",
  "Y",
  "DX",
  "DY",
  "OLD_X",
  "OLD_Y",
  "STRUCK",
  "BRICKS",
);
/** Bricks fill rows 1 to 3. */
const TOP = 1;
const ROWS = 3;
const N_BRICKS = ROWS * SIZE;

function anyBrick(state: Float64Array, at: number): boolean {
  for (let i = 0; i < N_BRICKS; i++) if (state[at + BRICKS + i] === 1) return true;
  return false;
}

/** The place of the brick at (x, y) in the state; −1 in rows that never have one. */
const brickAt = (x: number, y: number): number =>
  y >= TOP && y < TOP + ROWS ? BRICKS + (y - TOP) * SIZE + x : -1;

/** Keep the ball in play and break bricks: +1 each. A new wall comes when the ball returns from an empty field. */
export const breakout: Game = {
  name: "Breakout",
  about: "keep a ball in play and break bricks",
  channels: CHANNELS,
  minimal: [0, LEFT, RIGHT],
  size: BRICKS - OWN + N_BRICKS,

  start(state, at, rng) {
    const fromRight = rng.integers(2) === 1;
    state[at + PADDLE] = 4;
    state[at + X] = state[at + OLD_X] = fromRight ? SIZE - 1 : 0;
    state[at + Y] = state[at + OLD_Y] = 3;
    state[at + DX] = fromRight ? -1 : 1;
    state[at + DY] = 1;
    state[at + STRUCK] = 0;
    state.fill(1, at + BRICKS, at + BRICKS + N_BRICKS);
  },

  step(state, at, move) {
    const paddle = state[at + PADDLE]! + (move === RIGHT ? 1 : move === LEFT ? -1 : 0);
    state[at + PADDLE] = Math.min(Math.max(paddle, 0), SIZE - 1);

    const oldX = state[at + X]!;
    const oldY = state[at + Y]!;
    let x = oldX + state[at + DX]!;
    let y = oldY + state[at + DY]!;
    if (x < 0 || x >= SIZE) {
      x = oldX;
      state[at + DX] = -state[at + DX]!;
    }
    const brick = brickAt(x, y);
    const strikes = brick >= 0 && state[at + brick] === 1;
    if (y < 0) {
      y = 0;
      state[at + DY] = 1;
    } else if (strikes) {
      // Through a wall it passes: a ball that struck a brick one step ago strikes none now.
      if (state[at + STRUCK] === 0) {
        state[at + REWARD] = 1;
        state[at + brick] = 0;
        y = oldY;
        state[at + DY] = -state[at + DY]!;
      }
    } else if (y === SIZE - 1) {
      if (!anyBrick(state, at)) state.fill(1, at + BRICKS, at + BRICKS + N_BRICKS);
      if (state[at + PADDLE] === oldX || state[at + PADDLE] === x) {
        // With its edge the paddle sends the ball back where it came from.
        if (state[at + PADDLE] !== oldX) state[at + DX] = -state[at + DX]!;
        state[at + DY] = -1;
        y = oldY;
      } else state[at + OVER] = 1;
    }
    state[at + STRUCK] = strikes ? 1 : 0;
    state[at + OLD_X] = oldX;
    state[at + OLD_Y] = oldY;
    state[at + X] = x;
    state[at + Y] = y;
  },

  draw(state, at, out, outAt) {
    mark(out, outAt, C, 0, state[at + PADDLE]!, SIZE - 1);
    mark(out, outAt, C, 1, state[at + X]!, state[at + Y]!);
    mark(out, outAt, C, 2, state[at + OLD_X]!, state[at + OLD_Y]!);
    const wall = outAt + TOP * SIZE * C + 3;
    for (let i = 0; i < N_BRICKS; i++) out[wall + i * C] = state[at + BRICKS + i]!;
  },
};
