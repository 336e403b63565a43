import { lookup, UserError } from "../errors.ts";
import { type Env, type FunctionalEnv, StatefulEnv } from "./env.ts";
import { bandit } from "./envs/bandit.ts";
import { blackjack } from "./envs/blackjack.ts";
import { carRental } from "./envs/car-rental.ts";
import { cartPole } from "./envs/cart-pole.ts";
import { cliffWalking } from "./envs/cliff-walking.ts";
import { frozenLake } from "./envs/frozen-lake.ts";
import { gambler } from "./envs/gambler.ts";
import { gridworld4x4, gridworld5x5, windyGridworld } from "./envs/gridworlds.ts";
import { blockingMaze, dynaMaze, shortcutMaze } from "./envs/maze.ts";
import { mountainCar } from "./envs/mountain-car.ts";
import { randomWalk } from "./envs/random-walk.ts";
import { taxi } from "./envs/taxi.ts";
import { TimeLimit } from "./wrappers/time-limit.ts";

/** A registered environment: how it is made, and when its clock stops (0: never). */
interface Entry<Options, F> {
  readonly create: (options: Options, id: string) => F;
  readonly defaults?: Options;
  readonly maxEpisodeSteps: number;
  /** One line for `galatea rl list`. */
  readonly about: string;
}

function entry<Options, S, O, A>(
  create: (options: Options, id: string) => FunctionalEnv<S, O, A>,
  maxEpisodeSteps: number,
  about: string,
  defaults?: Options,
): Entry<Options, FunctionalEnv<S, O, A>> {
  return { create, maxEpisodeSteps, about, ...(defaults === undefined ? {} : { defaults }) };
}

/** Every environment by its id. Those that Gymnasium has bear its ids, options and time limits. */
export const environments = {
  "FrozenLake-v1": entry(frozenLake, 100, "cross a slippery lake, 4×4"),
  "FrozenLake8x8-v1": entry(frozenLake, 200, "cross a slippery lake, 8×8", { map_name: "8x8" }),
  "CliffWalking-v1": entry(cliffWalking, 0, "walk along a cliff (Example 6.6)"),
  "CliffWalkingSlippery-v1": entry(cliffWalking, 0, "walk along a slippery cliff", { is_slippery: true }),
  "Taxi-v3": entry(taxi, 200, "fetch and deliver a passenger"),
  "Taxi-v4": entry(taxi, 200, "fetch and deliver a passenger"),
  "Blackjack-v1": entry(blackjack, 0, "stick or hit against the dealer (Example 5.1)"),
  "CartPole-v0": entry(cartPole, 200, "balance a pole on a cart, 200 steps"),
  "CartPole-v1": entry(cartPole, 500, "balance a pole on a cart, 500 steps"),
  "MountainCar-v0": entry(mountainCar, 200, "swing a weak car out of a valley (Example 10.1)"),
  "WindyGridworld-v0": entry(windyGridworld, 0, "cross a grid against the wind (Example 6.5)"),
  "RandomWalk-v0": entry(randomWalk, 0, "walk at random over 5 states (Example 6.2)"),
  "RandomWalk19-v0": entry(randomWalk, 0, "walk at random over 19 states (Example 7.1)", {
    n_states: 19,
    left_reward: -1,
  }),
  "Gridworld4x4-v0": entry(gridworld4x4, 0, "the shortest way to a corner (Example 4.1)"),
  "Gridworld5x5-v0": entry(gridworld5x5, 0, "two states that pay, for ever (Example 3.5)"),
  "GamblersProblem-v0": entry(gambler, 0, "stake on an unfair coin (Example 4.3)"),
  "CarRental-v0": entry(carRental, 0, "move cars between two locations, for ever (Example 4.2)"),
  "DynaMaze-v0": entry(dynaMaze, 0, "find the way through a maze (Example 8.1)"),
  "BlockingMaze-v0": entry(blockingMaze, 0, "a maze whose way closes (Example 8.2)"),
  "ShortcutMaze-v0": entry(shortcutMaze, 0, "a maze where a shorter way opens (Example 8.3)"),
  "Bandit-v0": entry(bandit, 1000, "the ten-armed testbed (Section 2.3)"),
} as const;

export type EnvId = keyof typeof environments;

type FunctionalOf<K extends EnvId> = ReturnType<(typeof environments)[K]["create"]>;
type ObservationOf<K extends EnvId> = ReturnType<FunctionalOf<K>["observation"]>;
type OptionsOf<K extends EnvId> = Parameters<(typeof environments)[K]["create"]>[0];

export interface MakeOptions {
  /** Another time limit; 0 for none. */
  readonly max_episode_steps?: number;
}

/** The pure functions of an environment, without a clock. */
export function makeFunctional<K extends EnvId>(id: K, options?: OptionsOf<K>): FunctionalOf<K>;
// biome-ignore lint/suspicious/noExplicitAny: an id known only at run time says nothing of its types
export function makeFunctional(id: string, options?: object): FunctionalEnv<any, any, any>;
export function makeFunctional(id: string, options?: unknown): unknown {
  const found = lookup<(typeof environments)[EnvId]>("environment", environments, id);
  const create = found.create as (options: object, id: string) => unknown;
  return create({ ...found.defaults, ...(options as object | undefined) }, id);
}

/** The time limit of an environment: as registered, or as asked for. */
export function timeLimitOf(id: string, { max_episode_steps }: MakeOptions): number {
  const registered = lookup<(typeof environments)[EnvId]>("environment", environments, id).maxEpisodeSteps;
  const limit = max_episode_steps ?? registered;
  if (!Number.isInteger(limit) || limit < 0) {
    throw new UserError(`${id}: max_episode_steps must be a whole number ≥ 0 (0: no limit), not ${limit}`);
  }
  return limit;
}

/**
 * An environment by its id, as Gymnasium's `make`: `make("FrozenLake-v1", { is_slippery: false })`.
 *
 * @throws UserError for an unknown id (with the nearest one) or an unknown option.
 */
export function make<K extends EnvId>(
  id: K,
  options?: OptionsOf<K> & MakeOptions,
): Env<ObservationOf<K>, number>;
// biome-ignore lint/suspicious/noExplicitAny: an id known only at run time says nothing of its types
export function make(id: string, options?: object & MakeOptions): Env<any, any>;
export function make(id: string, { max_episode_steps, ...options }: MakeOptions = {}): Env {
  const limit = timeLimitOf(id, max_episode_steps === undefined ? {} : { max_episode_steps });
  const env = new StatefulEnv(makeFunctional(id, options)) as Env;
  return limit === 0 ? env : new TimeLimit(env, limit);
}
