import type { z } from "zod";
import { UserError } from "../../errors.ts";
import type { Module, StateDict } from "../../nn/module.ts";
import { Key } from "../../tensor/random.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type Checkpoint, type Metrics, type TrainEvent, trainable } from "../../train/checkpoint.ts";
import { ALONE, anyOf, type Communicator, requireSame } from "../../train/parallel/communicator.ts";
import type { Agent, Setting } from "../agent.ts";
import { fastRandom } from "../random.ts";
import { AutoresetMode, VectorEnv, type VectorEnvLike } from "../vector.ts";
import type { Algorithm, Disposable, Examined } from "./algorithm.ts";
import { evaluate, mean } from "./evaluate.ts";
import { type Part, type Practice, pack, unpack } from "./parts.ts";
import { type Greedy, GreedyPolicy, type Spaces, spacesOfEnv, spacesOfVector } from "./policy.ts";
import { preflight } from "./preflight.ts";
import { due } from "./schedules.ts";
import { World } from "./world.ts";

/** Options that every deep agent has. */
interface Common {
  /** One when left out. */
  readonly envs?: number;
}

export function deepAgent<S extends z.ZodObject, M extends Module, W extends Practice = World>(
  algorithm: Algorithm<S, M, W>,
): Agent<S> {
  const { name, about, onPolicy, options, paper, training, searches = false, parallel = false } = algorithm;
  return {
    name,
    about,
    onPolicy,
    searches,
    parallel,
    options,
    source: { paper },
    kind: "agent",
    training: { ...training, unit: "steps" },
    check: ({ options: own, makeEnv }) => {
      preflight(makeEnv(), name);
      algorithm.build(own, spacesOfEnv(makeEnv(), name));
      algorithm.practise?.({ options: own, makeEnv, steps: 1 });
    },
    learn: (setting) => learn(algorithm, setting),
    policy: async (checkpoint, setting) => {
      const { module, greedy, spaces } = trained(algorithm, checkpoint, setting);
      if (algorithm.policy) return algorithm.policy(module, { ...setting, spaces });
      const says = algorithm.says?.(module, setting.options, spaces);
      return new GreedyPolicy(greedy, spaces, await setting.engine(), says);
    },
    graph: (checkpoint, setting) => {
      const { module, greedy, spaces } = trained(algorithm, checkpoint, setting);
      const { features, actions } = spaces;
      const of = (size: number, shape: Shape) => ({ shape: [size, ...shape], dtype: "float32" }) as const;
      return {
        module,
        at: (size) => ({
          inputs: {
            observations: of(size, features.shape),
            ...(spaces.masked && actions.kind === "discrete" && { mask: of(size, [actions.n]) }),
          },
          run: ({ observations, mask }) => ({ actions: greedy(observations!, mask) }),
        }),
      };
    },
  };
}

/** The networks of a checkpoint. @throws UserError where it is of other spaces or another architecture */
function trained<S extends z.ZodObject, M extends Module, W extends Practice>(
  algorithm: Algorithm<S, M, W>,
  checkpoint: Checkpoint,
  { options, makeEnv }: Pick<Setting<z.output<S>>, "options" | "makeEnv">,
): { module: M; greedy: Greedy; spaces: Spaces } {
  const spaces = spacesOfEnv(makeEnv(), algorithm.name);
  requireSpaces(checkpoint, spaces);
  const module = algorithm.build(options, spaces);
  module.loadStateDict(checkpoint.tensors.weights, { source: `the checkpoint of step ${checkpoint.step}` });
  return { module, greedy: algorithm.greedy(module, options, spaces), spaces };
}

/** What stands in the JSON of a checkpoint, beside the tensors. */
interface Progress {
  readonly spaces: { readonly observation: string; readonly action: string };
  /** The plain halves of parts. */
  readonly parts: Readonly<Record<string, unknown>>;
  readonly last: Metrics;
  readonly best: number | null;
  /** Processes that learned together, where they were several. */
  readonly ranks?: number;
}

const described = ({ observation, action }: Spaces): Progress["spaces"] => ({
  observation: String(observation),
  action: String(action),
});

