import { describe, expect, it } from "vitest";
import {
  connectFour,
  contest,
  type Evaluator,
  exactPlayer,
  mistakes,
  mostVisited,
  policyOf,
  puct,
  puctSearch,
  randomPlayer,
  resultForMover,
  type Search,
  type SelectionRule,
  samplePositions,
  search,
  searchPlayer,
  solved,
  type TwoPlayerGame,
  ticTacToe,
  uct,
  uctSearch,
} from "../../../src/rl/games/index.ts";
import { npRandom } from "../../../src/rl/random.ts";

/** Take one or two of a heap of stones; who takes the last wins. From 3 on the mover loses where n is divisible by 3. */
interface Heap {
  readonly left: number;
  readonly moves: number;
}
function nim(start: number): TwoPlayerGame<Heap> {
  return {
    name: "Nim",
    actionNames: ["one", "two"],
    shape: [1, 1, 1],
    symmetries: [{ cells: [0], actions: [0, 1] }],
    initial: () => ({ left: start, moves: 0 }),
    mover: ({ moves }) => (moves % 2 === 0 ? 0 : 1),
    legal: ({ left }, action) => left > action,
    play: ({ left, moves }, action) => ({ left: left - 1 - action, moves: moves + 1 }),
    outcome: ({ left, moves }) => (left > 0 ? undefined : moves % 2 === 1 ? 1 : -1),
    key: ({ left, moves }) => `${left} ${moves % 2}`,
    observe: ({ left }, _player, out, at) => {
      out[at] = left;
    },
    render: ({ left }) => "|".repeat(left),
    renderSvg: () => "",
  };
}

/** No opinion at all: what a search finds then comes from results alone. */
const blank =
  (actions: number): Evaluator<unknown> =>
  (states) => ({
    logits: new Float32Array(states.length * actions),
    values: new Float32Array(states.length),
  });

const played = <S>(game: TwoPlayerGame<S>, actions: readonly number[]): S =>
  actions.reduce((state, action) => game.play(state, action), game.initial());

describe("selection", () => {
  it("UCT and PUCT are their formulas", () => {
    expect(uct(1.5)(0.25, 0.9, 4, 20)).toBeCloseTo(0.25 + 1.5 * Math.sqrt(Math.log(20) / 4), 12);
    expect(uct(1.5)(0, 0.9, 0, 20)).toBe(Infinity);
    expect(puct(2)(0.25, 0.3, 4, 25)).toBeCloseTo(0.25 + (2 * 0.3 * 5) / 5, 12);
    expect(puct(2)(0, 0.3, 0, 25)).toBeCloseTo(2 * 0.3 * 5, 12);
  });
});

