import { UserError, unknownName } from "../errors.ts";
import { asEnv, type EnvSource } from "./adopt.ts";
import type { Env, FunctionalEnv, StatefulEnv } from "./env.ts";
import { type EnvId, type EnvSpec, environments, physicsEnvironments } from "./environments.ts";
import { TimeLimit } from "./wrappers/time-limit.ts";

export { type EnvId, type EnvSpec, environments } from "./environments.ts";

const registry = new Map<string, EnvSpec>(
  Object.entries({ ...environments, ...physicsEnvironments }).map(([id, e]) => [id, { id, ...e }]),
);

/**
 * Registers your own environment under a name for `make`, `makeVec` and the command line:
 * `register({ id: "MyMaze-v0", make: (options) => new MyMaze(options), maxEpisodeSteps: 200 })`.
 *
 * @throws UserError if the name is taken or the spec is invalid
 */
export function register(spec: EnvSpec): void {
  const { id, make: create, maxEpisodeSteps = 0 } = spec;
  if (typeof id !== "string" || id === "" || typeof create !== "function") {
    throw new UserError(
      `register: expected { id: "Name-v0", make: (options) => … }, optionally with about and maxEpisodeSteps`,
    );
  }
  checkLimit(id, maxEpisodeSteps);
  // A module may be loaded twice and register the same again.
  if (registry.has(id) && registry.get(id)!.make !== create) {
    throw new UserError(
      `register: the environment "${id}" already exists. Choose another id, such as "${next(id)}".`,
    );
  }
  registry.set(id, spec);
}

/** "Maze-v0" → "Maze-v1" */
function next(id: string): string {
  const [, name, version] = /^(.*)-v(\d+)$/.exec(id) ?? [];
  return name === undefined ? `${id}-v1` : `${name}-v${Number(version) + 1}`;
}

/** All environments known to `make`: this library's and the registered ones. */
export function registeredEnvs(): readonly EnvSpec[] {
  return [...registry.values()];
}

function specOf(of: string | EnvSpec): EnvSpec {
  if (typeof of !== "string") return of;
  const spec = registry.get(of);
  if (spec === undefined) throw unknownName("environment", of, [...registry.keys()]);
  return spec;
}

type SourceOf<K extends EnvId> = ReturnType<(typeof environments)[K]["make"]>;
type ObservationOf<K extends EnvId> = ReturnType<SourceOf<K>["observation"]>;
type ActionOf<K extends EnvId> = Parameters<SourceOf<K>["transition"]>[1];
type StateOf<K extends EnvId> = ReturnType<SourceOf<K>["transition"]>;
type OptionsOf<K extends EnvId> = NonNullable<Parameters<(typeof environments)[K]["make"]>[0]>;

export interface MakeOptions {
  /** Another time limit; 0 for none. */
  readonly maxEpisodeSteps?: number;
  /** Gymnasium's name for it. */
  readonly max_episode_steps?: number;
}

/** What `make` returns for an environment of this library, with the type of the environment under the wrappers. */
export interface KnownEnv<K extends EnvId> extends Env<ObservationOf<K>, ActionOf<K>> {
  readonly unwrapped: StatefulEnv<StateOf<K>, ObservationOf<K>, ActionOf<K>>;
}

/** Makes the registered environment, without a time limit. */
export function makeSource(of: string | EnvSpec, options: object = {}): EnvSource<unknown, unknown> {
  const { id, make: create } = specOf(of);
  return create(options, id);
}

/** The pure functions of an environment, without a time limit. @throws UserError if it is not made of pure functions */
export function makeFunctional<K extends EnvId>(id: K, options?: OptionsOf<K>): SourceOf<K>;
// biome-ignore lint/suspicious/noExplicitAny: an id known only at run time says nothing of its types
export function makeFunctional(id: string | EnvSpec, options?: object): FunctionalEnv<any, any, any>;
export function makeFunctional(of: string | EnvSpec, options?: object): unknown {
  const source = makeSource(of, options);
  const functional = "transition" in source ? source : asEnv(source).unwrapped.functional;
  if (functional !== undefined) return functional;
  throw new UserError(`${specOf(of).id} is not made of pure functions: use make().`);
}

function checkLimit(id: string, limit: number): number {
  if (!Number.isInteger(limit) || limit < 0) {
    throw new UserError(`${id}: maxEpisodeSteps must be a whole number ≥ 0 (0: no limit), not ${limit}`);
  }
  return limit;
}

/** The time limit of an environment: as registered, or as asked for. */
export function timeLimitOf(of: string | EnvSpec, options: MakeOptions = {}): number {
  const { id, maxEpisodeSteps = 0 } = specOf(of);
  return checkLimit(id, options.maxEpisodeSteps ?? options.max_episode_steps ?? maxEpisodeSteps);
}

/**
 * Makes an environment by its id, like Gymnasium's `make`: `make("FrozenLake-v1", { is_slippery: false })`; or
 * from a spec as `register` takes it.
 *
 * @throws UserError for an unknown id (with the nearest one) or an unknown option.
 */
export function make<K extends EnvId>(id: K, options?: OptionsOf<K> & MakeOptions): KnownEnv<K>;
export function make(
  id: string | EnvSpec,
  options?: object | (MakeOptions & Readonly<Record<string, unknown>>),
  // biome-ignore lint/suspicious/noExplicitAny: an id known only at run time says nothing of its types
): Env<any, any>;
export function make(of: string | EnvSpec, options: MakeOptions = {}): Env {
  const { maxEpisodeSteps: _1, max_episode_steps: _2, ...own } = options;
  const limit = timeLimitOf(of, options);
  const env = asEnv(makeSource(of, own), specOf(of).id);
  return limit === 0 ? env : new TimeLimit(env, limit);
}
