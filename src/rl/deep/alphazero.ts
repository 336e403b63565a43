import { z } from "zod";
import { type Compiled, compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { adam } from "../../optim/adam.ts";
import { ndarray } from "../../tensor/ndarray.ts";
import { add, argmax, logSoftmax, mean, mul, neg, reshape, slice, square, sub, sum, tanh } from "../../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Tensor } from "../../tensor/tensor.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import type { Policy } from "../agent.ts";
import type { Env } from "../env.ts";
import type { TwoPlayerGame } from "../games/game.ts";
import { gameOf, type Match } from "../games/opponent.ts";
import {
  contest,
  exactPlayer,
  type GamePlayer,
  mistakes,
  randomPlayer,
  samplePositions,
  searchPlayer,
} from "../games/players.ts";
import { type Evaluator, puctSearch, uctSearch } from "../games/search.ts";
import { solved } from "../games/solve.ts";
import { fastRandom } from "../random.ts";
import { deepAgent } from "./agent.ts";
import type { Examination, Examined, Lesson } from "./algorithm.ts";
import { Mlp } from "./network.ts";
import { count, OffPolicy, share } from "./options.ts";
import { masked, type Spaces } from "./policy.ts";
import { Positions } from "./positions.ts";
import { due, lrSchedule } from "./schedules.ts";
import { SelfPlay } from "./self-play.ts";
import { scalarsOf, Update } from "./update.ts";

const AlphaZeroOptions = OffPolicy.omit({ gamma: true, envs: true }).extend({
  lr: OffPolicy.shape.lr.default(2e-3),
  lrFinal: OffPolicy.shape.lrFinal.default(0),
  hidden: OffPolicy.shape.hidden.default([128, 128]),
  simulations: count.default(64).describe("walks down the search tree before a move"),
  cPuct: z.number().positive().default(2).describe("how much the search explores, c_puct"),
  noiseAlpha: z
    .number()
    .positive()
    .default(1)
    .describe("α of the Dirichlet noise at the root; the smaller, the more it favours single moves"),
  noiseShare: share.default(0.25).describe("how much of the root's priors is noise, ε"),
  games: count.default(64).describe("games played at once"),
  temperatureMoves: z
    .int()
    .min(0)
    .default(10)
    .describe("moves of a game that are drawn by their visits; later the most visited is taken"),
  openingMoves: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "a game begins with a random number of random moves, at most so many, so that odd positions are learned too",
    ),
  replay: OffPolicy.shape.replay.describe("positions the replay holds"),
  batchSize: count.default(256).describe("positions in an update"),
  learningStarts: OffPolicy.shape.learningStarts.describe("positions before the first update"),
  trainEvery: count.default(64).describe("moves between updates"),
  l2: z.number().min(0).default(1e-4).describe("weight of the squared weights in the loss, c"),
});
type AlphaZeroOptions = z.output<typeof AlphaZeroOptions>;

type Net = Mlp;
type AnyGame = TwoPlayerGame<unknown>;

function requireGame(env: Env): AnyGame {
  const game = gameOf(env);
  if (game) return game;
  throw new UserError(
    `alphazero plays games of two, such as TicTacToe-v0 and ConnectFour-v0, and ${env.id} is none`,
  );
}

/** p and v of x [n, size]: logits [n, actions], and values [n] in [−1, 1] for the player who moves. */
function heads(network: Net, x: Tensor): { logits: Tensor; values: Tensor } {
  const n = x.shape[0]!;
  const out = network.forward(reshape(x, [n, -1]));
  const actions = out.shape[1]! - 1;
  return {
    logits: slice(out, { starts: [0, 0], lengths: [n, actions] }),
    values: tanh(reshape(slice(out, { starts: [0, actions], lengths: [n, 1] }), [n])),
  };
}

/** The network as what a search asks; a call takes a power of two of positions, so that few graphs are compiled. */
function evaluatorOf<S>(game: TwoPlayerGame<S>, program: Compiled<[Tensor], Tensor>): Evaluator<S> {
  const width = game.shape[0] * game.shape[1] * game.shape[2];
  const actions = game.actionNames.length;
  return async (states) => {
    const n = states.length;
    const size = 2 ** Math.ceil(Math.log2(n));
    const inputs = new Float32Array(size * width);
    for (const [i, state] of states.entries()) game.observe(state, game.mover(state), inputs, i * width);
    const out = (await program(ndarray(inputs, [size, width]))).data as Float32Array;
    const logits = new Float32Array(n * actions);
    const values = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const row = i * (actions + 1);
      for (let a = 0; a < actions; a++) logits[i * actions + a] = out[row + a]!;
      values[i] = Math.tanh(out[row + actions]!);
    }
    return { logits, values };
  };
}

/** Small enough for the kernels of a network that acts: tanh and softmax are the host's. */
const programOf = (network: Net, engine: Engine) =>
  compile((x: Tensor) => network.forward(x), { engine, name: "policy and value" });

