export { type LinearSarsaOptions, linearSarsa, linearSarsaLambda, linearValue } from "./linear-sarsa.ts";
export { type TileCoding, tileCoding } from "./tile-coding.ts";
