export { collapseOfClasses, collapseOfModes, collapseOfVariety, winner } from "./coverage.ts";
export { discriminatorLoss, type GameOptions, Gan, generatorLoss, type Real } from "./game.ts";
export { gan } from "./gan.ts";
export { type AdversarialLoss, gradientPenalty, LOSSES, type LossName } from "./losses.ts";
export {
  Discriminator,
  type DiscriminatorOptions,
  Generator,
  type GeneratorOptions,
  type Verdict,
  withDeviation,
} from "./networks.ts";
