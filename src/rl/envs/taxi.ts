import type { Info, Outcome, TransitionTable } from "../env.ts";
import type { Generator } from "../random.ts";
import { gridText } from "../render/text.ts";
import { Discrete } from "../spaces.ts";
import { gridLayout, type Move, moved } from "./grid.ts";
import { checkOptions, numberOption } from "./options.ts";
import { surely, type TabularEnv, type TabularState, tabularEnv } from "./tabular.ts";

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

/** Whether the action changes the state (Gymnasium's `action_mask`). */
function mask(state: number): Int8Array {
  const cell = layout.cellOf(state);
  const { passenger } = decodeTaxi(state);
  return Int8Array.from(MOVES, (_, a) => {
    if (a < 4) return drive(cell, a) === cell ? 0 : 1;
    if (a === 4) return passenger < IN_TAXI && cell === LANDMARKS[passenger] ? 1 : 0;
    return passenger === IN_TAXI && (LANDMARKS as readonly number[]).includes(cell) ? 1 : 0;
  });
}

function dry(state: number, action: number): readonly Outcome[] {
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

/** The two sideways moves of each direction, as Taxi-v4 has them: left and right of the driving direction. */
const SIDES = [
  [2, 3],
  [3, 2],
  [1, 0],
  [0, 1],
] as const;

/** Where rain may carry the taxi instead, to either side. It stays if the intended direction is blocked. */
function slipsV4(cell: number, action: number): readonly number[] {
  if (drive(cell, action) === cell) return [cell, cell];
  return SIDES[action]!.map((side) => drive(cell, side));
}

/** A wall to the left or the right of a cell (the border is one). */
function walled(cell: number, side: "left" | "right"): boolean {
  const column = cell % 5;
  if (side === "left") return column === 0 || (WALLS as readonly number[]).includes(cell - 1);
  return column === 4 || (WALLS as readonly number[]).includes(cell);
}

/**
 * The same in Taxi-v3, which got some cases wrong (fixed in v4): driving south or north, rain carries it west or
 * east even if the way ahead is blocked; driving east or west, south only into a cell that is open to its right,
 * and north only into one that is open to its left.
 */
function slipsV3(cell: number, action: number): readonly number[] {
  if (action < 2) return [drive(cell, 3), drive(cell, 2)];
  if (drive(cell, action) === cell) return [cell, cell];
  const south = drive(cell, 0);
  const north = drive(cell, 1);
  return [walled(south, "right") ? cell : south, walled(north, "left") ? cell : north];
}

/** With probability `straight` the taxi moves as intended, else to either side. Pickup and drop-off are deterministic. */
function rainy(straight: number, slips: (cell: number, action: number) => readonly number[]) {
  return (state: number, action: number): readonly Outcome[] => {
    const certain = dry(state, action);
    if (action > 3) return certain;
    const cell = layout.cellOf(state);
    const side = (1 - straight) / 2;
    return [
      { ...certain[0]!, probability: straight },
      ...slips(cell, action).map((to) => ({
        ...certain[0]!,
        probability: side,
        next: to * 20 + (state % 20),
      })),
    ];
  };
}

function describe(state: number): string {
  const { passenger, destination } = decodeTaxi(state);
  const where = passenger === IN_TAXI ? "in the taxi" : `at ${COLOURS[passenger]}`;
  return `passenger ${where}, to ${COLOURS[destination]}`;
}

function nameState(state: number): string {
  const { row, column } = decodeTaxi(state);
  return `${state} (row ${row}, column ${column}, ${describe(state)})`;
}

export interface TaxiOptions {
  /** Rain: a move may go to either side of the intended direction. */
  readonly is_rainy?: boolean;
  /** In rain, the probability of the intended direction; the two sides share the rest. */
  readonly rainy_probability?: number;
  /** The passenger may change his destination once, at the first move after the pickup. */
  readonly fickle_passenger?: boolean;
  /** The probability that he will. */
  readonly fickle_probability?: number;
}

/**
 * Fetch the passenger and bring him to his destination. −1 per step, +20 for the delivery, −10 for a pickup or
 * drop-off where it is not allowed. Source: T. Dietterich, "Hierarchical reinforcement learning with the MAXQ
 * value function decomposition" (2000); rain and the fickle passenger are its section 7.1.
 */
export function taxi(options: TaxiOptions = {}, id = "Taxi-v4"): TabularEnv {
  checkOptions(id, options, ["is_rainy", "rainy_probability", "fickle_passenger", "fickle_probability"]);
  const { is_rainy = false, fickle_passenger = false } = options;
  const straight = numberOption(id, "rainy_probability", options.rainy_probability ?? 0.8, 0, 1);
  const fickle = numberOption(id, "fickle_probability", options.fickle_probability ?? 0.3, 0, 1);
  const masks = Array.from({ length: 500 }, (_, s) => mask(s));
  const infos: readonly Info[] = masks.map((action_mask) => ({ action_mask }));
  const env = tabularEnv({
    id,
    nStates: 500,
    actionNames: ["south", "north", "east", "west", "pickup", "dropoff"],
    initial: Float64Array.from({ length: 500 }, (_, s) => {
      const { passenger, destination } = decodeTaxi(s);
      return passenger < IN_TAXI && passenger !== destination ? 1 : 0;
    }),
    layout,
    outcomes: is_rainy ? rainy(straight, id === "Taxi-v3" ? slipsV3 : slipsV4) : dry,
    info: (state) => infos[state]!,
    stateName: nameState,
    caption: describe,
    render: (state, action) => `${gridText(layout, layout.cellOf(state), { action })}${describe(state)}\n`,
  });
  return fickle_passenger ? withFicklePassenger(env, fickle) : env;
}

/** A taxi's state with a passenger who will still change his destination. */
interface FickleState extends TabularState {
  readonly pending?: true;
}

/**
 * The passenger's intention is hidden: observations are the 500 states. The exact model has 500 more:
 * state 500 + s is s with a change of destination to come.
 */
function withFicklePassenger(env: TabularEnv, probability: number): TabularEnv {
  const { kernel: _ofTheTable, table: steady, ...rest } = env;
  const pending = (state: FickleState): FickleState => ({ ...state, pending: true });
  /** Whether it is the first move with the passenger aboard. */
  const moves = (from: number, to: number): boolean =>
    decodeTaxi(from).passenger === IN_TAXI && layout.cellOf(from) !== layout.cellOf(to);
  const others = (state: number): number[] =>
    [0, 1, 2, 3].filter((d) => d !== state % 4).map((d) => state - (state % 4) + d);
  const initial = new Float64Array(1000);
  steady.initial.forEach((p, s) => {
    initial[s] = p * (1 - probability);
    initial[500 + s] = p * probability;
  });
  const table: TransitionTable = {
    ...steady,
    nStates: 1000,
    initial,
    transitions: (state, action) => {
      if (state < 500) return steady.transitions(state, action);
      return steady
        .transitions(state - 500, action)
        .flatMap((o) =>
          moves(state - 500, o.next)
            ? others(o.next).map((next) => ({ ...o, next, probability: o.probability / 3 }))
            : [{ ...o, next: o.next + 500 }],
        );
    },
    stateName: (state) => (state < 500 ? nameState(state) : `${nameState(state - 500)}, to be changed`),
  };
  return {
    ...rest,
    observationSpace: new Discrete(500),
    table,
    model: () => table,
    indexOf: (state: FickleState) => state.next + (state.pending === true ? 500 : 0),
    layout: { ...layout, cellOf: (state) => layout.cellOf(state % 500) },
    initial: (rng: Generator) => {
      const start = env.initial(rng);
      return rng.random() < probability ? pending(start) : start;
    },
    transition: (state: FickleState, action: number, rng: Generator): FickleState => {
      const next = env.transition(state, action, rng);
      if (state.pending !== true) return next;
      if (!moves(state.next, next.next)) return pending(next);
      return { ...next, next: rng.choice(others(next.next)) };
    },
  };
}
