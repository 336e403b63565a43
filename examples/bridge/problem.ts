import { type Mdp, mdp } from "galatea/rl";

/** The indices of an entry of a table: [i], [row, column], or [table, row, column] where there are several. */
export type Place = readonly number[];

/** Told of each entry of a table as it is filled. */
export type Fill = (at: Place, value: number) => void;

/** Where nobody watches. */
export const unseen: Fill = () => undefined;

/** A programming problem as a decision process. */
export interface Pose {
  readonly model: Mdp;
  /** The state of the question. */
  readonly start: number;
  /** 1, or −1 where two players move in turn (the value is the mover's). */
  readonly gamma?: 1 | -1;
  /** The answer of the problem, read from the values of the model's states. */
  readonly answer: (v: (state: number) => number) => number | boolean;
  /** An entry of the classic table, read from the same values. */
  readonly entry: (v: (state: number) => number, at: Place) => number;
  /** Are all outcomes certain? Then step size 1 is right, and learning ends at the exact values. */
  readonly certain: boolean;
}

/** One of the classic problems: a textbook's dynamic program beside the decision process it really is. */
export interface Problem<Input> {
  readonly name: string;
  /** Its number at LeetCode. */
  readonly number: number;
  /** What S, A, p and r are, in a line. */
  readonly idea: string;
  readonly samples: readonly { readonly input: Input; readonly answer: number | boolean }[];
  /** The classic answer: a table filled in the right order, as every programming course has it. */
  classic(input: Input, fill?: Fill): number | boolean;
  pose(input: Input): Pose;
}

/** Numbers states 0, 1, 2 … as their keys turn up, beginning from the first keys given. */
export function numbered<S>(
  starts: readonly S[],
  successors: (state: S) => readonly S[],
  key: (state: S) => string = (s) => JSON.stringify(s),
): { states: S[]; index: (state: S) => number } {
  const states: S[] = [];
  const indices = new Map<string, number>();
  const add = (s: S): void => {
    if (indices.has(key(s))) return;
    indices.set(key(s), states.length);
    states.push(s);
  };
  starts.forEach(add);
  for (const s of states) successors(s).forEach(add);
  return { states, index: (s) => indices.get(key(s))! };
}

/** A question that is settled before the first move: one state, one move, which ends and pays the answer. */
export function settled(move: string, answer: number): Omit<Pose, "certain" | "entry"> {
  const model = mdp({
    states: 1,
    actions: 1,
    actionNames: [move],
    outcomes: () => [{ probability: 1, next: 0, reward: answer, terminated: true }],
  });
  return { model, start: 0, answer: (v) => v(0) };
}
