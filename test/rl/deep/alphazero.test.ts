import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { exportFreeBatch } from "../../../src/engine/onnx/export.ts";
import { alphazero } from "../../../src/rl/deep/alphazero.ts";
import { Positions } from "../../../src/rl/deep/positions.ts";
import { SelfPlay } from "../../../src/rl/deep/self-play.ts";
import {
  connectFour,
  gameOf,
  type Match,
  mistakes,
  puctSearch,
  type Search,
  type Stones,
  samplePositions,
  solved,
  ticTacToe,
} from "../../../src/rl/games/index.ts";
import { make } from "../../../src/rl/make.ts";
import { fastRandom, npRandom } from "../../../src/rl/random.ts";
import { engine, learn, metricsOf, onEnv } from "./learn.ts";

const TINY = { hidden: [16], simulations: 6, games: 4, learningStarts: 20, trainEvery: 4, batchSize: 16 };
const onBoard = (options: object, how: object) => {
  const makeEnv = () => make("ConnectFour-v0", { rows: 3, columns: 4, connect: 3 });
  return learn(alphazero, { ...TINY, ...options }, { makeEnv, ...how });
};

test("stopped and resumed, it learns what it would have, bit for bit", async () => {
  const how = { steps: 200, sampleEvery: 70, logEvery: 20, evaluationEpisodes: 2 };
  const options = { openingMoves: 3 };
  const whole = await onBoard(options, how);
  const first = await onBoard(options, { ...how, stopAt: 100 });
  const cut = first.saved.at(-1)!;
  expect(cut.step).toBeGreaterThanOrEqual(100);
  expect(cut.step).toBeLessThan(200);
  const second = await onBoard(options, { ...how, from: cut });
  const [a, b] = [whole.saved.at(-1)!, second.saved.at(-1)!];
  expect(a.step).toBe(200);
  expect(b.tensors).toEqual(a.tensors);
  expect(b.progress).toEqual(a.progress);
  expect([...metricsOf(first), ...metricsOf(second)]).toEqual(metricsOf(whole));
  const other = await onBoard(options, { ...how, seed: 8 });
  expect(other.saved.at(-1)!.tensors).not.toEqual(a.tensors);
});

test("a few seconds of tic-tac-toe: far fewer mistakes, alone and with search", async () => {
  const { events } = await onEnv(
    alphazero,
    {
      hidden: [64],
      simulations: 24,
      games: 32,
      openingMoves: 6,
      trainEvery: 32,
      gradientSteps: 6,
      lr: 4e-3,
      batchSize: 128,
      learningStarts: 200,
    },
    { env: "TicTacToe-v0", steps: 4000, sampleEvery: 3999, evaluationEpisodes: 10 },
  );
  const looks = events.flatMap((e) => (e.kind === "validation" ? [e.metrics] : []));
  const last = looks.at(-1)!;
  expect(last["evaluation/mistakes"]).toBeLessThan(0.12);
  expect(last["evaluation/mistakes_search"]).toBeLessThan(0.04);
  expect(last["evaluation/random"]).toBeGreaterThan(0.7);
  expect(last["evaluation/exact"]).toBeGreaterThan(-0.5);
});

test("an environment that is no game is refused", async () => {
  const makeEnv = () => make("CartPole-v1");
  const sentence =
    "alphazero plays games of two, such as TicTacToe-v0 and ConnectFour-v0, and CartPole-v1 is none";
  await expect(learn(alphazero, TINY, { makeEnv })).rejects.toThrow(sentence);
  expect(() => alphazero.check!({ options: alphazero.options.parse({}), makeEnv })).toThrow(sentence);
});

test("its policy acts and plays, searching or not; plain onnxruntime says what the network alone does", async () => {
  const { saved } = await onEnv(alphazero, TINY, { env: "TicTacToe-v0", steps: 120 });
  const makeEnv = () => make("TicTacToe-v0", { agent_first: true });
  const setting = { options: alphazero.options.parse(TINY), makeEnv, engine };
  const [alone, searching] = await Promise.all(
    [0, 400].map((simulations) => alphazero.policy(saved.at(-1)!, { ...setting, simulations })),
  );
  const game = ticTacToe();
  const known = solved(game);
  const states = [...samplePositions(known, 60, npRandom(0))];
  const wrong = async (policy: typeof alone) => (await mistakes(known, policy!.player!, states)).wrong;
  expect(await wrong(searching)).toBeLessThan(await wrong(alone));

  const { module, at } = alphazero.graph!(saved.at(-1)!, setting);
  const freeze = module.variables().map(([, v]) => v);
  const file = await exportFreeBatch(at, { engine: await engine(), freeze });
  const session = await InferenceSession.create(file.bytes);
  const seen = new Float32Array(60 * 18);
  const mask = new Float32Array(60 * 9);
  for (const [i, state] of states.entries()) {
    game.observe(state, game.mover(state), seen, i * 18);
    for (let a = 0; a < 9; a++) mask[i * 9 + a] = game.legal(state, a) ? 1 : 0;
  }
  const { actions } = await session.run({
    observations: new OrtTensor("float32", seen, [60, 2, 3, 3]),
    mask: new OrtTensor("float32", mask, [60, 9]),
  });
  expect(Array.from(actions!.data as BigInt64Array, Number)).toEqual(await alone!.player!(states));

  const env = makeEnv();
  const { observation, info } = env.reset({ seed: 0 });
  const action = (await alone!.act(observation, info, env.unwrapped.state)) as number;
  expect(action).toBe((await alone!.player!([(env.unwrapped.state as Match<Stones>).board]))[0]);
  await expect(alone!.act(observation, info, undefined)).rejects.toThrow("searches from a position");
});

