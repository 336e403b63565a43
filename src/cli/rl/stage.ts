import type { Policy } from "../../rl/agent.ts";
import type { Env, Info, ResetArguments } from "../../rl/env.ts";
import { playerOf } from "../../rl/evaluation.ts";
import type { Player } from "../../rl/games/game.ts";
import type { Match, MatchEnv } from "../../rl/games/opponent.ts";

/** What a step of a stage says. */
interface Moved {
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly info: Info;
}

/** Where a person plays: an environment by itself, or one whose opponent has to think. */
export interface Stage {
  /** Its id, actions and their names. */
  readonly env: Env;
  reset(how: ResetArguments): Promise<{ readonly info: Info }>;
  step(action: unknown): Promise<Moved>;
  /** What happens while no key is pressed; undefined where the game waits. */
  idle(): unknown;
  render(): string;
  renderSvg(): string;
}

/** An environment as it is. */
export function alone(env: Env): Stage {
  const { functional } = env.unwrapped;
  const state = (): unknown => (env.unwrapped as unknown as { state?: unknown }).state;
  return {
    env,
    reset: (how) => Promise.resolve(env.reset(how)),
    step: (action) => Promise.resolve(env.step(action)),
    idle: () => functional?.idle?.(functional === undefined ? undefined : state()) as unknown,
    render: () => env.render(),
    renderSvg: () => env.renderSvg(),
  };
}

/** A match in which a policy plays the other side; the person begins in every other game, starting with the first. */
export function against(env: Env, policy: Policy): Stage {
  const match = env.unwrapped.functional as MatchEnv<unknown>;
  const { game } = match;
  const player = playerOf(game, policy);
  let games = 0;
  let now: Match<unknown> = { board: game.initial(), agent: 0 };
  let last: number | undefined;
  const answer = async (): Promise<void> => {
    const { board, agent } = now;
    if (game.outcome(board) !== undefined || game.mover(board) === agent) return;
    last = (await player([board]))[0]!;
    now = { board: game.play(board, last), agent };
  };
  return {
    env,
    reset: async () => {
      now = { board: game.initial(), agent: (games++ % 2) as Player };
      last = undefined;
      await answer();
      return { info: match.info!(now) };
    },
    step: async (action) => {
      const before = now;
      now = { board: game.play(now.board, action as number), agent: now.agent };
      last = action as number;
      await answer();
      return {
        reward: match.reward(before, action as number, now),
        terminated: match.terminal(now),
        truncated: false,
        info: match.info!(now),
      };
    },
    idle: () => undefined,
    render: () => match.render(now, last),
    renderSvg: () => match.renderSvg!(now, last),
  };
}
