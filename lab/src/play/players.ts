/** The trained agents that come with the package, and the keys by which a visitor takes one over. */
export interface Player {
  /** The folder of its run, below `examples/`. */
  readonly run: string;
  /** Its algorithm's box on the map. */
  readonly node: string;
  /** Number of an action by the key that is held (KeyboardEvent.key); what is done while none is. */
  readonly keys: Readonly<Record<string, number>>;
  readonly idle: number;
  /** Steps a second that suit the game. */
  readonly pace: number;
}

export const PLAYERS = {
  "lunar-lander": {
    run: "lunar-lander",
    node: "ppo",
    keys: { ArrowLeft: 1, ArrowUp: 2, ArrowRight: 3 },
    idle: 0,
    pace: 40,
  },
  "minatar-breakout": {
    run: "minatar-breakout",
    node: "pqn",
    keys: { ArrowLeft: 1, ArrowRight: 2 },
    idle: 0,
    pace: 12,
  },
} as const satisfies Readonly<Record<string, Player>>;

export type PlayerName = keyof typeof PLAYERS;
export const PLAYER_NAMES = Object.keys(PLAYERS) as PlayerName[];
export const isPlayer = (name: string): name is PlayerName => Object.hasOwn(PLAYERS, name);
