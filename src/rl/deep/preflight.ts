import { UserError } from "../../errors.ts";
import type { Env } from "../env.ts";
import { Box, Discrete, type Mask, type Space } from "../spaces.ts";

/**
 * One reset and one step, before any time is spent: are observations what their space says, is the reward a number?
 * @throws UserError
 */
export function preflight(env: Env, algorithm: string): void {
  const { id, observationSpace, actionSpace } = env;
  try {
    const { observation, info } = env.reset({ seed: 0 });
    requireObservation(observation, observationSpace, `${id}: reset()`);
    const mask = info.action_mask as Mask | undefined;
    if (mask && !(actionSpace instanceof Discrete))
      throw new UserError(
        `${id}: reset() gave an action mask, and masks are heeded for Discrete actions alone, not for ${String(actionSpace)}`,
      );
    if (mask && !Array.from(mask).includes(1))
      throw new UserError(`${id}: the mask after reset() allows no action, so ${algorithm} cannot begin`);
    actionSpace.seed(0);
    const { observation: next, reward } = env.step(actionSpace.sample(mask));
    requireObservation(next, observationSpace, `${id}: step()`);
    if (!Number.isFinite(reward))
      throw new UserError(`${id}: step() paid a reward of ${reward}. Rewards are finite numbers.`);
  } finally {
    env.close();
  }
}

/** Bounds may be crossed by a rounding; another length, or what is no number, is a mistake. */
function requireObservation(observation: unknown, space: Space<unknown>, where: string): void {
  if (space.contains(observation)) return;
  const numbers = ArrayBuffer.isView(observation) ? (observation as Float32Array) : undefined;
  if (space instanceof Box && numbers?.length === space.low.length && numbers.every(Number.isFinite)) return;
  const what = numbers
    ? `an array of ${numbers.length} numbers (${short(numbers)})`
    : JSON.stringify(observation);
  throw new UserError(`${where} returned ${what} as the observation, which is none of ${String(space)}`);
}

const short = (x: Float32Array): string =>
  `${Array.from(x.subarray(0, 4)).join(", ")}${x.length > 4 ? ", …" : ""}`;