/** @throws UserError where the weights were learned in other spaces */
function requireSpaces({ progress, step }: Checkpoint, spaces: Spaces): void {
  const was = (progress as Partial<Progress>).spaces;
  const is = described(spaces);
  if (!was || (was.observation === is.observation && was.action === is.action)) return;
  throw new UserError(
    `the checkpoint of step ${step} was learned with observations ${was.observation} and actions ${was.action}; ${spaces.id} has ${is.observation} and ${is.action}`,
  );
}

/** Where an algorithm practises, and in which spaces. */
function practiceOf<S extends z.ZodObject, M extends Module, W extends Practice>(
  algorithm: Algorithm<S, M, W>,
  setting: Setting<z.output<S>>,
  makeVec: (n: number) => VectorEnvLike,
): { world: W; spaces: Spaces } {
  const { name } = algorithm;
  const { options, makeEnv, steps, seed, ranks = ALONE } = setting;
  if (algorithm.practise) return { world: algorithm.practise(setting), spaces: spacesOfEnv(makeEnv(), name) };
  const n = shared((options as Common).envs ?? 1, "environments (option `envs`)", ranks);
  const plain = makeVec(n);
  const budget = shared(steps, "steps", ranks);
  // Environment i of rank r is environment r·n + i of one process with all of them.
  const world: Practice = new World(algorithm.wrap?.(plain, options) ?? plain, budget, seed + ranks.rank * n);
  // W is World where an algorithm does not say otherwise.
  return { world: world as W, spaces: spacesOfVector(plain, name) };
}

/** A number's share of a rank. @throws UserError where the ranks do not divide it */
export function shared(count: number, what: string, { size }: Pick<Communicator, "size">): number {
  if (count % size === 0) return count / size;
  throw new UserError(
    `${count} ${what} cannot be shared by ${size} ranks: choose a multiple of ${size}, or another number of ranks`,
  );
}

/** Apart from the seeds of training: evaluation begins in the same states each time. */
const EVALUATION_SEED = 1_000_003;
/** Parts that are each process's own. */
const OWN = ["world", "random"];
/** Milliseconds of learning between two moments in which an interruption can be heard. */
const SLICE = 50;

