import { describe, expect, it } from "vitest";
import {
  connectFour,
  exactPlayer,
  type GamePlayer,
  legalActions,
  matchEnv,
  mistakes,
  type SolvedGame,
  type Stones,
  samplePositions,
  solveGame,
  type TwoPlayerGame,
  ticTacToe,
} from "../../../src/rl/games/index.ts";
import { make } from "../../../src/rl/make.ts";
import { npRandom } from "../../../src/rl/random.ts";

type Strategy = (state: Stones) => readonly number[];

/** Exact probabilities that the first player wins, draws, loses, when both choose uniformly among these actions. */
function outcomes(game: TwoPlayerGame<Stones>, first: Strategy, second: Strategy): number[] {
  const known = new Map<string, number[]>();
  const from = (state: Stones): number[] => {
    const outcome = game.outcome(state);
    if (outcome !== undefined) return [1, 0, -1].map((o) => (o === outcome ? 1 : 0));
    const key = game.key(state);
    let p = known.get(key);
    if (p === undefined) {
      const actions = (game.mover(state) === 0 ? first : second)(state);
      const all = actions.map((action) => from(game.play(state, action)));
      p = [0, 1, 2].map((i) => all.reduce((sum, q) => sum + q[i]!, 0) / all.length);
      known.set(key, p);
    }
    return p;
  };
  return from(game.initial());
}

/** A position from its columns, played one after the other. */
function played<S>(game: TwoPlayerGame<S>, actions: readonly number[]): S {
  return actions.reduce((state, action) => game.play(state, action), game.initial());
}

describe("tic-tac-toe", () => {
  const game = ticTacToe();
  const solved = solveGame(game);
  const any: Strategy = (state) => legalActions(game, state);

  it("has 5,478 positions, 4,520 of them undecided, and is a draw", () => {
    const { undecided, won, drawn } = solved;
    expect([undecided, undecided + won + drawn]).toEqual([4520, 5478]);
    expect(solved.value(game.initial())).toBe(0);
    expect(solved.best(game.initial())).toHaveLength(9);
  });

  it("random against random .585, .127, .288; the best play wins .968 against it, and .778 as second", () => {
    const near = (p: number[], want: number[]) =>
      want.forEach((x, i) => {
        expect(Math.abs(p[i]! - x)).toBeLessThan(0.001);
      });
    near(outcomes(game, any, any), [0.585, 0.127, 0.288]);
    near(outcomes(game, solved.best, any), [0.968, 0.032, 0]);
    near(outcomes(game, any, solved.best), [0, 0.222, 0.778]);
    expect(outcomes(game, solved.best, solved.best)).toEqual([0, 1, 0]);
  });

  it("its eight symmetries change neither values nor best actions", () => {
    expect(new Set(game.symmetries.map(({ cells }) => cells.join())).size).toBe(8);
    for (const { state, value } of [...solved.positions()].slice(0, 400)) {
      for (const { cells, actions } of game.symmetries) {
        const turned = { ...state, cells: Uint8Array.from(cells, (from) => state.cells[from]!) };
        expect(solved.value(turned)).toBe(value);
        const best = solved.best(turned).map((a) => actions[a]!);
        expect(best.sort((a, b) => a - b)).toEqual([...solved.best(state)]);
      }
    }
  });

  it("counts the mistakes of a player", async () => {
    const all = [...solved.positions()].map(({ state }) => state);
    const best = exactPlayer(solved, npRandom(0));
    expect(await mistakes(solved, best, all)).toEqual({ wrong: 0, of: 4520 });
    const first: GamePlayer<Stones> = async (states) => states.map((state) => legalActions(game, state)[0]!);
    // Counted by hand from the exact values.
    const wrong = all.filter((state) => !solved.best(state).includes(legalActions(game, state)[0]!)).length;
    expect(wrong).toBeGreaterThan(1000);
    expect(await mistakes(solved, first, all)).toEqual({ wrong, of: 4520 });
  });

  it("samples of positions are without repetition, seeded, and all where there are no more", () => {
    const keys = (most: number, seed: number): string[] =>
      [...samplePositions(solved, most, npRandom(seed))].map((state) => game.key(state));
    expect(new Set(keys(500, 1)).size).toBe(500);
    expect(keys(500, 1)).toEqual(keys(500, 1));
    expect(keys(500, 1)).not.toEqual(keys(500, 2));
    expect(keys(10_000, 1)).toHaveLength(4520);
  });
});