describe("a tree", () => {
  const three = nim(3);
  const how = (simulations: number, evaluate: Evaluator<Heap> = blank(2)): Search<Heap> =>
    puctSearch(simulations, evaluate, 1);

  it("values are those of the player who moves, and change sign from ply to ply", async () => {
    // Of 4 stones, taking one leaves 3: the other loses whatever he does.
    const [four] = await search(nim(4), [nim(4).initial()], how(200));
    expect(mostVisited(four!)).toBe(0);
    expect(four!.W[0]! / four!.N[0]!).toBeGreaterThan(0.8);
    expect(four!.W[1]! / four!.N[1]!).toBeLessThan(0);
    // Of 3, both lose.
    const [lost] = await search(three, [three.initial()], how(200));
    for (const a of [0, 1]) expect(lost!.W[a]! / lost!.N[a]!).toBeLessThan(-0.8);
  });

  it("an evaluator's value is the mover's at the leaf", async () => {
    // It says that whoever moves wins: so the parent's edges look lost.
    const sure: Evaluator<Heap> = (states) => ({
      logits: new Float32Array(states.length * 2),
      values: new Float32Array(states.length).fill(1),
    });
    const game = nim(9);
    const [tree] = await search(game, [game.initial()], how(2, sure));
    expect([tree!.N[0], tree!.N[1]]).toEqual([1, 1]);
    expect([tree!.W[0], tree!.W[1]]).toEqual([-1, -1]);
  });

  it("the end of a game has its result and is never evaluated", async () => {
    const asked: Heap[] = [];
    const wrong: Evaluator<Heap> = (states) => {
      asked.push(...states);
      // Says of every position that it is won for the other.
      return {
        logits: new Float32Array(states.length * 2),
        values: new Float32Array(states.length).fill(-1),
      };
    };
    const two = nim(2);
    const [tree] = await search(two, [two.initial()], how(50, wrong));
    expect(asked.every((state) => two.outcome(state) === undefined)).toBe(true);
    expect(tree!.W[1]! / tree!.N[1]!).toBe(1);
    expect(mostVisited(tree!)).toBe(1);
    expect(tree!.N[0]! + tree!.N[1]!).toBe(50);
  });

  it("illegal actions are never chosen, whatever the network wants", async () => {
    const game = connectFour({ rows: 2, columns: 3, connect: 3 });
    const full = played(game, [1, 1]);
    const mad: Evaluator<unknown> = (states) => ({
      logits: Float32Array.from({ length: states.length * 3 }, (_, i) => (i % 3 === 1 ? 1e6 : 0)),
      values: new Float32Array(states.length),
    });
    for (const simulations of [0, 1, 40]) {
      const noise = { alpha: 1, epsilon: 0.5, rng: npRandom(0) };
      const [tree] = await search(game, [full], { ...puctSearch(simulations, mad, 1), noise });
      expect(tree!.N[1]).toBe(0);
      expect(mostVisited(tree!)).not.toBe(1);
      if (simulations > 0) expect(policyOf(tree!)[1]).toBe(0);
    }
  });

  it("without simulations it is the network alone: the likeliest legal action", async () => {
    const says: Evaluator<Heap> = (states) => ({
      logits: Float32Array.from({ length: states.length * 2 }, (_, i) => i % 2),
      values: new Float32Array(states.length),
    });
    const player = searchPlayer(nim(5), how(0, says));
    expect(await player([nim(5).initial(), { left: 1, moves: 4 }])).toEqual([1, 0]);
  });

  it("trees of one call do not touch one another: many positions at once are as each alone", async () => {
    const game = ticTacToe();
    const roots = [[], [0], [0, 4], [4, 0, 8], [0, 1, 3, 4]].map((actions) => played(game, actions));
    const evaluate: Evaluator<(typeof roots)[number]> = (states) => ({
      logits: Float32Array.from({ length: states.length * 9 }, (_, i) => Math.sin(i % 9)),
      values: Float32Array.from(
        states,
        ({ cells }) => Math.sin(cells.reduce((x, s, i) => x + s * (i + 1), 0)) / 2,
      ),
    });
    const how = puctSearch(60, evaluate, 1.5);
    const together = await search(game, roots, how);
    for (const [i, root] of roots.entries()) {
      const [alone] = await search(game, [root], how);
      expect(policyOf(alone!)).toEqual(policyOf(together[i]!));
      expect(alone!.W).toEqual(together[i]!.W);
    }
  });

  it("noise is in the root's priors alone, and only where asked for", async () => {
    const game = ticTacToe();
    const tree = async (noisy: boolean) => {
      const noise = noisy ? { alpha: 0.3, epsilon: 0.25, rng: npRandom(3) } : undefined;
      return (await search(game, [game.initial()], { ...puctSearch(40, blank(9), 1), noise }))[0]!;
    };
    const [plain, noisy] = [await tree(false), await tree(true)];
    const uniform = (P: Float32Array): boolean =>
      P.every((p) => p < 0 || Math.abs(p - P.find((x) => x >= 0)!) < 1e-6);
    expect(uniform(plain.P.subarray(0, 9))).toBe(true);
    expect(uniform(noisy.P.subarray(0, 9))).toBe(false);
    expect(noisy.P.subarray(0, 9).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    for (let node = 1; node < noisy.states.length; node++)
      expect(uniform(noisy.P.subarray(node * 9, (node + 1) * 9))).toBe(true);
  });
});

describe("searching", () => {
  const game = ticTacToe();
  const known = solved(game);
  const positions = [...samplePositions(known, 150, npRandom(5))];
  const rate = async (how: Search<(typeof positions)[number]>) =>
    (await mistakes(known, searchPlayer(game, how), positions)).wrong;

  it("UCT makes fewer mistakes the more it simulates, and none in the end", async () => {
    const [few, many, most] = [
      await rate(uctSearch(game, 10, npRandom(0))),
      await rate(uctSearch(game, 100, npRandom(0))),
      await rate(uctSearch(game, 3000, npRandom(0))),
    ];
    expect(few).toBeGreaterThan(many);
    expect(many).toBeGreaterThan(most);
    expect(most).toBe(0);
  });

  it("PUCT without any opinion finds the exact moves too", async () => {
    expect(await rate(puctSearch(5, blank(9), 2))).toBeGreaterThan(5);
    expect(await rate(puctSearch(1500, blank(9), 2))).toBe(0);
  });

  it("a rule whose sign is wrong finds the worst moves: the test above can fail", async () => {
    const wrong: SelectionRule = (q, p, n, total) => puct(2)(-q, p, n, total);
    expect(await rate({ simulations: 1500, rule: wrong, evaluate: blank(9) })).toBeGreaterThan(50);
  });

  it("the same seed gives the same search", async () => {
    const player = (seed: number) => searchPlayer(game, uctSearch(game, 30, npRandom(seed)));
    expect(await player(1)(positions)).toEqual(await player(1)(positions));
    expect(await player(1)(positions)).not.toEqual(await player(2)(positions));
  });
});

describe("contests", () => {
  it("are scored for the first of two players, who begins every other game", async () => {
    const game = ticTacToe();
    const exact = exactPlayer(solved(game), npRandom(0));
    const random = randomPlayer(game, npRandom(1));
    const won = await contest(game, exact, random, 60);
    expect(Math.min(...won)).toBe(0);
    expect(won.filter((r) => r === 1).length).toBeGreaterThan(40);
    const lost = await contest(game, random, exact, 60);
    expect(Math.max(...lost)).toBe(0);
    expect(await contest(game, exact, exact, 10)).toEqual(Array.from({ length: 10 }, () => 0));
  });

  it("the result for the mover of a finished game is the winner's opponent's", () => {
    const heap = nim(1);
    expect(resultForMover(heap, heap.play(heap.initial(), 0))).toBe(-1);
  });
});