async function* learn<S extends z.ZodObject, M extends Module, W extends Practice>(
  algorithm: Algorithm<S, M, W>,
  setting: Setting<z.output<S>>,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { options, steps, seed, from, store, signal, ranks = ALONE } = setting;
  if (ranks.size > 1 && !algorithm.parallel)
    throw new UserError(
      `${algorithm.name} does not learn on several processes together: leave option \`parallel\` out`,
    );
  const { logEvery, sampleEvery, checkpointEvery, evaluationEpisodes = 0 } = setting;
  const makeVec = setting.makeVec ?? vectorOf(setting.makeEnv);
  preflight(setting.makeEnv(), algorithm.name);
  const { world, spaces } = practiceOf(algorithm, setting, makeVec);
  const module = algorithm.build(options, spaces);
  const key = Key.seed(seed);
  const progress = from?.progress as Progress | undefined;
  // Only rank 0 is in a checkpoint: where there are or were several, new episodes begin.
  const whole = ranks.size === 1 && (progress?.ranks ?? 1) === 1;
  const rng = fastRandom(whole ? [seed, 1] : [seed, 1, ranks.rank, from?.step ?? 0]);
  if (from) {
    trainable(from);
    requireSpaces(from, spaces);
    module.loadStateDict(from.tensors.weights, { source: `the checkpoint of step ${from.step}` });
  } else module.initialize(key.split("weights"));
  const engine = await setting.engine();

  const parts = new Map<string, Part>();
  const keep = <P extends Part>(name: string, part: P): P => {
    parts.set(name, part);
    if (from && (whole || !OWN.includes(name)))
      part.load(unpack({ plain: progress!.parts[name], tensors: from.tensors[name] ?? {} }));
    return part;
  };
  keep("world", world);
  if (from && !whole && world instanceof World) {
    world.steps = Math.floor(from.step / ranks.size);
    world.clock = from.step;
  }
  keep("random", { save: () => rng.state(), load: (state) => rng.restore(state as never) });

  const programs: Disposable[] = [];
  const use = <D extends Disposable>(program: D): D => {
    programs.push(program);
    return program;
  };
  const says = algorithm.says?.(module, options, spaces);
  const policy = use(new GreedyPolicy(algorithm.greedy(module, options, spaces), spaces, engine, says));
  let { step: done, seconds } = from ?? { step: 0, seconds: 0 };
  let last: Metrics = progress?.last ?? {};
  let best = progress?.best ?? null;
  let savedAt = from ? done : -1;

  async function* save(): AsyncGenerator<TrainEvent> {
    if (!store || savedAt === done) return;
    const tensors: Record<string, StateDict> = {};
    const plains: Record<string, unknown> = {};
    for (const [name, part] of parts) {
      const packed = pack(await part.save());
      plains[name] = packed.plain;
      if (Object.keys(packed.tensors).length > 0) tensors[name] = packed.tensors;
    }
    const together = ranks.size > 1 && { ranks: ranks.size };
    const saved = { spaces: described(spaces), parts: plains, last, best, ...together } satisfies Progress;
    const weights = await module.stateDict();
    const where = await store.save({
      step: done,
      seed,
      seconds,
      tensors: { weights, ...tensors },
      progress: JSON.parse(JSON.stringify(saved)) as typeof saved,
    });
    savedAt = done;
    yield { kind: "checkpoint", step: done, where };
  }

  const episodes = async (): Promise<Examined> => {
    const stage = makeVec(evaluationEpisodes);
    const { returns, lengths } = await evaluate(policy, stage, seed + EVALUATION_SEED);
    stage.close();
    const score = mean(returns);
    return { score, metrics: { "evaluation/return": score, "evaluation/length": mean(lengths) } };
  };
  const examine =
    algorithm.examine?.({
      options,
      module,
      engine,
      use,
      makeEnv: setting.makeEnv,
      episodes: evaluationEpisodes,
      seed: seed + EVALUATION_SEED,
    }) ?? episodes;

  async function* look(): AsyncGenerator<TrainEvent> {
    const { score, metrics } = await examine();
    const better = best === null || score > best;
    if (better) best = score;
    yield { kind: "validation", step: done, metrics, best: better };
    if (!better || !store) return;
    yield* save();
    await store.markBest?.(done, metrics);
  }

  try {
    await setting.watch?.(policy);
    let began = performance.now();
    let breathed = began;
    for await (const metrics of algorithm.learn({
      options,
      module,
      spaces,
      world,
      engine,
      key,
      rng,
      steps: shared(steps, "steps", ranks),
      ranks,
      keep,
      use,
    })) {
      last = { ...last, ...metrics };
      const before = done;
      done = world.steps * ranks.size;
      const over = done >= steps;
      const stopping = await anyOf(ranks, signal?.aborted === true);
      const now = performance.now();
      if (now - breathed > SLICE) {
        await new Promise((later) => setTimeout(later));
        breathed = now;
      }
      const [log, sample, check] = [logEvery, sampleEvery, checkpointEvery].map(
        (every) => over || due(before, done, every) > 0,
      );
      if (log || sample || check) seconds += (now - began) / 1000;
      if (log) yield { kind: "step", step: done, metrics: { ...world.takeEpisodes(), ...last } };
      if (sample && evaluationEpisodes > 0 && !stopping && ranks.rank === 0) yield* look();
      if (check && ranks.size > 1) await requireSame(ranks, done, { weights: await module.stateDict() });
      if (check) yield* save();
      if (log || sample || check) began = performance.now();
      if (over || stopping) break;
    }
    yield* save();
    yield { kind: "done", step: done, finished: done >= steps, seconds };
  } finally {
    for (const program of programs) await program.dispose();
    world.close();
  }
}

/** Environments one by one, where there is no vector of their own. */
export const vectorOf =
  (makeEnv: Setting<unknown>["makeEnv"]) =>
  (n: number): VectorEnvLike =>
    new VectorEnv(makeEnv, n, { autoresetMode: AutoresetMode.DISABLED });
