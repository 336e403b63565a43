import type { EnvSnapshot } from "../../env.ts";
import { type BitGeneratorState, Generator, npRandom, type Seed } from "../../random.ts";

/**
 * What chance was at the start of an episode, and the actions since. A world of physics is not plain data: what is saved is
 * how it came about, and it is played again.
 */
export class Episode<A> {
  #rng: Generator | undefined;
  #start: BitGeneratorState | undefined;
  #actions: A[] = [];

  /** A new one: its chance. */
  begin(seed: Seed | undefined): Generator {
    if (seed !== undefined) this.#rng = npRandom(seed);
    this.#rng ??= npRandom();
    this.#start = this.#rng.state();
    this.#actions = [];
    return this.#rng;
  }

  took(action: A): void {
    this.#actions.push(action);
  }

  snapshot(): EnvSnapshot {
    return { start: this.#start, actions: [...this.#actions], rng: this.#rng?.state() };
  }

  /** From a snapshot; `play` begins by the given chance and takes all actions. */
  restore({ start, actions, rng }: EnvSnapshot, play: (rng: Generator, actions: readonly A[]) => void): void {
    this.#start = start as BitGeneratorState | undefined;
    this.#actions = [...(actions as readonly A[])];
    this.#rng = rng === undefined ? undefined : Generator.from(rng as BitGeneratorState);
    if (this.#start === undefined) return;
    this.#rng = Generator.from(this.#start);
    play(this.#rng, this.#actions);
  }
}
