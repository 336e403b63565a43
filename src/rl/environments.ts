import type { EnvSource } from "./adopt.ts";
import { acrobot } from "./envs/acrobot.ts";
import { bandit } from "./envs/bandit.ts";
import { blackjack } from "./envs/blackjack.ts";
import { BipedalWalker } from "./envs/box2d/bipedal-walker.ts";
import { LunarLander, type LunarLanderOptions } from "./envs/box2d/lunar-lander.ts";
import { carRental } from "./envs/car-rental.ts";
import { cartPole } from "./envs/cart-pole.ts";
import { type CliffWalkingOptions, cliffWalking } from "./envs/cliff-walking.ts";
import { type FrozenLakeOptions, frozenLake } from "./envs/frozen-lake.ts";
import { gambler } from "./envs/gambler.ts";
import { game2048 } from "./envs/game-2048.ts";
import { gridworld4x4, gridworld5x5, windyGridworld } from "./envs/gridworlds.ts";
import { blockingMaze, dynaMaze, shortcutMaze } from "./envs/maze.ts";
import { minatarGames } from "./envs/minatar/index.ts";
import { mountainCar } from "./envs/mountain-car.ts";
import { mountainCarContinuous } from "./envs/mountain-car-continuous.ts";
import { pendulum } from "./envs/pendulum.ts";
import { type RandomWalkOptions, randomWalk } from "./envs/random-walk.ts";
import { snake } from "./envs/snake.ts";
import { taxi } from "./envs/taxi.ts";
import { connectFourEnv, ticTacToeEnv } from "./games/opponent.ts";

/** A named environment as plain data, for `register` or an extension. */
export interface EnvSpec {
  /** Name and version: "MyMaze-v0". */
  readonly id: string;
  /** Makes a new environment each time: pure functions, or an object with reset(), step() and two spaces. */
  // biome-ignore lint/suspicious/noExplicitAny: options and types are the environment's own matter
  readonly make: (options: any, id: string) => EnvSource<any, any>;
  /** One line for lists. */
  readonly about?: string;
  /** Steps after which an episode is truncated. Left out, or 0: never. */
  readonly maxEpisodeSteps?: number;
}

function entry<F>(make: F, maxEpisodeSteps: number, about: string) {
  return { make, maxEpisodeSteps, about };
}

