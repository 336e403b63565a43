/** An agent in its environment, step by step: by its own policy, or by a visitor's keys. */
import type { Info } from "galatea/rl/env.ts";
import type { Rows } from "galatea/rl/rows.ts";
import { endsOf, type Said, saidOfRows } from "../agents/episode.ts";
import type { Trained } from "./open.ts";

/** Returns of finished episodes that are kept. */
const KEPT = 20;

export interface Finished {
  readonly return: number;
  readonly steps: number;
  /** Whether the visitor had a hand in it. */
  readonly taken: boolean;
}

export class Stage {
  readonly #trained: Trained;
  #observation: unknown;
  #info: Info = {};
  #over = true;
  #busy = false;
  #taken = false;
  picture = $state("");
  steps = $state(0);
  return = $state(0);
  reward = $state(0);
  action = $state<number>();
  /** What the agent says of what is seen, and between which values it has spoken in this episode. */
  said = $state.raw<Said>();
  ends = $state.raw(endsOf([]));
  finished = $state.raw<readonly Finished[]>([]);
  readonly actions: readonly string[];

  constructor(trained: Trained, seed: number) {
    this.#trained = trained;
    this.actions = trained.env.unwrapped.actionNames ?? [];
    this.begin(seed);
  }

  /** A new episode: of this seed, or the next of the same random numbers. */
  begin(seed?: number): void {
    const { observation, info } = this.#trained.env.reset(seed === undefined ? {} : { seed });
    [this.#observation, this.#info, this.#over, this.#taken] = [observation, info, false, false];
    [this.steps, this.return, this.reward, this.action] = [0, 0, 0, undefined];
    this.ends = endsOf([]);
    this.#draw();
    void this.#hear();
  }

  /** Take this action, or the policy's. After an episode's end a step begins the next. */
  async step(own?: number): Promise<void> {
    if (this.#busy) return;
    if (this.#over) return this.begin();
    this.#busy = true;
    try {
      const action =
        own ?? ((await this.#trained.policy.act(this.#observation, this.#info, undefined)) as number);
      const { observation, reward, terminated, truncated, info } = this.#trained.env.step(action);
      [this.#observation, this.#info] = [observation, info];
      this.#taken ||= own !== undefined;
      this.action = action;
      this.reward = reward;
      this.return += reward;
      this.steps++;
      this.#draw();
      await this.#hear();
      if (terminated || truncated) {
        this.#over = true;
        const { return: total, steps } = this;
        this.finished = [{ return: total, steps, taken: this.#taken }, ...this.finished].slice(0, KEPT);
      }
    } finally {
      this.#busy = false;
    }
  }

  async #hear(): Promise<void> {
    const observation = this.#observation as Rows;
    const [said] = await saidOfRows(this.#trained.policy, observation, 1);
    if (observation !== this.#observation) return;
    this.said = said;
    this.ends = endsOf([{ q: this.ends }, said!]);
  }

  #draw(): void {
    this.picture = this.#trained.env.renderSvg();
  }
}
