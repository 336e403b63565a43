import type { Info } from "../env.ts";
import { gridText } from "../render/text.ts";
import { gridLayout, type Move, moved } from "./grid.ts";
import { checkOptions } from "./options.ts";
import { surely, type TabularEnv, tabularEnv } from "./tabular.ts";

const MOVES: readonly Move[] = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [0, 0],
  [0, 0],
];
const MAP = ["R...G", ".....", ".....", ".....", "Y..B."];
/** Cells of the landmarks R, G, Y, B. */
const LANDMARKS = [0, 4, 20, 23] as const;
const COLOURS = ["red", "green", "yellow", "blue"] as const;
const IN_TAXI = 4;
/** Walls between a cell and its right neighbour. */
const WALLS = [1, 6, 15, 17, 20, 22] as const;

const layout = gridLayout(MAP, MOVES, {
  cellOf: (state) => Math.floor(state / 20),
  fences: WALLS.map((cell) => [cell, cell + 1] as const),
});

export interface TaxiPosition {
  readonly row: number;
  readonly column: number;
  /** 0–3: waits at R, G, Y, B; 4: rides. */
  readonly passenger: number;
  readonly destination: number;
}

export function encodeTaxi({ row, column, passenger, destination }: TaxiPosition): number {
  return ((row * 5 + column) * 5 + passenger) * 4 + destination;
}

export function decodeTaxi(state: number): TaxiPosition {
  const cell = Math.floor(state / 20);
  return {
    row: Math.floor(cell / 5),
    column: cell % 5,
    passenger: Math.floor(state / 4) % 5,
    destination: state % 4,
  };
}

function drive(cell: number, action: number): number {
  const next = moved(layout, cell, MOVES[action]!);
  const wall = Math.min(cell, next);
  return Math.abs(next - cell) === 1 && (WALLS as readonly number[]).includes(wall) ? cell : next;
}

/** Does the action change the state? (Gymnasium's `action_mask`.) */
function mask(state: number): Int8Array {
  const cell = layout.cellOf(state);
  const { passenger } = decodeTaxi(state);
  return Int8Array.from(MOVES, (_, a) => {
    if (a < 4) return drive(cell, a) === cell ? 0 : 1;
    if (a === 4) return passenger < IN_TAXI && cell === LANDMARKS[passenger] ? 1 : 0;
    return passenger === IN_TAXI && (LANDMARKS as readonly number[]).includes(cell) ? 1 : 0;
  });
}

function outcome(state: number, action: number) {
  const { row, column, passenger, destination } = decodeTaxi(state);
  const cell = row * 5 + column;
  const to = (at: number, who: number) => (at * 5 + who) * 4 + destination;
  if (action < 4) return surely(to(drive(cell, action), passenger), -1, false);
  if (action === 4) {
    const here = passenger < IN_TAXI && cell === LANDMARKS[passenger];
    return here ? surely(to(cell, IN_TAXI), -1, false) : surely(state, -10, false);
  }
  if (passenger !== IN_TAXI) return surely(state, -10, false);
  if (cell === LANDMARKS[destination]) return surely(to(cell, destination), 20, true);
  const landmark = (LANDMARKS as readonly number[]).indexOf(cell);
  return landmark >= 0 ? surely(to(cell, landmark), -1, false) : surely(state, -10, false);
}

function describe(state: number): string {
  const { passenger, destination } = decodeTaxi(state);
  const where = passenger === IN_TAXI ? "in the taxi" : `at ${COLOURS[passenger]}`;
  return `passenger ${where}, to ${COLOURS[destination]}`;
}

/**
 * Fetch the passenger and bring him to his destination. −1 a step, +20 for the delivery, −10 for a pickup or
 * drop-off where it is not allowed. Source: T. Dietterich, "Hierarchical reinforcement learning with the MAXQ
 * value function decomposition" (2000).
 */
export function taxi(options: object = {}, id = "Taxi-v4"): TabularEnv {
  checkOptions(id, options, []);
  const masks = Array.from({ length: 500 }, (_, s) => mask(s));
  const infos: readonly Info[] = masks.map((action_mask) => ({ action_mask }));
  return tabularEnv({
    id,
    nStates: 500,
    actionNames: ["south", "north", "east", "west", "pickup", "dropoff"],
    initial: Float64Array.from({ length: 500 }, (_, s) => {
      const { passenger, destination } = decodeTaxi(s);
      return passenger < IN_TAXI && passenger !== destination ? 1 : 0;
    }),
    layout,
    outcomes: outcome,
    info: (state) => infos[state]!,
    stateName: (state) => {
      const { row, column } = decodeTaxi(state);
      return `${state} (row ${row}, column ${column}, ${describe(state)})`;
    },
    render: (state, action) => `${gridText(layout, layout.cellOf(state), { action })}${describe(state)}\n`,
  });
}
