import { describe, expect, it } from "vitest";
import { StatefulEnv } from "../../src/rl/env.ts";
import { game2048 } from "../../src/rl/envs/game-2048.ts";
import { snake } from "../../src/rl/envs/snake.ts";
import { make } from "../../src/rl/make.ts";
import { fastRandom, npRandom } from "../../src/rl/random.ts";
import { AutoresetMode, makeVec } from "../../src/rl/vector.ts";

const [UP, RIGHT, DOWN, LEFT] = [0, 1, 2, 3] as const;

describe("2048", () => {
  const env = game2048();
  const board = (...powers: number[]): Float64Array => Float64Array.of(0, 0, ...powers);
  /** The board after a move without the new tile, by what can be seen of it: one cell that was empty is filled. */
  const moved = (powers: number[], action: number) => {
    const next = env.transition(board(...powers), action, npRandom(0));
    return { reward: env.reward(board(...powers), action, next), powers: [...next.subarray(2)] };
  };

  it("slides and merges, each tile once, those nearest to the edge first", () => {
    const rows = [1, 1, 1, 1, 2, 1, 1, 0, 1, 1, 2, 0, 0, 0, 0, 3];
    const left = moved(rows, LEFT);
    expect(left.reward).toBe(4 + 4 + 4 + 4);
    // One of the cells that became empty holds the new tile.
    const want = [2, 2, 0, 0, 2, 2, 0, 0, 2, 2, 0, 0, 3, 0, 0, 0];
    const changed = left.powers.flatMap((p, i) => (p === want[i] ? [] : [i]));
    expect(changed).toHaveLength(1);
    expect(want[changed[0]!]).toBe(0);
    expect([1, 2]).toContain(left.powers[changed[0]!]);
    const right = moved([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], RIGHT);
    expect([right.reward, right.powers[2], right.powers[3]]).toEqual([4, 1, 2]);
    const down = moved([5, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0], DOWN);
    expect([down.reward, down.powers[12], down.powers[8]]).toEqual([64, 6, 6]);
  });

  it("masks what moves nothing, which then changes nothing", () => {
    const stuck = [1, 2, 1, 2, 2, 1, 2, 1, 1, 2, 1, 2, 2, 1, 2, 1];
    const state = board(1, 2, 1, 2, 2, 1, 2, 1, 1, 2, 1, 2, 2, 1, 2, 0);
    expect(env.info!(state).action_mask).toEqual(Int8Array.of(0, 1, 1, 0));
    expect(env.transition(state, UP, npRandom(0))).toEqual(state);
    expect(env.info!(board(...stuck)).action_mask).toEqual(new Int8Array(4));
  });

  it("new tiles are 4 one time in ten", () => {
    let fours = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const start = env.initial(npRandom(seed)).subarray(2);
      fours += start.filter((p) => p === 2).length;
      expect(start.filter((p) => p > 0)).toHaveLength(2);
    }
    expect(Math.abs(fours / 4000 - 0.1)).toBeLessThan(4 * Math.sqrt(0.09 / 4000));
  });

  it("the sum of the rewards is what the tiles are worth, less the fours that were given", () => {
    const shell = new StatefulEnv(game2048({ size: 3 }));
    let { info } = shell.reset({ seed: 3 });
    shell.actionSpace.seed(1);
    let paid = 0;
    for (let end = false; !end; ) {
      const step = shell.step(shell.actionSpace.sample(info.action_mask as Int8Array));
      paid += step.reward;
      ({ info, terminated: end } = step);
      expect((info.action_mask as Int8Array).includes(1)).toBe(!end);
    }
    // A tile 2^p made of 2s alone has paid (p − 1) · 2^p; every 4 that was given pays 4 less.
    const most = shell.state.subarray(2).reduce((sum, p) => sum + (p > 0 ? (p - 1) * 2 ** p : 0), 0);
    expect(most - paid).toBeGreaterThanOrEqual(0);
    expect((most - paid) % 4).toBe(0);
  });
});

