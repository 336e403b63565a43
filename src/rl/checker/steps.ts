import { UserError } from "../../errors.ts";
import type { Info, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { show } from "../show.ts";
import { Discrete, type Mask } from "../spaces.ts";
import { type Any, demand, Finding, reason } from "./finding.ts";

function checkObservation(env: Any, observation: unknown, where: string): void {
  demand(
    env.observationSpace.contains(observation),
    () =>
      `The observation of ${where}, ${show(observation)}, is not in the observation space ${String(env.observationSpace)}.`,
  );
}

function checkInfo(info: unknown, where: string): void {
  const prototype = typeof info === "object" && info !== null ? Object.getPrototypeOf(info) : undefined;
  demand(
    prototype === null || prototype === Object.prototype,
    () =>
      `${where} must return an info object, not ${show(info)}${Array.isArray(info) || info instanceof Map ? ": use a plain object with named keys" : ""}.`,
  );
}

export function reset(env: Any, how?: ResetArguments): ResetResult<unknown> {
  const result = env.reset(how);
  demand(
    typeof result === "object" && result !== null && "observation" in result,
    () => `reset() must return { observation, info }, not ${show(result)}.`,
  );
  checkObservation(env, result.observation, "reset()");
  checkInfo(result.info, "reset()");
  return result;
}

export function checkReset(env: Any): void {
  reset(env, { seed: 1 });
  for (const [call, how] of [
    ["reset()", undefined],
    ["reset({})", {}],
    ["reset({ options: {} })", { options: {} }],
  ] as const) {
    try {
      env.reset(how);
    } catch (error) {
      throw new Finding(`${call} must begin an episode, but throws: ${reason(error)}`);
    }
  }
}

/** The current action mask, checked; undefined where there is none. */
function maskOf(env: Any, info: Info): Mask | undefined {
  const mask = info.action_mask as Mask | undefined;
  if (mask === undefined || !(env.actionSpace instanceof Discrete)) return undefined;
  const { n } = env.actionSpace;
  demand(
    mask !== null && typeof mask === "object" && Number.isInteger(mask.length),
    () => `info.action_mask must be a list of 0 and 1, not ${show(mask)}.`,
  );
  demand(mask.length === n, () => `info.action_mask has ${mask.length} entries for ${n} actions.`);
  const entries = Array.from(mask);
  demand(
    entries.every((m) => m === 0 || m === 1),
    () => `info.action_mask holds 0 and 1, not ${show(mask)}.`,
  );
  demand(entries.includes(1), () => "info.action_mask allows no action, but the episode goes on.");
  return mask;
}

/** A step by a random action that is currently allowed. */
export function randomStep(env: Any, info: Info): { action: unknown; result: StepResult<unknown> } {
  const mask = maskOf(env, info);
  const action = env.actionSpace.sample(mask);
  const before = show(action);
  try {
    const result = env.step(action);
    demand(show(action) === before, () => "step() changes the action that was given to it.");
    return { action, result };
  } catch (error) {
    if (error instanceof Finding) throw error;
    // Without a mask, only a UserError is a refusal; anything else is a defect and keeps its own error.
    if (mask === undefined && !(error instanceof UserError)) throw error;
    throw new Finding(
      mask === undefined
        ? `step(${show(action)}) refuses an action of the action space, and info.action_mask does not say so: ${reason(error)}`
        : `info.action_mask is wrong: it allows ${show(action)}, but step(${show(action)}) throws: ${reason(error)}`,
    );
  }
}

export function checkStep(env: Any, result: StepResult<unknown>): void {
  demand(
    typeof result === "object" && result !== null,
    () => `step() must return an object, not ${show(result)}.`,
  );
  checkObservation(env, result.observation, "step()");
  demand(
    typeof result.reward === "number" && Number.isFinite(result.reward),
    () => `The reward must be a finite number, not ${show(result.reward)}.`,
  );
  for (const flag of ["terminated", "truncated"] as const) {
    demand(
      typeof result[flag] === "boolean",
      () => `${flag} must be true or false, not ${show(result[flag])}.`,
    );
  }
  checkInfo(result.info, "step()");
}

function throws(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    return !(error instanceof Finding);
  }
}

export function checkRefusals(make: () => Any, steps: number): void {
  const unborn = make();
  unborn.actionSpace.seed(1);
  demand(
    throws(() => unborn.step(unborn.actionSpace.sample())),
    () => "step() before reset() must throw an error.",
  );
  const env = make();
  env.actionSpace.seed(1);
  env.reset({ seed: 1 });
  for (const strange of [-1e9, 0.5, Number.NaN, "left", undefined]) {
    if (env.actionSpace.contains(strange)) continue;
    demand(
      throws(() => env.step(strange)),
      () =>
        `step(${String(strange)}) must throw an error: it is not in the action space ${String(env.actionSpace)}.`,
    );
  }
  let { info } = env.reset({ seed: 1 });
  for (let t = 0; t < steps; t++) {
    const { action, result } = randomStep(env, info);
    ({ info } = result);
    if (!result.terminated && !result.truncated) continue;
    demand(
      throws(() => env.step(action)),
      () => "step() after the end of an episode must throw an error: call reset() first.",
    );
    return;
  }
}
