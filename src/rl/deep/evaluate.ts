import type { Rows } from "../rows.ts";
import type { VectorEnvLike } from "../vector.ts";

/** Chooses actions for many environments at once. */
export interface Chooser {
  choose(observations: Rows, masks: Uint8Array | undefined, actions: Rows): Promise<void>;
}

export interface Played {
  /** Undiscounted, one an episode. */
  readonly returns: Float64Array;
  readonly lengths: Int32Array;
}

/** The first episode of each environment of a vector, as a policy plays it. */
export async function evaluate(policy: Chooser, env: VectorEnvLike, seed: number): Promise<Played> {
  const { numEnvs: n } = env;
  const returns = new Float64Array(n);
  const lengths = new Int32Array(n);
  const over = new Uint8Array(n);
  const actions = env.makeActions();
  let { observations } = env.reset({ seed });
  for (let left = n; left > 0; ) {
    await policy.choose(observations, env.actionMasks(), actions);
    const step = env.step(actions);
    observations = step.observations;
    const ended = step.terminations.map((flag, i) => flag | step.truncations[i]!);
    for (let i = 0; i < n; i++) {
      if (ended[i] === 0 || over[i] === 1) continue;
      over[i] = 1;
      left--;
      returns[i] = step.episodeReturns[i]!;
      lengths[i] = step.episodeLengths[i]!;
    }
    if (left > 0 && env.autoresetMode === "Disabled" && ended.includes(1))
      ({ observations } = env.reset({ resetMask: ended }));
  }
  return { returns, lengths };
}

export const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
