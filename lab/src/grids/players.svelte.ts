/** What each panel shows: a table that follows a record, or the sweeps of one who knows the process. */
import type { Mdp } from "../../../src/rl/mdp/model.ts";
import { actionValues } from "../../../src/rl/mdp/values.ts";
import { type MethodName, type Moment, Recorder, type Settings, sweeps } from "./replay.ts";

/** Returns that are kept for the little curve. */
const RETURNS = 200;

/** A method of learning, shown step by step. */
export class Learner {
  readonly #recorder: Recorder;
  #moments: readonly Moment[] = [];
  #at = 0;
  #sum = 0;
  Q = $state.raw(new Float64Array(0));
  agent = $state(-1);
  updates = $state(0);
  last = $state.raw<Moment["updates"]>([]);
  returns = $state.raw<readonly number[]>([]);
  episodes = $state(0);

  constructor(model: Mdp, method: MethodName, settings: Settings) {
    this.#recorder = new Recorder(model, method, settings);
    this.Q = new Float64Array((model.states + 1) * model.actions);
    this.agent = model.initial.indexOf(1);
  }

  /** True where the step ended an episode. */
  step(): boolean {
    if (this.#at === this.#moments.length) {
      this.#moments = this.#recorder.episode();
      [this.#at, this.#sum] = [0, 0];
    }
    const { next, R, updates } = this.#moments[this.#at++]!;
    for (const { at, after } of updates) this.Q[at] = after;
    this.#sum += R;
    this.agent = next;
    this.updates += updates.length;
    if (updates.length > 0) this.last = updates;
    const over = this.#at === this.#moments.length;
    if (over) {
      this.episodes++;
      this.returns = [...this.returns.slice(1 - RETURNS), this.#sum];
    }
    return over;
  }

  /** Tell the page that the table, which changes in place, has changed. */
  show(): void {
    this.Q = this.Q.slice();
  }
}

/** Value iteration: a sweep is as many updates as there are cells with actions. */
export class Planner {
  readonly #all: readonly Float64Array[];
  readonly #model: Mdp;
  readonly #gamma: number;
  readonly #live: number;
  sweep = $state(0);
  updates = $state(0);

  constructor(model: Mdp, gamma: number) {
    this.#all = sweeps(model, gamma);
    this.#model = model;
    this.#gamma = gamma;
    this.#live = Array.from({ length: model.states }, (_, s) => s).filter(
      (s) => model.rowPtr[s * model.actions]! < model.rowPtr[(s + 1) * model.actions]!,
    ).length;
  }

  get Q(): Float64Array {
    // Before the first sweep nothing is known, the rewards neither.
    if (this.sweep === 0) return new Float64Array(this.#model.states * this.#model.actions);
    return actionValues(this.#model, this.#all[this.sweep - 1]!, this.#gamma);
  }

  /** The values when all sweeps are done. */
  get v(): Float64Array {
    return this.#all.at(-1)!;
  }

  /** As far as so many updates lead. */
  advanceTo(updates: number): void {
    this.sweep = Math.min(this.#all.length - 1, Math.floor(updates / this.#live));
    this.updates = this.sweep * this.#live;
  }
}
