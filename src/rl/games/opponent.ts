import { UserError } from "../../errors.ts";
import type { Env, FunctionalEnv } from "../env.ts";
import { checkOptions } from "../envs/options.ts";
import type { Generator } from "../random.ts";
import { show } from "../show.ts";
import { Box, Discrete } from "../spaces.ts";
import { legalActions, type Player, type TwoPlayerGame } from "./game.ts";
import { type ConnectFourOptions, connectFour, type Stones, ticTacToe } from "./lines.ts";
import { solved } from "./solve.ts";

/** Chooses a legal action. */
export type Opponent<S> = (state: S, rng: Generator) => number;

/** The state of a game against an opponent: what is on the board, and who the agent is. */
export interface Match<S> {
  readonly board: S;
  readonly agent: Player;
}

export interface MatchOptions<S> {
  readonly id: string;
  readonly opponent: Opponent<S>;
  /** The agent moves first (true), second (false), or by chance (undefined). */
  readonly agentFirst?: boolean | undefined;
}

/** The environment of one player of a game, which stays within reach. */
export interface MatchEnv<S> extends FunctionalEnv<Match<S>, Uint8Array, number> {
  readonly game: TwoPlayerGame<S>;
}

/** The game behind an environment under any stack of wrappers; undefined where there is none. */
export function gameOf(env: Env): TwoPlayerGame<unknown> | undefined {
  return (env.unwrapped.functional as Partial<MatchEnv<unknown>> | undefined)?.game;
}

/**
 * A game as an environment of one agent: its opponent's move belongs to the transition. +1 for a game won, −1 lost.
 * `info.action_mask` tells the legal actions; others are refused.
 */
export function matchEnv<S>(
  game: TwoPlayerGame<S>,
  { id, opponent, agentFirst }: MatchOptions<S>,
): MatchEnv<S> {
  const { actionNames, shape } = game;
  const answer = (board: S, agent: Player, rng: Generator): Match<S> => {
    if (game.outcome(board) !== undefined || game.mover(board) === agent) return { board, agent };
    const action = opponent(board, rng);
    if (!game.legal(board, action)) {
      throw new UserError(
        `${id}: the opponent chose ${show(action)}, which is not legal:\n${game.render(board)}`,
      );
    }
    return { board: game.play(board, action), agent };
  };
  return {
    id,
    game,
    observationSpace: new Box(0, 1, shape, "uint8") as Box<"uint8">,
    actionSpace: new Discrete(actionNames.length),
    actionNames,
    initial: (rng) => {
      const agent = agentFirst === undefined ? (rng.integers(2) as Player) : agentFirst ? 0 : 1;
      return answer(game.initial(), agent, rng);
    },
    transition: ({ board, agent }, action, rng) => answer(game.play(board, action), agent, rng),
    observation: ({ board, agent }) => {
      const out = new Uint8Array(shape[0] * shape[1] * shape[2]);
      game.observe(board, agent, out, 0);
      return out;
    },
    reward: (_match, _action, { board, agent }) => (game.outcome(board) ?? 0) * (agent === 0 ? 1 : -1) + 0,
    terminal: ({ board }) => game.outcome(board) !== undefined,
    info: ({ board }) => ({
      action_mask: Int8Array.from(actionNames, (_, action) => (game.legal(board, action) ? 1 : 0)),
    }),
    unavailable: ({ board }, action) =>
      game.legal(board, action)
        ? undefined
        : `there is no room. Legal: ${legalActions(game, board)
            .map((a) => actionNames[a])
            .join("; ")}`,
    render: ({ board, agent }, last) =>
      `you are ${agent === 0 ? "X" : "O"}${last === undefined ? "" : `, last move ${actionNames[last]}`}\n${game.render(board)}`,
    renderSvg: ({ board }) => game.renderSvg(board),
  };
}

/** Any legal action, each as likely. */
export function randomOpponent<S>(game: TwoPlayerGame<S>): Opponent<S> {
  return (state, rng) => rng.choice(legalActions(game, state));
}

/** One of the best actions, each as likely: solves the game before its first move. */
export function exactOpponent<S>(game: TwoPlayerGame<S>): Opponent<S> {
  return (state, rng) => rng.choice(solved(game).best(state));
}

export interface OpponentOptions {
  /** "random"; "exact", for small boards; or a function of one's own. */
  readonly opponent?: "random" | "exact" | Opponent<Stones>;
  /** The agent moves first (true), second (false), or by chance (left out). */
  readonly agent_first?: boolean;
}

function opponentOf(id: string, game: TwoPlayerGame<Stones>, opponent: unknown): Opponent<Stones> {
  if (typeof opponent === "function") return opponent as Opponent<Stones>;
  if (opponent === "random") return randomOpponent(game);
  if (opponent === "exact" && game.numbering !== undefined) return exactOpponent(game);
  throw new UserError(
    opponent === "exact"
      ? `${id}: an exact opponent looks at every position, and ${game.shape[1]} × ${game.shape[2]} cells have too many: 4 rows of 5 are the most`
      : `${id}: opponent must be "random", "exact" or a function, not ${show(opponent)}`,
  );
}

function stonesEnv(
  id: string,
  game: TwoPlayerGame<Stones>,
  { opponent = "random", agent_first }: OpponentOptions,
) {
  if (agent_first !== undefined && typeof agent_first !== "boolean") {
    throw new UserError(`${id}: agent_first must be true or false, not ${show(agent_first)}`);
  }
  return matchEnv(game, { id, opponent: opponentOf(id, game, opponent), agentFirst: agent_first });
}

/** Tic-tac-toe against an opponent. */
export function ticTacToeEnv(options: OpponentOptions = {}, id = "TicTacToe-v0") {
  checkOptions(id, options, ["opponent", "agent_first"]);
  return stonesEnv(id, ticTacToe(), options);
}

/** Connect Four against an opponent, on a board of any size. */
export function connectFourEnv(options: OpponentOptions & ConnectFourOptions = {}, id = "ConnectFour-v0") {
  checkOptions(id, options, ["opponent", "agent_first", "rows", "columns", "connect"]);
  const { opponent, agent_first, ...size } = options;
  return stonesEnv(id, connectFour(size), {
    ...(opponent === undefined ? {} : { opponent }),
    ...(agent_first === undefined ? {} : { agent_first }),
  });
}
