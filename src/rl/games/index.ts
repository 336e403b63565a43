export * from "./game.ts";
export { type ConnectFourOptions, connectFour, type Stones, ticTacToe } from "./lines.ts";
export {
  connectFourEnv,
  exactOpponent,
  gameOf,
  type Match,
  type MatchEnv,
  type MatchOptions,
  matchEnv,
  type Opponent,
  type OpponentOptions,
  randomOpponent,
  ticTacToeEnv,
} from "./opponent.ts";
export * from "./players.ts";
export * from "./search.ts";
export { type SolvedGame, type SolvedPosition, solved, solveGame } from "./solve.ts";
export { puct, type SelectionRule, type Tree, uct } from "./tree.ts";