describe("Snake", () => {
  /** A snake and food where we want them: the body from the head to the tail. */
  const placed = (size: number, body: readonly number[], food: number, heading: number): Float64Array => {
    const cells = size * size;
    const state = new Float64Array(6 + 2 * cells);
    state.set([0, 0, heading, body.length, food, body.length - 1]);
    [...body].reverse().forEach((cell, k) => {
      state[6 + k] = cell;
      state[6 + cells + cell] = 1;
    });
    return state;
  };

  it("eats, grows, dies at walls and at itself, and may follow its own tail", () => {
    const env = snake({ size: 4 });
    const rng = npRandom(0);
    const eaten = env.transition(placed(4, [5, 4], 6, RIGHT), RIGHT, rng);
    expect([env.reward(eaten, 0, eaten), eaten[3], env.terminal(eaten)]).toEqual([1, 3, false]);
    expect([4, 5, 6]).not.toContain(eaten[4]);
    const wall = env.transition(placed(4, [3, 2], 9, RIGHT), RIGHT, rng);
    expect([env.reward(wall, 0, wall), env.terminal(wall)]).toEqual([-1, true]);
    // Round in a square: the head goes where the tail just was.
    const square = env.transition(placed(4, [4, 5, 1, 0], 15, LEFT), UP, rng);
    expect([env.reward(square, 0, square), env.terminal(square)]).toEqual([0, false]);
    const bitten = env.transition(placed(4, [5, 9, 8, 4, 0, 1], 15, UP), LEFT, rng);
    expect([env.reward(bitten, 0, bitten), env.terminal(bitten)]).toEqual([-1, true]);
  });

  it("cannot turn back: the mask says so, and it goes straight on", () => {
    const env = snake({ size: 4 });
    const state = placed(4, [5, 4], 15, RIGHT);
    expect(env.info!(state).action_mask).toEqual(Int8Array.of(1, 1, 1, 0));
    expect(env.transition(state, LEFT, npRandom(0))).toEqual(env.transition(state, RIGHT, npRandom(0)));
    const seen = env.observation(state);
    expect([seen[5 * 4], seen[4 * 4 + 2], seen[15 * 4 + 3]]).toEqual([1, 1, 1]);
    expect(seen.reduce((a, b) => a + b, 0)).toBe(3);
  });

  it("who goes round by a path through all cells fills the field", () => {
    const env = make("Snake-v0", { size: 4, max_episode_steps: 0 });
    env.reset({ seed: 1 });
    // Up in column 0, and to and fro through the rest.
    const path = [0, 1, 2, 3, 7, 6, 5, 9, 10, 11, 15, 14, 13, 12, 8, 4];
    let total = 0;
    for (let t = 0; t < 400; t++) {
      const { state } = env.unwrapped;
      const head = state[6 + state[5]!]!;
      const next = path[(path.indexOf(head) + 1) % path.length]!;
      const action = next === head - 4 ? UP : next === head + 4 ? DOWN : next === head + 1 ? RIGHT : LEFT;
      const step = env.step(action);
      total += step.reward;
      if (!step.terminated) continue;
      expect(total).toBe(16 - 3);
      expect(env.unwrapped.state[4]).toBe(-1);
      return;
    }
    throw new Error("the field was not filled");
  });
});

describe("vectors tell the masks of all rows", () => {
  it.each(["2048-v0", "Snake-v0"])("%s", (id) => {
    const vec = makeVec(id, 8, { autoresetMode: AutoresetMode.SAME_STEP });
    vec.reset({ seed: 0 });
    const rng = fastRandom(0);
    const actions = vec.makeActions();
    for (let t = 0; t < 200; t++) {
      const masks = vec.actionMasks()!;
      for (let i = 0; i < 8; i++) {
        expect([...masks.subarray(4 * i, 4 * i + 4)]).toEqual([...(vec.info(i).action_mask as Int8Array)]);
        const legal = [0, 1, 2, 3].filter((a) => masks[4 * i + a] === 1);
        actions[i] = rng.choice(legal);
      }
      vec.step(actions);
    }
  });
});
