import { describe, expect, it } from "vitest";
import { asterix } from "../../src/rl/envs/minatar/asterix.ts";
import { type Game, OVER, OWN, REWARD } from "../../src/rl/envs/minatar/game.ts";
import { seaquest } from "../../src/rl/envs/minatar/seaquest.ts";
import { make } from "../../src/rl/make.ts";
import { fastRandom, npRandom } from "../../src/rl/random.ts";
import type { Discrete } from "../../src/rl/spaces.ts";
import { AutoresetMode, makeVec } from "../../src/rl/vector.ts";

const [NOOP, LEFT, UP, RIGHT, DOWN, FIRE] = [0, 1, 2, 3, 4, 5] as const;

/** Is this channel set at (x, y)? */
const at = (observation: Uint8Array, channels: number, channel: number, x: number, y: number): boolean =>
  observation[(y * 10 + x) * channels + channel] === 1;

/** Steps and return of an episode without sticky moves, always by one move. */
function always(id: string, seed: number, move: number) {
  const env = make(id, { sticky_action_prob: 0 });
  const first = env.reset({ seed }).observation as Uint8Array;
  for (let steps = 1, total = 0; ; steps++) {
    const { reward, terminated } = env.step(move);
    total += reward;
    if (terminated) return { first, steps, total };
  }
}

/** Mean return and length of the first episodes of many environments, with their standard errors. */
function means(id: string, envs: number, episodes: number, choose: (n: number) => number) {
  const vec = makeVec(id, envs, { autoresetMode: AutoresetMode.SAME_STEP });
  vec.reset({ seed: 1 });
  const { n } = vec.singleActionSpace as Discrete;
  const actions = vec.makeActions();
  const left = new Int32Array(envs).fill(episodes);
  const [returns, lengths]: number[][] = [[], []];
  while (left.some((k) => k > 0)) {
    for (let i = 0; i < envs; i++) actions[i] = choose(n);
    const step = vec.step(actions);
    for (let i = 0; i < envs; i++) {
      if (step.terminations[i] === 0 || left[i]!-- <= 0) continue;
      returns!.push(step.episodeReturns[i]!);
      lengths!.push(step.episodeLengths[i]!);
    }
  }
  const of = (xs: readonly number[]) => {
    const mean = xs.reduce((a, b) => a + b, 0) / xs.length;
    return { mean, sd: Math.sqrt(xs.reduce((a, x) => a + (x - mean) ** 2, 0) / xs.length), n: xs.length };
  };
  return { returns: of(returns!), lengths: of(lengths!) };
}

describe("golden episodes without sticky moves", () => {
  it("Breakout without a move: 6 steps from the left, 16 and one brick from the right", () => {
    const seen = new Set<boolean>();
    for (let seed = 0; seed < 8; seed++) {
      const { first, steps, total } = always("MinAtar/Breakout-v0", seed, NOOP);
      const fromLeft = at(first, 4, 1, 0, 3);
      seen.add(fromLeft);
      expect([steps, total]).toEqual(fromLeft ? [6, 0] : [16, 1]);
      expect([at(first, 4, 1, 9, 3), at(first, 4, 0, 4, 9)]).toEqual([!fromLeft, true]);
    }
    expect(seen.size).toBe(2);
  });

  it("Space Invaders: no move 17 steps, firing 18 and three aliens", () => {
    expect(always("MinAtar/SpaceInvaders-v0", 0, NOOP)).toMatchObject({ steps: 17, total: 0 });
    expect(always("MinAtar/SpaceInvaders-v0", 0, FIRE)).toMatchObject({ steps: 18, total: 3 });
  });

  it("Freeway ends at step 2501, Seaquest never for one who stays at the surface", () => {
    expect(always("MinAtar/Freeway-v0", 3, NOOP)).toMatchObject({ steps: 2501, total: 0 });
    const env = make("MinAtar/Seaquest-v0", { max_episode_steps: 3000 });
    env.reset({ seed: 0 });
    for (let t = 1; t < 3000; t++) expect(env.step(NOOP).terminated).toBe(false);
    expect(env.step(NOOP)).toMatchObject({ terminated: false, truncated: true });
  });

  /** Steps and return of one who steps towards the ball's next column, cut after so many steps. */
  const follow = (sticky: number, seed: number, most: number) => {
    const env = make("MinAtar/Breakout-v0", { sticky_action_prob: sticky, max_episode_steps: most });
    env.reset({ seed });
    const [PADDLE, X, DX] = [OWN, OWN + 1, OWN + 3];
    for (let steps = 1, total = 0; ; steps++) {
      const { state } = env.unwrapped as unknown as { state: Float64Array };
      const next = Math.min(Math.max(state[X]! + state[DX]!, 0), 9);
      const { reward, terminated, truncated } = env.step(
        next < state[PADDLE]! ? LEFT : next > state[PADDLE]! ? RIGHT : NOOP,
      );
      total += reward;
      if (terminated || truncated) return { steps, total };
    }
  };

  it("Breakout: who steps towards the ball's next column never loses, but for sticky moves: 56", () => {
    for (let seed = 0; seed < 4; seed++) expect(follow(0, seed, 1500)).toMatchObject({ steps: 1500 });
    const returns = Array.from({ length: 60 }, (_, seed) => follow(0.1, seed, 20_000).total);
    const mean = returns.reduce((a, b) => a + b, 0) / 60;
    const variance = returns.reduce((a, x) => a + (x - mean) ** 2, 0) / 60;
    expect(Math.abs(mean - 56)).toBeLessThan(3 * Math.sqrt(variance / 60 + variance / 100));
  });
});