describe("Connect Four", () => {
  it("stones fall; lines in four directions win, and no others", () => {
    const game = connectFour();
    const upright = played(game, [3, 0, 3, 0, 3, 0, 3]);
    expect([game.outcome(upright), game.mover(upright)]).toEqual([1, 1]);
    expect(game.outcome(played(game, [0, 6, 1, 6, 2, 5, 3]))).toBe(1);
    expect(game.outcome(played(game, [0, 1, 1, 2, 2, 3, 2, 3, 3, 5, 3]))).toBe(1);
    expect(game.outcome(played(game, [6, 5, 5, 4, 4, 3, 4, 3, 3, 0, 3]))).toBe(1);
    // Four stones over the edge of the board are no line.
    expect(game.outcome(played(game, [4, 0, 5, 0, 6, 1]))).toBeUndefined();
    expect(game.outcome(played(game, [6, 0, 6, 1, 5, 2, 4, 3]))).toBe(-1);
    const full = played(game, [2, 2, 2, 2, 2, 2]);
    expect(legalActions(game, full)).toEqual([0, 1, 3, 4, 5, 6]);
    expect(game.render(full).split("\n")[0]).toBe(". . O . . . .");
    expect(game.symmetries[1]!.actions).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  it("observations are a plane of one's own stones and one of the other's", () => {
    const game = connectFour({ rows: 2, columns: 3, connect: 3 });
    const state = played(game, [1, 1]);
    const seen = (player: 0 | 1): number[] => {
      const out = new Float32Array(12);
      game.observe(state, player, out, 0);
      return [...out];
    };
    expect(seen(0)).toEqual([0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
    expect(seen(1)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
  });

  it("4 × 4 is a draw with 161,029 positions, in 139,625 of which nobody has won", () => {
    const game = connectFour({ rows: 4, columns: 4 });
    const solved = solveGame(game);
    const { undecided, won, drawn } = solved;
    expect([undecided + drawn, undecided + drawn + won]).toEqual([139_625, 161_029]);
    expect(solved.value(game.initial())).toBe(0);
  });

  it("4 × 4 with three in a line is won", () => {
    const game = connectFour({ rows: 4, columns: 4, connect: 3 });
    const solved = solveGame(game);
    expect(solved.value(game.initial())).toBe(1);
    expect(solved.best(game.initial())).toEqual([0, 1, 2, 3]);
    // After an answer in a corner the win can be lost.
    expect(solved.best(played(game, [0, 1])).length).toBeLessThan(4);
  });

  it("refuses odd boards", () => {
    expect(() => connectFour({ rows: 1 })).toThrow(
      "ConnectFour: rows must be a whole number from 2 to 20, not 1",
    );
    expect(() => make("ConnectFour-v0", { opponent: "exact" })).toThrow(
      "an exact opponent looks at every position, and 6 × 7 cells have too many: 4 rows of 5 are the most",
    );
    expect(() => make("TicTacToe-v0", { opponent: "strong" } as object)).toThrow(
      'opponent must be "random", "exact" or a function, not "strong"',
    );
  });
});

describe("numbers of positions", () => {
  it.each([ticTacToe(), connectFour({ rows: 3, columns: 4, connect: 3 })])(
    "$name: every position has its own, and comes back from it; a solver by keys finds the same values",
    (game) => {
      const byNumber = solveGame(game);
      const byKey = solveGame({ ...game, numbering: undefined });
      const { undecided, won, drawn } = byKey;
      expect(byNumber).toMatchObject({ undecided, won, drawn });
      const numbers = new Set<number>();
      for (const { state, value } of byKey.positions()) {
        const number = game.numbering!.of(state);
        numbers.add(number);
        if (numbers.size % 50 === 1) expect(game.numbering!.at(number)).toEqual(state);
        if (byNumber.value(state) !== value) throw new Error(game.render(state));
      }
      expect(numbers.size).toBe(undecided);
    },
  );

  it("large boards have none", () => {
    expect(connectFour().numbering).toBeUndefined();
    expect(connectFour({ rows: 4, columns: 5 }).numbering!.size).toBe(2 ** 25);
  });
});

describe("against an opponent", () => {
  it("an exact one never loses, and the reward is the agent's", () => {
    const solved: SolvedGame<Stones> = solveGame(ticTacToe());
    for (const agent_first of [true, false]) {
      const env = make("TicTacToe-v0", { opponent: "exact", agent_first });
      const best = make("TicTacToe-v0", { opponent: "random", agent_first });
      env.actionSpace.seed(4);
      const rewards: number[] = [];
      for (let episode = 0; episode < 60; episode++) {
        let { info } = env.reset(episode === 0 ? { seed: 1 } : {});
        for (let end = false; !end; ) {
          const step = env.step(env.actionSpace.sample(info.action_mask as Int8Array));
          ({ info, terminated: end } = step);
          if (end) rewards.push(step.reward);
          else expect(step.reward).toBe(0);
        }
        best.reset(episode === 0 ? { seed: 1 } : {});
        for (let end = false; !end; ) {
          const { board } = best.unwrapped.state;
          const step = best.step(solved.best(board)[0]!);
          end = step.terminated;
          expect(step.reward).toBeGreaterThanOrEqual(0);
        }
      }
      expect(Math.max(...rewards)).toBe(0);
      expect(Math.min(...rewards)).toBe(-1);
    }
  });

  it("illegal actions are refused, the agent's and the opponent's", () => {
    const env = make("ConnectFour-v0", { rows: 2, columns: 2, connect: 2, agent_first: true });
    env.reset({ seed: 0 });
    env.unwrapped.state = {
      board: played(connectFour({ rows: 2, columns: 2, connect: 4 }), [0, 0]),
      agent: 0,
    };
    expect(() => env.step(0)).toThrow("action 0 is not available: there is no room. Legal: column 1");
    const game = ticTacToe();
    const cheat = matchEnv(game, { id: "Cheat-v0", opponent: () => 4, agentFirst: true });
    expect(() => cheat.transition(cheat.initial(npRandom(0)), 4, npRandom(0))).toThrow(
      "Cheat-v0: the opponent chose 4, which is not legal",
    );
  });
});
