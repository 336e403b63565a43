import { UserError } from "../errors.ts";
import type { Env, Info, StepResult, TransitionTable } from "./env.ts";
import { fastRandom } from "./random.ts";
import { show } from "./show.ts";
import { Discrete, type Mask, type Space } from "./spaces.ts";

/** One thing that is wrong with an environment, said in a sentence. */
class Finding extends UserError {
  override name = "Finding";
}

function demand(holds: boolean, sentence: () => string): void {
  if (!holds) throw new Finding(sentence());
}

type Any = Env<unknown, unknown>;

function checkSpace(what: string, space: Space<unknown> | undefined): void {
  demand(
    space !== undefined &&
      (["sample", "contains", "seed"] as const).every((method) => typeof space[method] === "function"),
    () => `The ${what} space is not a space: it needs sample(), contains() and seed().`,
  );
  // Seeded, so that a check that fails once fails always.
  space!.seed(1);
  for (let i = 0; i < 100; i++) {
    const x = space!.sample();
    demand(
      space!.contains(x),
      () => `The ${what} space ${String(space)} does not contain its own sample ${show(x)}.`,
    );
  }
  const draw = (): string => {
    space!.seed(7);
    return [1, 2, 3].map(() => show(space!.sample())).join();
  };
  const first = draw();
  demand(first === draw(), () => `The ${what} space ${String(space)} gives other samples for the same seed.`);
}

function checkObservation(env: Any, observation: unknown, where: string): void {
  demand(
    env.observationSpace.contains(observation),
    () =>
      `The observation of ${where}, ${show(observation)}, is not in the observation space ${String(env.observationSpace)}.`,
  );
}

function checkInfo(info: unknown, where: string): void {
  demand(
    typeof info === "object" && info !== null,
    () => `${where} must return an info object, not ${show(info)}.`,
  );
}

/** An action, random, that is allowed now. */
function pick(env: Any, info: Info): unknown {
  const mask = info.action_mask as Mask | undefined;
  if (mask !== undefined && env.actionSpace instanceof Discrete) {
    const { n } = env.actionSpace;
    demand(mask.length === n, () => `info.action_mask has ${mask.length} entries for ${n} actions.`);
  }
  return env.actionSpace.sample(mask);
}

function checkStep(env: Any, result: StepResult<unknown>): void {
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

function checkReset(env: Any): void {
  const result = env.reset({ seed: 1 });
  demand(
    typeof result === "object" && result !== null && "observation" in result,
    () => `reset() must return { observation, info }, not ${show(result)}.`,
  );
  checkObservation(env, result.observation, "reset()");
  checkInfo(result.info, "reset()");
}

/** Runs an episode, cut after `steps`, and checks every step. */
function episode(env: Any, steps: number, seed?: number): string[] {
  const trace: string[] = [];
  let { observation, info } = env.reset(seed === undefined ? {} : { seed });
  checkObservation(env, observation, "reset()");
  trace.push(show(observation));
  for (let t = 0; t < steps; t++) {
    const action = pick(env, info);
    const [actionBefore, observationBefore] = [show(action), show(observation)];
    const result = env.step(action);
    checkStep(env, result);
    demand(show(action) === actionBefore, () => "step() changes the action that was given to it.");
    demand(
      show(observation) === observationBefore,
      () => "step() changes an observation that it returned before: it must return a new array, or a copy.",
    );
    ({ observation, info } = result);
    trace.push(`${show(observation)} ${result.reward} ${result.terminated} ${result.truncated}`);
    if (result.terminated || result.truncated) break;
  }
  return trace;
}

function seededEpisodes(env: Any, seed: number, steps: number, count: number): string[] {
  env.actionSpace.seed(seed);
  return Array.from({ length: count }, (_, i) => episode(env, steps, i === 0 ? seed : undefined).join("\n"));
}

function checkSeeds(env: Any, steps: number): void {
  const first = seededEpisodes(env, 11, steps, 3);
  demand(
    first.join() === seededEpisodes(env, 11, steps, 3).join(),
    () =>
      "The same seed and the same actions give another trajectory: all chance must come from the seeded random numbers.",
  );
  // If seeds matter at all, episodes without a new seed must go on with the random numbers, not repeat them.
  const act = (seed: number | undefined): string => {
    env.actionSpace.seed(5);
    return episode(env, steps, seed).join("\n");
  };
  const bySeed = new Set([1, 2, 3, 4, 5, 6].map(act));
  act(1);
  const unseeded = new Set([1, 2, 3, 4, 5, 6].map(() => act(undefined)));
  demand(
    bySeed.size === 1 || unseeded.size > 1,
    () => "reset() without a seed repeats the last seed's random numbers: it must go on with them.",
  );
}

function throws(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    return !(error instanceof Finding);
  }
}