test("other weights of another board are refused", async () => {
  const { saved } = await onEnv(alphazero, TINY, { env: "TicTacToe-v0", steps: 40 });
  const elsewhere = alphazero.policy(saved.at(-1)!, {
    options: alphazero.options.parse(TINY),
    makeEnv: () => make("ConnectFour-v0"),
    engine,
  });
  await expect(elsewhere).rejects.toThrow("was learned with observations");
});

describe("self-play", () => {
  const game = connectFour({ rows: 2, columns: 3, connect: 3 });
  const blank: Search<Stones> = puctSearch(
    8,
    (states) => ({ logits: new Float32Array(states.length * 3), values: new Float32Array(states.length) }),
    1,
  );
  const how = { games: 3, openingMoves: 0, temperatureMoves: 4 };

  test("what is kept of a game is each mover's view, his policy, and the result for him", async () => {
    const practice = new SelfPlay(game, how, 1000);
    const kept: Parameters<Parameters<SelfPlay<Stones>["move"]>[2]>[0][] = [];
    const rng = fastRandom(0);
    let moves = 0;
    while (kept.length === 0) {
      await practice.move(blank, rng, (position) => kept.push(position));
      moves++;
    }
    expect(practice.steps).toBe(3 * moves);
    // The first game that ended: its positions stand in order, from the empty board on.
    const n = moves;
    const first = kept.slice(0, n);
    expect(first[0]!.seen).toEqual(new Uint8Array(12));
    for (const [ply, { seen, mask, pi, z }] of first.entries()) {
      const own = seen.subarray(0, 6).reduce((x, y) => x + y, 0);
      const others = seen.subarray(6).reduce((x, y) => x + y, 0);
      expect([own, others]).toEqual([Math.floor(ply / 2), Math.ceil(ply / 2)]);
      expect(Array.from(pi).reduce((x, y) => x + y, 0)).toBeCloseTo(1, 5);
      for (let a = 0; a < 3; a++) if (mask[a] === 0) expect(pi[a]).toBe(0);
      expect(z + first[0]!.z * (ply % 2 === 0 ? -1 : 1)).toBe(0);
    }
  });

  test("who makes the winning move has won", async () => {
    // Both sides in one move of a line: a search with enough simulations makes it.
    const deep = { ...blank, simulations: 200 };
    const practice = new SelfPlay(game, { ...how, games: 8, openingMoves: 4, temperatureMoves: 0 }, 10_000);
    const rng = fastRandom(1);
    let lines = 0;
    for (let i = 0; i < 150; i++)
      await practice.move(deep, rng, ({ seen, z }) => {
        // Two of one's own in the lower row and the third cell free: this mover can win at once.
        const own = seen.subarray(3, 6).reduce((x, y) => x + y, 0);
        const others = seen.subarray(9, 12).reduce((x, y) => x + y, 0);
        if (own !== 2 || others !== 0) return;
        lines++;
        expect(z).toBe(1);
      });
    expect(lines).toBeGreaterThan(5);
  });

  test("the budget is exact, and random openings are not learned from", async () => {
    const practice = new SelfPlay(game, { ...how, openingMoves: 3 }, 100);
    const rng = fastRandom(2);
    let smallest = Infinity;
    let empty = 0;
    let positions = 0;
    while (practice.left > 0)
      await practice.move(blank, rng, ({ seen }) => {
        const stones = seen.reduce((x, y) => x + y, 0);
        smallest = Math.min(smallest, stones);
        if (stones === 0) empty++;
        positions++;
      });
    expect(practice.steps).toBe(100);
    expect(smallest).toBe(0);
    expect(empty).toBeLessThan(positions / 3);
    expect(positions).toBeLessThanOrEqual(100);
  });
});

test("positions are drawn turned by a symmetry: planes, masks and policies alike", () => {
  const game = connectFour({ rows: 2, columns: 3, connect: 3 });
  const replay = new Positions(4, 12, 3, game.symmetries);
  const seen = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0);
  replay.add({ seen, mask: Uint8Array.of(1, 1, 0), pi: [0.7, 0.3, 0], z: -1 });
  const { observations, masks, pi, z } = replay.sample(64, fastRandom(0));
  let mirrored = 0;
  for (let b = 0; b < 64; b++) {
    const row = Array.from((observations!.data as Float32Array).subarray(b * 12, (b + 1) * 12));
    const flat = (x: typeof pi) =>
      Array.from((x!.data as Float32Array).subarray(b * 3, (b + 1) * 3), (v) => Math.round(10 * v));
    const turned = row[5] === 1;
    if (turned) mirrored++;
    expect(row).toEqual(turned ? [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] : Array.from(seen));
    expect(flat(pi)).toEqual(turned ? [0, 3, 7] : [7, 3, 0]);
    expect(flat(masks)).toEqual(turned ? [0, 10, 10] : [10, 10, 0]);
    expect(z!.data[b]).toBe(-1);
  }
  expect(mirrored).toBeGreaterThan(15);
  expect(mirrored).toBeLessThan(49);
});

test("the game behind an environment is found under wrappers", () => {
  expect(gameOf(make("TicTacToe-v0", { max_episode_steps: 5 } as object))).toBe(ticTacToe());
  expect(gameOf(make("CartPole-v1"))).toBeUndefined();
});