async function* learn(
  lesson: Lesson<AlphaZeroOptions, Net, SelfPlay<unknown>>,
): AsyncGenerator<Metrics, void, undefined> {
  const { options, module: network, world, engine, key, rng, steps, keep, use } = lesson;
  const { simulations, cPuct, noiseAlpha, noiseShare, batchSize, l2 } = options;
  const { game } = world;
  const [planes, rows, columns] = game.shape;
  const replay = keep(
    "replay",
    new Positions(options.replay, planes * rows * columns, game.actionNames.length, game.symmetries),
  );
  const evaluate = evaluatorOf(game, use(programOf(network, engine)));
  const how = {
    ...puctSearch(simulations, evaluate, cPuct),
    noise: { alpha: noiseAlpha, epsilon: noiseShare, rng },
  };
  const update = keep(
    "optimizer",
    use(
      new Update({
        engine,
        players: [
          {
            name: "alphazero",
            module: network,
            // The gradient of c‖θ‖² is 2cθ.
            optimizer: adam({ weightDecay: 2 * l2 }),
            schedule: lrSchedule(options, steps),
            maxGradNorm: options.maxGradNorm,
            loss: ({ observations, masks, pi, z }) => {
              const { logits, values } = heads(network, observations!);
              // l = (z − v)² − πᵀ log p  (Silver et al. 2017, eq. 1)
              const valueLoss = mean(square(sub(z!, values)));
              const policyLoss = neg(mean(sum(mul(pi!, logSoftmax(masked(logits, masks))), { axes: 1 })));
              return { loss: add(valueLoss, policyLoss), value_loss: valueLoss, policy_loss: policyLoss };
            },
          },
        ],
      }),
    ),
  );

  let losses: Metrics = {};
  while (world.left > 0) {
    const before = world.steps;
    await world.move(how, rng, (position) => replay.add(position));
    const updates = due(before, world.steps, options.trainEvery) * options.gradientSteps;
    for (let i = 0; i < updates && replay.size > 0 && world.steps >= options.learningStarts; i++) {
      const noise = key.split("update").split(world.steps).split(i);
      losses = scalarsOf(await update.step(replay.sample(batchSize, rng), noise, world.steps));
    }
    yield losses;
  }
}

/** Positions in which an evaluation during training looks for mistakes. */
const EXAMINED = 5000;

/**
 * Games with search against a random player, UCT with as many simulations and, where the game is small enough to be solved,
 * an exact player; and the share of positions in which an action loses value, of the network alone and with search.
 */
function examine({
  options,
  module,
  makeEnv,
  engine,
  episodes,
  seed,
  use,
}: Examination<AlphaZeroOptions, Net>): () => Promise<Examined> {
  const game = requireGame(makeEnv());
  const evaluate = evaluatorOf(game, use(programOf(module, engine)));
  const { simulations, cPuct } = options;
  const player = (walks: number) => searchPlayer(game, puctSearch(walks, evaluate, cPuct));
  return async () => {
    // Each time the same games and positions, where the agent does not play otherwise.
    const rng = fastRandom(seed);
    const known = game.numbering && solved(game);
    const opponents: Readonly<Record<string, GamePlayer<unknown>>> = {
      random: randomPlayer(game, rng),
      uct: searchPlayer(game, uctSearch(game, simulations, rng)),
      ...(known && { exact: exactPlayer(known, rng) }),
    };
    const metrics: Record<string, number> = {};
    for (const [name, opponent] of Object.entries(opponents)) {
      const results = await contest(game, player(simulations), opponent, episodes);
      metrics[`evaluation/${name}`] = average(results);
    }
    const overall = average(Object.values(metrics));
    if (!known) return { score: overall, metrics: { "evaluation/return": overall, ...metrics } };
    const positions = [...samplePositions(known, EXAMINED, fastRandom(seed))];
    const shares = await Promise.all(
      [0, simulations].map(async (walks) => {
        const { wrong, of } = await mistakes(known, player(walks), positions);
        return wrong / of;
      }),
    );
    const [alone, searched] = shares as [number, number];
    return {
      score: 0 - alone - searched,
      metrics: {
        "evaluation/return": overall,
        ...metrics,
        "evaluation/mistakes": alone,
        "evaluation/mistakes_search": searched,
      },
    };
  };
}

const average = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** The trained network with its search, or alone, as a policy against an opponent and as a player of the game. */
function searching(network: Net, game: AnyGame, engine: Engine, simulations: number, cPuct: number): Policy {
  const evaluate = evaluatorOf(game, programOf(network, engine));
  const player = searchPlayer(game, puctSearch(simulations, evaluate, cPuct));
  return {
    player,
    act: async (_observation, _info, state) => {
      const board = (state as Match<unknown> | undefined)?.board;
      if (board === undefined)
        throw new UserError(
          "alphazero searches from a position: it acts in an environment whose state can be seen",
        );
      return (await player([board]))[0];
    },
  };
}

/**
 * AlphaZero (Silver et al. 2018), on games small enough for a laptop. It is tree search (`games/search.ts`) in which a network
 * takes the place of random play: p says where to look, v what a position is worth. The network learns from its own games, π
 * what the search made of p, and z how the game ended; the better it gets, the better the search that teaches it.
 */
export const alphazero = deepAgent<typeof AlphaZeroOptions, Net, SelfPlay<unknown>>({
  name: "alphazero",
  about: "self-play with tree search, for games of two players",
  paper: "Silver et al. 2018",
  onPolicy: false,
  searches: true,
  options: AlphaZeroOptions,
  training: { env: "TicTacToe-v0", steps: 100_000 },
  build: ({ hidden }, { features, actions, id }: Spaces) => {
    if (actions.kind !== "discrete") throw new UserError(`alphazero plays games of two, and ${id} is none`);
    return new Mlp([features.size], actions.n + 1, { hidden, activation: "relu" });
  },
  greedy: (network) => (x, mask) => argmax(masked(heads(network, x).logits, mask), 1),
  practise: ({ options, makeEnv, steps }) => new SelfPlay(requireGame(makeEnv()), options, steps),
  examine,
  policy: async (network, { options, makeEnv, engine, simulations = options.simulations }) =>
    searching(network, requireGame(makeEnv()), await engine(), simulations, options.cPuct),
  learn,
});
