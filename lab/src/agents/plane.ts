/** An agent over two numbers of the state: where it would push, and what it expects. */
import type { Policy } from "galatea/rl/agent.ts";
import type { Place } from "./envs.ts";
import { type Said, saidOf } from "./episode.ts";

/** Places each way. */
export const SIDE = 25;

export interface Map2 {
  /** From −1, the first action with certainty, to 1, the last; row by row from below. */
  readonly push: Float32Array;
  /** What it expects from there on; nothing of those who do not say. */
  readonly value?: Float32Array;
}

/** Which way it leans in one state, −1 to 1; of values, by how much they differ. */
function leaning({ probabilities, q, action }: Said, most: number): number {
  if (probabilities)
    return probabilities.reduce((sum, p, a) => sum + p * ((2 * a) / (probabilities.length - 1) - 1), 0);
  return q ? q.at(-1)! - q[0]! : action![0]! / most;
}

export async function mapOf(policy: Policy, place: Place): Promise<Map2> {
  const { x, y, state } = place.plane;
  const at = ({ low, high }: typeof x, i: number): number => low + ((i + 0.5) / SIDE) * (high - low);
  const states = Array.from({ length: SIDE ** 2 }, (_, k) =>
    state(at(x, k % SIDE), at(y, Math.floor(k / SIDE))),
  );
  const said = await saidOf(policy, place, states);
  const push = Float32Array.from(said, (one) => leaning(one, place.most));
  // Differences of values have no bound of their own: the largest here is 1.
  const scale = said[0]?.q ? Math.max(1e-9, ...push.map(Math.abs)) : 1;
  const value = said.every((one) => one.value) && Float32Array.from(said, (one) => one.value![0]!);
  return { push: push.map((v) => Math.min(Math.max(v / scale, -1), 1)), ...(value && { value }) };
}
