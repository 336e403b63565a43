import { type Mdp, mdp } from "./model.ts";

const UDLR = [
  [-1, 0],
  [1, 0],
  [0, -1],
  [0, 1],
] as const;
const ACTIONS = ["up", "down", "left", "right"];

/**
 * The 5 × 5 gridworld of Sutton & Barto, Example 3.5: stepping off the grid costs 1 and does not move; every
 * action in A (0, 1) pays 10 and leads to (4, 1), in B (0, 3) pays 5 and leads to (2, 3). It never ends.
 */
export function gridworld5x5(): Mdp {
  const A = 1;
  const B = 3;
  return mdp({
    states: 25,
    actions: 4,
    actionNames: ACTIONS,
    stateName: (s) => `(${Math.floor(s / 5)}, ${s % 5})`,
    outcomes: (s, a) => {
      if (s === A) return [{ probability: 1, next: 21, reward: 10 }];
      if (s === B) return [{ probability: 1, next: 13, reward: 5 }];
      const next = step(s, a, 5);
      return [{ probability: 1, next, reward: next === s ? -1 : 0 }];
    },
  });
}

/**
 * The 4 × 4 gridworld of Example 4.1: −1 a step, two corners are terminal, steps off the grid do not move.
 */
export function gridworld4x4(): Mdp {
  return mdp({
    states: 16,
    actions: 4,
    actionNames: ACTIONS,
    stateName: (s) => `(${Math.floor(s / 4)}, ${s % 4})`,
    outcomes: (s, a) => (s === 0 || s === 15 ? [] : [{ probability: 1, next: step(s, a, 4), reward: -1 }]),
  });
}

function step(s: number, a: number, side: number): number {
  const row = Math.floor(s / side) + UDLR[a]![0];
  const column = (s % side) + UDLR[a]![1];
  return row < 0 || row >= side || column < 0 || column >= side ? s : row * side + column;
}
