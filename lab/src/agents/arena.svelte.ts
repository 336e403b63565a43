/** Where an agent is seen at play: an episode of it, frame after frame; or a visitor's own, by keys. */

import { asEnv } from "galatea/rl/adopt.ts";
import { keyActions } from "galatea/rl/keys.ts";
import { npRandom } from "galatea/rl/random.ts";
import { type Action, type Place, taken } from "./envs.ts";
import type { Asked, Episode, Said } from "./episode.ts";

/** Frames for which an episode's end stands still, as a share of a second. */
const REST = 0.8;

const ARROWS: Readonly<Record<string, string>> = {
  left: "ArrowLeft",
  right: "ArrowRight",
  down: "ArrowDown",
  up: "ArrowUp",
};

/** An episode at one moment: what led here, and what the agent says. */
export interface Frame {
  readonly state: Float64Array;
  readonly said: Said | undefined;
  readonly action: Action | undefined;
  readonly steps: number;
  readonly return: number;
}

export interface Supply {
  /** An episode, from here on where a place is given; undefined while there is none to be had. */
  episode(from: Asked["from"]): Promise<Episode | undefined>;
  /** What the agent says of a state that a visitor has come to. */
  say(state: Float64Array): Promise<Said | undefined>;
}

export class Arena {
  readonly place: Place;
  readonly #supply: Supply;
  /** Actions by the keys of a keyboard (KeyboardEvent.key), with their names. */
  readonly keys: Readonly<Record<string, { readonly action: Action; readonly name: string }>>;
  episode = $state.raw<Episode>();
  frame = $state(0);
  /** A visitor plays. */
  mine = $state(false);
  held = $state<string>();
  #own = $state.raw<Frame>();
  #asking = false;
  /** Another is wanted, though this one is not over. */
  #stale = false;
  #rest = 0;
  /** Grows with what makes earlier answers stale. */
  #turn = 0;
  /** Of an episode that goes on where a visitor left it: what had been. */
  #before = { steps: 0, return: 0 };
  readonly #rng = npRandom(0);

  constructor(place: Place, supply: Supply) {
    this.place = place;
    this.#supply = supply;
    const actions = keyActions(asEnv(place.source) as never).filter(({ key }) => key in ARROWS);
    this.keys = Object.fromEntries(
      actions.map(({ key, action, name }) => [
        ARROWS[key]!,
        { action: typeof action === "number" ? action : (action as Float32Array)[0]!, name },
      ]),
    );
  }

  /** What is seen now. */
  readonly now = $derived.by((): Frame | undefined => {
    if (this.mine && this.#own) return this.#own;
    const { episode, frame } = this;
    if (!episode) return undefined;
    return {
      state: episode.states[frame]!,
      said: episode.said[frame],
      action: episode.actions[frame - 1],
      steps: this.#before.steps + frame,
      return: episode.rewards.slice(0, frame).reduce((a, b) => a + b, this.#before.return),
    };
  });

  readonly picture = $derived.by(() => {
    if (!this.now) return "";
    const { state, action } = this.now;
    return this.place.source.renderSvg!(state, action === undefined ? undefined : taken(this.place, action));
  });

  /** What is seen is of other weights, or of another agent: an episode of this one. */
  restart(): void {
    this.#turn++;
    this.#asking = false;
    this.#stale = true;
  }

  /** The visitor takes the episode over where it is, or gives it back. */
  take(): void {
    const { now, episode } = this;
    const over = this.mine ? this.#rest > 0 : this.frame === episode?.actions.length;
    this.held = undefined;
    this.#rest = 0;
    if (!this.mine && now) {
      this.#own = over ? this.#fresh() : now;
      this.mine = true;
      return;
    }
    this.mine = false;
    this.#turn++;
    this.#asking = false;
    void this.#ask(over ? undefined : this.#own);
  }

  /** The next frame. */
  tick(): void {
    const { episode } = this;
    if (this.mine) this.#move();
    else if (this.#stale) void this.#ask();
    else if (episode && this.frame < episode.actions.length) {
      this.frame++;
      if (this.frame === episode.actions.length) this.#rest = Math.round(REST * this.place.pace);
    } else if (this.#rest > 0) this.#rest--;
    else void this.#ask();
  }

  /** An episode of its own, or one that goes on from here. */
  async #ask(from?: Frame): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const turn = this.#turn;
    const found = await this.#supply.episode(from);
    if (turn !== this.#turn) return;
    this.#asking = false;
    if (!found) return;
    this.#stale = false;
    this.#before = { steps: from?.steps ?? 0, return: from?.return ?? 0 };
    this.episode = found;
    this.frame = 0;
  }

  #fresh(): Frame {
    const state = this.place.source.initial(this.#rng);
    return { state, said: undefined, action: undefined, steps: 0, return: 0 };
  }

  /** The visitor's next step; without a key the game waits, where nothing can be done for nothing. */
  #move(): void {
    const { source, limit } = this.place;
    if (this.#rest > 0) {
      if (--this.#rest === 0) this.#own = this.#fresh();
      return;
    }
    const own = this.#own!;
    const key = this.held === undefined ? undefined : this.keys[this.held];
    const idle = source.idle?.(own.state) as number | Float32Array | undefined;
    const action = key?.action ?? (typeof idle === "object" ? idle[0] : idle);
    if (action === undefined) return;
    const state = source.transition(own.state, taken(this.place, action), this.#rng);
    const total = own.return + source.reward(own.state, taken(this.place, action), state);
    this.#own = { state, said: own.said, action, steps: own.steps + 1, return: total };
    if (source.terminal(state) || own.steps + 1 >= limit) this.#rest = Math.round(2 * REST * this.place.pace);
    void this.#supply.say(state).then((said) => {
      if (said && this.#own) this.#own = { ...this.#own, said };
    });
  }
}
