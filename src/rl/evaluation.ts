import type { Policy } from "./agent.ts";
import { type Env, StatefulEnv } from "./env.ts";
import type { Player, TwoPlayerGame } from "./games/game.ts";
import type { Match } from "./games/opponent.ts";
import type { GamePlayer } from "./games/players.ts";

/** Episodes that a policy played: undiscounted returns, and steps. */
export interface Episodes {
  readonly returns: readonly number[];
  readonly lengths: readonly number[];
}

/** Lets a policy play episodes in one environment, one after the other; the seed is that of the first reset. */
export async function playEpisodes(
  policy: Policy,
  env: Env,
  how: { readonly episodes: number; readonly seed: number; readonly done?: (episodes: number) => void },
): Promise<Episodes> {
  const returns: number[] = [];
  const lengths: number[] = [];
  const { unwrapped } = env;
  for (let episode = 0; episode < how.episodes; episode++) {
    let { observation, info } = env.reset(episode === 0 ? { seed: how.seed } : {});
    let [total, length] = [0, 0];
    for (let over = false; !over; length++) {
      const state: unknown = unwrapped instanceof StatefulEnv ? unwrapped.state : undefined;
      const step = env.step(await policy.act(observation, info, state));
      ({ observation, info } = step);
      total += step.reward;
      over = step.terminated || step.truncated;
    }
    returns.push(total);
    lengths.push(length);
    how.done?.(episode + 1);
  }
  return { returns, lengths };
}

/** The mean of numbers and its standard error s/√n, NaN of a single one. */
export function meanAndError(values: readonly number[]): { mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/** Any policy that learned in matches of a game, as a player of both sides. */
export function playerOf<S>(game: TwoPlayerGame<S>, policy: Policy): GamePlayer<S> {
  if (policy.player) return policy.player as GamePlayer<S>;
  const [planes, rows, columns] = game.shape;
  return async (states) => {
    const actions: number[] = [];
    for (const board of states) {
      const agent: Player = game.mover(board);
      const observation = new Uint8Array(planes * rows * columns);
      game.observe(board, agent, observation, 0);
      const action_mask = Int8Array.from(game.actionNames, (_, a) => (game.legal(board, a) ? 1 : 0));
      const match: Match<S> = { board, agent };
      actions.push((await policy.act(observation, { action_mask }, match)) as number);
    }
    return actions;
  };
}
