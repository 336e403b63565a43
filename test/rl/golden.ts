import { readFileSync } from "node:fs";
import type { Pcg64State } from "../../src/rl/random.ts";

interface Draws {
  random: number[];
  integers10: number[];
  integersLarge: number[];
  integers2e40: number[];
  integers2e32: number[];
  integersRange: number[];
  uniform: number[];
  normal: number[];
  exponential: number[];
  poisson: number[];
  poissonLarge: number[];
  choice: number[];
  choiceP: number[];
  shuffle: number[];
  permutation: number[];
  withoutReplacement: number[];
  withoutReplacementLarge: number[];
  int8: number[];
  int8of7: number[];
  last: number;
  gamma: number[];
  dirichlet: number[];
}

interface Saved {
  state: Pcg64State;
  after: { integers: number[]; random: number[]; normal: number[] };
}

/** [state] at a start, [state, reward, terminated] after a step. */
export type TableRow = [number] | [number, number, boolean];
/** The observation alone at a start; with reward and end after a step. */
export type BlackjackRow = [number, number, number] | [number, number, number, number, boolean];

/** What golden.py wrote. */
export interface Golden {
  draws: Record<"0" | "42" | "1099511627783", Draws>;
  /** NumPy's own states, and the draws that follow. */
  saved: { odd: Saved; even: Saved };
  sums: { normal: number; exponential: number; last: number };
  seedSequence: { spawned: number[]; list: number[]; big: number[] };
  actions: { four: number[]; six: number[]; two: number[]; three: number[] };
  frozenLake: TableRow[];
  cliffSlippery: TableRow[];
  taxi: TableRow[];
  taxiTable: [number, number, boolean][][];
  /** In rain: a run, and where each of the four moves leads from each cell. */
  taxiRain: Record<"3" | "4", { rows: TableRow[]; next: number[][][] }>;
  taxiFickle: { actions: number[]; rows: TableRow[] };
  taxiFickleRain: { actions: number[]; rows: TableRow[] };
  blackjackSab: BlackjackRow[];
  blackjackNatural: BlackjackRow[];
  cartPole: number[][];
  mountainCar: number[][];
  randomMap: { size8: string[]; size5: string[] };
  spaces: {
    discrete: number[];
    discreteMasked: number[];
    box: number[][];
    boxMixed: number[][];
    boxUint8: number[];
    multiDiscrete: number[][];
    multiBinary: number[][];
    tuple: [number, number[]][];
  };
}

export const golden = JSON.parse(readFileSync(new URL("golden.json", import.meta.url), "utf8")) as Golden;
