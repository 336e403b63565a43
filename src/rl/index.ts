export { AdoptedEnv, asEnv, type EnvSource } from "./adopt.ts";
export type { Agent, AgentDefaults, AnyAgent, Policy, Setting } from "./agent.ts";
export { checkEnv, checkModel } from "./checker.ts";
export * from "./compare.ts";
export * from "./deep/index.ts";
export * from "./env.ts";
export { acrobot } from "./envs/acrobot.ts";
export { type BanditOptions, type BanditState, bandit, optimalArm } from "./envs/bandit.ts";
export { blackjack } from "./envs/blackjack.ts";
export {
  type BlackjackObservation,
  type BlackjackOptions,
  blackjackIndex,
  blackjackModel,
} from "./envs/blackjack-model.ts";
export { BipedalWalker } from "./envs/box2d/bipedal-walker.ts";
export { LunarLander, type LunarLanderOptions } from "./envs/box2d/lunar-lander.ts";
export { type CarRentalOptions, carRental } from "./envs/car-rental.ts";
export { cartPole } from "./envs/cart-pole.ts";
export { type CliffWalkingOptions, cliffWalking } from "./envs/cliff-walking.ts";
export { type FrozenLakeOptions, frozenLake, randomMap } from "./envs/frozen-lake.ts";
export { type GamblerOptions, gambler } from "./envs/gambler.ts";
export { type Game2048Options, game2048 } from "./envs/game-2048.ts";
export { gridworld4x4, gridworld5x5, type WindyGridworldOptions, windyGridworld } from "./envs/gridworlds.ts";
export {
  blockingMaze,
  type ChangingMaze,
  type ChangingMazeOptions,
  type DynaMazeOptions,
  dynaMaze,
  shortcutMaze,
} from "./envs/maze.ts";
export { type MinAtarOptions, minatarGames } from "./envs/minatar/index.ts";
export { type MountainCarOptions, mountainCar } from "./envs/mountain-car.ts";
export { mountainCarContinuous } from "./envs/mountain-car-continuous.ts";
export { type PendulumOptions, pendulum } from "./envs/pendulum.ts";
export { type RandomWalkOptions, randomWalk } from "./envs/random-walk.ts";
export { type SnakeOptions, snake } from "./envs/snake.ts";
export { type TabularEnv, type TabularSpec, tabularEnv } from "./envs/tabular.ts";
export { decodeTaxi, encodeTaxi, type TaxiOptions, type TaxiPosition, taxi } from "./envs/taxi.ts";
export * from "./figures/index.ts";
export * from "./games/index.ts";
export { type Key, type KeyAction, keyActions } from "./keys.ts";
export * from "./linear/index.ts";
export {
  type EnvId,
  type EnvSpec,
  environments,
  type KnownEnv,
  type MakeOptions,
  make,
  makeFunctional,
  register,
  registeredEnvs,
  timeLimitOf,
} from "./make.ts";
export * from "./mdp/index.ts";
export * from "./random.ts";
export { type GridSvgOptions, gridSvg } from "./render/svg.ts";
export { gridText, type TextOptions } from "./render/text.ts";
export { type RowLayout, type Rows, rowLayout } from "./rows.ts";
export * from "./spaces.ts";
export * from "./tabular/index.ts";
export * from "./vector.ts";
export { VectorNormalizeObservation, VectorNormalizeReward, VectorWrapper } from "./vector-normalize.ts";
export { ActionMask } from "./wrappers/action-mask.ts";
export { Autoreset } from "./wrappers/autoreset.ts";
export { FrameStackObservation } from "./wrappers/frame-stack-observation.ts";
export { NormalizeObservation } from "./wrappers/normalize-observation.ts";
export { NormalizeReward } from "./wrappers/normalize-reward.ts";
export { cubicSchedule, type EpisodeRecord, RecordEpisode } from "./wrappers/record-episode.ts";
export { RecordEpisodeStatistics } from "./wrappers/record-episode-statistics.ts";
export { RecordVideo, type Video, type VideoOptions } from "./wrappers/record-video.ts";
export { type MomentsState, RunningMoments } from "./wrappers/running.ts";
export { TimeAwareObservation } from "./wrappers/time-aware-observation.ts";
export { TimeLimit } from "./wrappers/time-limit.ts";
export { ClipAction, RescaleAction, StickyAction, TransformAction } from "./wrappers/transform-action.ts";
export {
  DelayObservation,
  FilterObservation,
  FlattenObservation,
  RescaleObservation,
  TransformObservation,
} from "./wrappers/transform-observation.ts";
export { ClipReward, TransformReward } from "./wrappers/transform-reward.ts";
export { ActionWrapper, ObservationWrapper, RewardWrapper, Wrapper } from "./wrappers/wrapper.ts";