/** Every environment of this library by its id. Those from Gymnasium have its ids, options and time limits. */
export const environments = {
  "FrozenLake-v1": entry(frozenLake, 100, "cross a slippery lake, 4×4"),
  "FrozenLake8x8-v1": entry(
    (options: FrozenLakeOptions, id: string) => frozenLake({ map_name: "8x8", ...options }, id),
    200,
    "cross a slippery lake, 8×8",
  ),
  "CliffWalking-v1": entry(cliffWalking, 0, "walk along a cliff (Example 6.6)"),
  "CliffWalkingSlippery-v1": entry(
    (options: CliffWalkingOptions, id: string) => cliffWalking({ is_slippery: true, ...options }, id),
    0,
    "walk along a slippery cliff",
  ),
  "Taxi-v3": entry(taxi, 200, "fetch and deliver a passenger"),
  "Taxi-v4": entry(taxi, 200, "fetch and deliver a passenger"),
  "Blackjack-v1": entry(blackjack, 0, "stick or hit against the dealer (Example 5.1)"),
  "CartPole-v0": entry(cartPole, 200, "balance a pole on a cart, 200 steps"),
  "CartPole-v1": entry(cartPole, 500, "balance a pole on a cart, 500 steps"),
  "MountainCar-v0": entry(mountainCar, 200, "swing a weak car out of a valley (Example 10.1)"),
  "MountainCarContinuous-v0": entry(
    mountainCarContinuous,
    999,
    "the same with an engine of any force in [−1, 1]",
  ),
  "Acrobot-v1": entry(acrobot, 500, "swing the end of two links above a line"),
  "Pendulum-v1": entry(pendulum, 200, "swing a pendulum up and hold it there"),
  // Seaquest never ends for one who stays at the surface; the limit is this library's own.
  "MinAtar/Asterix-v0": entry(minatarGames.asterix.all, 0, minatarGames.asterix.about),
  "MinAtar/Breakout-v0": entry(minatarGames.breakout.all, 0, minatarGames.breakout.about),
  "MinAtar/Freeway-v0": entry(minatarGames.freeway.all, 0, minatarGames.freeway.about),
  "MinAtar/Seaquest-v0": entry(minatarGames.seaquest.all, 10000, minatarGames.seaquest.about),
  "MinAtar/SpaceInvaders-v0": entry(minatarGames.spaceInvaders.all, 0, minatarGames.spaceInvaders.about),
  "MinAtar/Asterix-v1": entry(
    minatarGames.asterix.minimal,
    0,
    `${minatarGames.asterix.about}, only the moves that do something`,
  ),
  "MinAtar/Breakout-v1": entry(
    minatarGames.breakout.minimal,
    0,
    `${minatarGames.breakout.about}, only the moves that do something`,
  ),
  "MinAtar/Freeway-v1": entry(
    minatarGames.freeway.minimal,
    0,
    `${minatarGames.freeway.about}, only the moves that do something`,
  ),
  "MinAtar/Seaquest-v1": entry(
    minatarGames.seaquest.minimal,
    10000,
    `${minatarGames.seaquest.about}, only the moves that do something`,
  ),
  "MinAtar/SpaceInvaders-v1": entry(
    minatarGames.spaceInvaders.minimal,
    0,
    `${minatarGames.spaceInvaders.about}, only the moves that do something`,
  ),
  "Snake-v0": entry(snake, 1000, "eat and grow on 10 × 10 cells"),
  "2048-v0": entry(game2048, 0, "slide and merge tiles"),
  "TicTacToe-v0": entry(ticTacToeEnv, 0, "three in a row, against an opponent"),
  "ConnectFour-v0": entry(connectFourEnv, 0, "four in a line, on a board of any size, against an opponent"),
  "WindyGridworld-v0": entry(windyGridworld, 0, "cross a grid against the wind (Example 6.5)"),
  "RandomWalk-v0": entry(randomWalk, 0, "walk at random over 5 states (Example 6.2)"),
  "RandomWalk19-v0": entry(
    (options: RandomWalkOptions, id: string) => randomWalk({ n_states: 19, left_reward: -1, ...options }, id),
    0,
    "walk at random over 19 states (Example 7.1)",
  ),
  "Gridworld4x4-v0": entry(gridworld4x4, 0, "take the shortest path to a corner (Example 4.1)"),
  "Gridworld5x5-v0": entry(gridworld5x5, 0, "revisit two rewarding states, without end (Example 3.5)"),
  "GamblersProblem-v0": entry(gambler, 0, "stake on an unfair coin (Example 4.3)"),
  "CarRental-v0": entry(carRental, 0, "move cars between two locations, without end (Example 4.2)"),
  "DynaMaze-v0": entry(dynaMaze, 0, "find the path through a maze (Example 8.1)"),
  "BlockingMaze-v0": entry(blockingMaze, 0, "a maze whose path closes (Example 8.2)"),
  "ShortcutMaze-v0": entry(shortcutMaze, 0, "a maze where a shorter path opens (Example 8.3)"),
  "Bandit-v0": entry(bandit, 1000, "the ten-armed testbed (Section 2.3)"),
} as const;

/** Those whose world is a physics engine: objects, not pure functions. */
export const physicsEnvironments = {
  "LunarLander-v3": entry(
    (options: LunarLanderOptions, id: string) => new LunarLander(options, id),
    1000,
    "land a module between two flags",
  ),
  "LunarLanderContinuous-v3": entry(
    (options: LunarLanderOptions, id: string) => new LunarLander({ continuous: true, ...options }, id),
    1000,
    "the same by two throttles",
  ),
  "BipedalWalker-v3": entry(
    (options: object, id: string) => new BipedalWalker(options, id),
    1600,
    "walk over rough ground on two legs",
  ),
} as const;

export type EnvId = keyof typeof environments;
