import { asterix } from "./asterix.ts";
import { breakout } from "./breakout.ts";
import { freeway } from "./freeway.ts";
import { type Game, minatar } from "./game.ts";
import { seaquest } from "./seaquest.ts";
import { spaceInvaders } from "./space-invaders.ts";

export type { MinAtarOptions } from "./game.ts";

const versions = (game: Game) => ({
  all: minatar(game, false),
  minimal: minatar(game, true),
  about: game.about,
});

/** The five games, each with all six moves and with its minimal set. */
export const minatarGames = {
  asterix: versions(asterix),
  breakout: versions(breakout),
  freeway: versions(freeway),
  seaquest: versions(seaquest),
  spaceInvaders: versions(spaceInvaders),
};
