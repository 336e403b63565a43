import type { EnvLike, StepResult } from "../../../src/rl/env.ts";
import { Box, Discrete } from "../../../src/rl/spaces.ts";
import { AutoresetMode, VectorEnv } from "../../../src/rl/vector.ts";

export type End = "terminated" | "truncated" | "both";
export const ENDS: readonly End[] = ["terminated", "truncated", "both"];
export const MODES = [AutoresetMode.DISABLED, AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP] as const;

const seen = (state: number): Float32Array => Float32Array.from({ length: 3 }, (_, s) => Number(s === state));

/**
 * Episodes begin in state 0 and in state 1 by turns. From 0 every action leads to 1 and pays 0, and there the episode ends
 * in the given way. From 1 the second action (or, of continuous ones, the distance to 0.5) pays, and the episode terminates.
 *
 * With γ = 0.5: q(1, a) = a. q(0, ·) is 0.5 where the clock cut the episode (γ times the value of its last state, 1), and
 * 0 where it terminated. Who bootstraps from the next episode's first state, or across an end, finds other numbers.
 */
export class Probe implements EnvLike<Float32Array, number | Float32Array> {
  readonly id = "Probe-v0";
  readonly observationSpace = new Box(0, 1, [3]);
  readonly actionSpace;
  readonly #end: End;
  #episodes = 0;
  #state = 0;

  constructor(end: End, continuous = false) {
    this.#end = end;
    this.actionSpace = (continuous ? new Box(-3, 3, [1]) : new Discrete(2)) as never as Discrete;
  }

  reset() {
    this.#state = this.#episodes++ % 2;
    return { observation: seen(this.#state), info: {} };
  }

  step(action: number | Float32Array): StepResult<Float32Array> {
    const from = this.#state++;
    const observation = seen(this.#state);
    const end = from === 1 ? "terminated" : this.#end;
    const a = typeof action === "number" ? action : action[0]!;
    const pay = typeof action === "number" ? a : 1 - (a - 0.5) ** 2;
    return {
      observation,
      reward: from === 1 ? pay : 0,
      terminated: end !== "truncated",
      truncated: end !== "terminated",
      info: {},
    };
  }

  snapshot() {
    return { episodes: this.#episodes, state: this.#state };
  }
  restore({ episodes, state }: Record<string, unknown>) {
    this.#episodes = episodes as number;
    this.#state = state as number;
  }
}

export const probes =
  (end: End, autoresetMode: AutoresetMode, continuous = false) =>
  (n: number): VectorEnv =>
    new VectorEnv(() => new Probe(end, continuous), n, { autoresetMode });

/** The value of state 0 with γ = 0.5. */
export const valueOf0 = (end: End): number => (end === "truncated" ? 0.5 : 0);

/** A state as the network sees it. */
export const probeStates = Float32Array.of(1, 0, 0, 0, 1, 0);
