/** One problem, solved side by side step by step: the classic table, value iteration, and Q-learning. */
import type { Place, Pose, Problem } from "../../../examples/bridge/problem.ts";
import { stepByStep, sweep } from "../../../examples/bridge/solve.ts";

export type Entries = readonly number[];

export interface Shown {
  /** Entries of the classic table that are filled: those before this number. */
  readonly filled: number;
  readonly sweep: number;
  readonly sweepEntries: Entries;
  readonly sweepAnswer: number | boolean;
  readonly episodes: number;
  readonly learned: Entries;
  readonly learnedAnswer: number | boolean;
}

/** What Q-learning sees at the end, and steps of the page at least. */
const [EPISODES, LEAST] = [20_000, 12] as const;

export class Walk {
  readonly answer: number | boolean;
  /** Places in the order in which the classic program fills them. */
  readonly places: readonly Place[];
  /** What stands there in the end. */
  readonly truth: Entries;
  /** The last step. */
  readonly last: number;
  readonly certain: boolean;
  readonly sweeps: number;
  readonly #pose: Pose;
  readonly #values: readonly Float64Array[];
  readonly #learning: ReturnType<typeof stepByStep>;
  /** What was learned by each step so far: learning only goes forward. */
  readonly #learned: { readonly entries: Entries; readonly answer: number | boolean }[] = [];
  #episodes = 0;

  // biome-ignore lint/suspicious/noExplicitAny: every problem has its own kind of input
  constructor(problem: Problem<any>, input: unknown, seed = 0) {
    const filled: [Place, number][] = [];
    this.answer = problem.classic(input, (at, value) => filled.push([at, value]));
    this.places = filled.map(([at]) => at);
    this.truth = filled.map(([, value]) => value);
    this.#pose = problem.pose(input);
    this.certain = this.#pose.certain;
    const values = [new Float64Array(this.#pose.model.states + 1)];
    sweep(this.#pose, (v) => values.push(v.slice()));
    this.#values = values;
    this.sweeps = values.length - 1;
    this.#learning = stepByStep(this.#pose, EPISODES, seed);
    this.last = Math.max(this.places.length, this.sweeps, LEAST);
  }

  #entries(v: (state: number) => number): Entries {
    return this.places.map((at) => this.#pose.entry(v, at));
  }

  /** Episodes by a step: few at first, then more and more. */
  #due(step: number): number {
    return step === 0 ? 0 : Math.round(EPISODES ** (step / this.last));
  }

  #learn(step: number) {
    const { v, learning } = this.#learning;
    while (this.#learned.length <= step) {
      for (const due = this.#due(this.#learned.length); this.#episodes < due; this.#episodes++)
        learning?.next();
      this.#learned.push({ entries: this.#entries(v), answer: this.#pose.answer(v) });
    }
    return this.#learned[step]!;
  }

  at(step: number): Shown {
    const sweepNow = Math.min(step, this.sweeps);
    const v = (state: number): number => this.#values[sweepNow]![state]!;
    const { entries, answer } = this.#learn(step);
    return {
      filled: Math.min(step, this.places.length),
      sweep: sweepNow,
      sweepEntries: this.#entries(v),
      sweepAnswer: this.#pose.answer(v),
      episodes: this.#due(step),
      learned: entries,
      learnedAnswer: answer,
    };
  }
}