function checkRefusals(make: () => Any, steps: number): void {
  const unborn = make();
  demand(
    throws(() => unborn.step(unborn.actionSpace.sample())),
    () => "step() before reset() must throw a sentence.",
  );
  const env = make();
  env.reset({ seed: 1 });
  for (const strange of [-1e9, 0.5, Number.NaN, "left", undefined]) {
    if (env.actionSpace.contains(strange)) continue;
    demand(
      throws(() => env.step(strange)),
      () =>
        `step(${String(strange)}) must throw a sentence: it is not in the action space ${String(env.actionSpace)}.`,
    );
  }
  let { info } = env.reset({ seed: 1 });
  for (let t = 0; t < steps; t++) {
    const result = env.step(pick(env, info));
    ({ info } = result);
    if (!result.terminated && !result.truncated) continue;
    demand(
      throws(() => env.step(pick(env, result.info))),
      () => "step() after the end of an episode must throw a sentence: call reset() first.",
    );
    return;
  }
}

/** The rows of the model: proper distributions over existing states with finite rewards. */
export function checkModel(table: TransitionTable): void {
  const name = (s: number): string => table.stateName?.(s) ?? String(s);
  const total = table.initial.reduce((a, b) => a + b, 0);
  demand(
    table.initial.length === table.nStates && Math.abs(total - 1) < 1e-9,
    () =>
      `The model's initial distribution has ${table.initial.length} entries for ${table.nStates} states and sums to ${total}.`,
  );
  for (let s = 0; s < table.nStates; s++) {
    let available = 0;
    for (let a = 0; a < table.nActions; a++) {
      const action = table.actionNames?.[a] ?? String(a);
      let sum = 0;
      for (const { probability, next, reward } of table.transitions(s, a)) {
        demand(
          probability >= 0 &&
            Number.isInteger(next) &&
            next >= 0 &&
            next < table.nStates &&
            Number.isFinite(reward),
          () =>
            `The model has an impossible outcome in state ${name(s)} under ${action}: probability ${probability}, next ${next}, reward ${reward}.`,
        );
        sum += probability;
      }
      available += sum > 0 ? 1 : 0;
      demand(
        sum === 0 || Math.abs(sum - 1) < 1e-9,
        () => `The model's probabilities in state ${name(s)} under ${action} sum to ${sum}, not to 1.`,
      );
    }
    demand(available > 0, () => `The model has no action in state ${name(s)}.`);
  }
}

/** Do the steps that really happen stand in the model? */
function checkAgainstModel(env: Any, steps: number): void {
  const { functional } = env.unwrapped;
  demand(functional !== undefined, () => "unwrapped must be the StatefulEnv under the wrappers.");
  if (functional.model === undefined || functional.indexOf === undefined) return;
  const table = functional.model();
  checkModel(table);
  const { start } = functional.actionSpace as Discrete;
  const rng = fastRandom(3);
  let state: unknown;
  for (let t = 0; t < steps; t++) {
    state ??= functional.initial(rng);
    const from = functional.indexOf(state);
    const allowed = Array.from({ length: table.nActions }, (_, a) => a).filter(
      (a) => table.transitions(from, a).length > 0,
    );
    const a = rng.choice(allowed);
    const next = functional.transition(state, a + start, rng);
    const to = functional.indexOf(next);
    const reward = functional.reward(state, a + start, next);
    const ends = functional.terminal(next);
    demand(
      table
        .transitions(from, a)
        .some(
          (o) =>
            o.probability > 0 &&
            o.next === to &&
            o.terminated === ends &&
            (table.rewardsAreExpected === true || o.reward === reward),
        ),
      () =>
        `The environment went from state ${table.stateName?.(from) ?? from} by ${table.actionNames?.[a] ?? a} to ${table.stateName?.(to) ?? to} with reward ${reward}${ends ? " and ended" : ""}, which the model does not have.`,
    );
    state = ends ? undefined : next;
  }
}

/**
 * Checks that an environment keeps the contract of Gymnasium's API, by random actions.
 *
 * @param make makes a new environment each time, as () => make("FrozenLake-v1")
 * @throws UserError the first thing that is wrong, in a sentence
 */
export function checkEnv(make: () => Env, { steps = 300 }: { steps?: number } = {}): void {
  const env = make() as Any;
  try {
    checkSpace("observation", env.observationSpace);
    checkSpace("action", env.actionSpace);
    checkReset(env);
    checkSeeds(env, steps);
    checkRefusals(make as () => Any, steps);
    checkAgainstModel(env, steps);
    env.reset({ seed: 1 });
    const picture = env.render() as unknown;
    demand(
      typeof picture === "string" && picture !== "",
      () => `render() must return a text, not ${show(picture)}.`,
    );
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    throw new UserError(`${String(env)}: ${error.message}`);
  }
}
