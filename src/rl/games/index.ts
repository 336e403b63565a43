export * from "./game.ts";
export { type ConnectFourOptions, connectFour, type Stones, ticTacToe } from "./lines.ts";
export {
  connectFourEnv,
  exactOpponent,
  type Match,
  type MatchOptions,
  matchEnv,
  type Opponent,
  type OpponentOptions,
  randomOpponent,
  ticTacToeEnv,
} from "./opponent.ts";
export { mistakes, type SolvedGame, solveGame } from "./solve.ts";