// Return and length of random play by the reference. Its episodes were about a thousand (of Freeway, about 15).
const RANDOM = [
  ["MinAtar/Breakout-v0", 0.52, 11],
  ["MinAtar/Breakout-v1", 0.36, undefined],
  ["MinAtar/Asterix-v0", 0.53, 72],
  ["MinAtar/Asterix-v1", 0.54, undefined],
  ["MinAtar/Seaquest-v0", 0.11, 32],
  ["MinAtar/SpaceInvaders-v0", 2.8, 51],
  ["MinAtar/SpaceInvaders-v1", 4.2, undefined],
] as const;

describe("random play, and the chicken that always goes up", () => {
  it.each(RANDOM)("%s: return %d, length %s", (id, wantedReturn, wantedLength) => {
    const rng = fastRandom(2);
    const { returns, lengths } = means(id, 128, 16, (n) => rng.integers(n));
    expect(returns.n).toBe(2048);
    for (const [{ mean, sd, n }, wanted] of [
      [returns, wantedReturn],
      [lengths, wantedLength],
    ] as const) {
      if (wanted === undefined) continue;
      const error = Math.sqrt(sd ** 2 / n + sd ** 2 / 1000);
      expect(Math.abs(mean - wanted)).toBeLessThan(3 * error);
    }
  });

  it("Freeway, up all the time: 17.4, each episode by the speeds that its cars happen to have", () => {
    const { returns } = means("MinAtar/Freeway-v1", 96, 1, () => 1);
    expect(Math.abs(returns.mean - 17.4)).toBeLessThan(3 * (returns.sd / Math.sqrt(returns.n)) + 1);
    expect(returns.sd).toBeGreaterThan(8);
  });
});

describe("rules", () => {
  const begun = (game: Game) => {
    const state = new Float64Array(OWN + game.size);
    const rng = npRandom(0);
    game.start(state, 0, rng);
    const step = (move: number): number => {
      state[REWARD] = 0;
      game.step(state, 0, move, rng, true);
      return state[REWARD]!;
    };
    return { state, step };
  };
  /** Seaquest without anybody else in the sea. */
  const alone = () => {
    const game = begun(seaquest);
    const [ENEMY_TIMER, DIVER_TIMER] = [OWN + 7, OWN + 8];
    game.state[ENEMY_TIMER] = game.state[DIVER_TIMER] = 1e9;
    return game;
  };
  const [OXYGEN, ABOARD, SPAWN_INTERVAL, MOVE_INTERVAL] = [OWN + 3, OWN + 4, OWN + 9, OWN + 10];

  it("Seaquest: air for 200 steps; no way up without a diver; six pay the air that is left", () => {
    const deep = alone();
    for (let t = 1; t <= 200; t++) {
      deep.step(t === 1 ? DOWN : NOOP);
      expect(deep.state[OVER]).toBe(t === 200 ? 1 : 0);
    }
    const empty = alone();
    empty.step(DOWN);
    empty.step(UP);
    expect(empty.state[OVER]).toBe(1);
    const { state, step } = alone();
    for (const [aboard, pays, left] of [
      [1, 0, 0],
      [6, 9, -1],
    ] as const) {
      state[ABOARD] = aboard;
      step(DOWN);
      step(DOWN);
      step(UP);
      expect(step(UP)).toBe(pays);
      expect([state[OVER], state[OXYGEN], state[ABOARD]]).toEqual([0, 200, left]);
    }
    // Two ascents: enemies come sooner after each, and move faster after the second.
    expect([state[SPAWN_INTERVAL], state[MOVE_INTERVAL]]).toEqual([18, 4]);
  });

  it("Asterix becomes harder every 102 steps", () => {
    const { state, step } = begun(asterix);
    const [spawn, move] = [OWN + 4, OWN + 5];
    const seen: number[][] = [];
    for (let t = 1; t <= 2500; t++) {
      step(NOOP);
      if ([101, 102, 203, 204, 306, 2500].includes(t)) seen.push([state[spawn]!, state[move]!]);
    }
    expect(seen).toEqual([
      [10, 5],
      [9, 5],
      [9, 5],
      [8, 4],
      [7, 4],
      [1, 1],
    ]);
  });

  it("the move before is kept over a reset, but not into a new world", () => {
    const env = make("MinAtar/Breakout-v0", { sticky_action_prob: 1 });
    const paddle = (): number => (env.unwrapped as unknown as { state: Float64Array }).state[OWN]!;
    env.reset({ seed: 0 });
    const { unwrapped } = env as unknown as { unwrapped: { state: Float64Array } };
    const state = unwrapped.state.slice();
    state[0] = RIGHT;
    unwrapped.state = state;
    env.step(LEFT);
    expect(paddle()).toBe(5);
    env.reset();
    env.step(LEFT);
    expect(paddle()).toBe(5);
    env.reset({ seed: 0 });
    env.step(LEFT);
    expect(paddle()).toBe(4);
  });

  it("version 1 has the moves that do something; options are checked", () => {
    expect(make("MinAtar/SpaceInvaders-v1").unwrapped.actionNames).toEqual(["noop", "left", "right", "fire"]);
    expect(make("MinAtar/Freeway-v0").unwrapped.actionNames).toHaveLength(6);
    expect(String(make("MinAtar/Seaquest-v0").observationSpace)).toBe("Box(0, 1, (10, 10, 10), uint8)");
    expect(() => make("MinAtar/Freeway-v0", { sticky_action_prob: 2 })).toThrow(
      "MinAtar/Freeway-v0: sticky_action_prob must be a number from 0 to 1, not 2",
    );
    expect(() => make("MinAtar/Freeway-v0", { difficulty_ramping: "no" } as object)).toThrow(
      'difficulty_ramping must be true or false, not "no"',
    );
  });
});
