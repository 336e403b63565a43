import {
  type Env,
  type EnvLike,
  type FunctionalEnv,
  type Info,
  type Outcome,
  type ResetArguments,
  type ResetResult,
  StatefulEnv,
  type StepResult,
  type TransitionTable,
} from "../../src/rl/env.ts";
import { cartPole } from "../../src/rl/envs/cart-pole.ts";
import { frozenLake } from "../../src/rl/envs/frozen-lake.ts";
import { gambler } from "../../src/rl/envs/gambler.ts";
import { make } from "../../src/rl/make.ts";
import { npRandom } from "../../src/rl/random.ts";
import { Box, Dict, Discrete, type Space, Tuple } from "../../src/rl/spaces.ts";
import { Wrapper } from "../../src/rl/wrappers/wrapper.ts";

type Make = () => EnvLike<never, never>;
export type Broken = readonly [what: string, make: Make, sentence: string];

type Lake = FunctionalEnv<Outcome, number, number>;

/** A lake with one function replaced; the kernel, which would not know, is left out. */
function lake(change: Partial<Lake>): Make {
  return () => {
    const { kernel: _, ...rest } = frozenLake();
    return new StatefulEnv({ ...rest, ...change } as Lake) as unknown as EnvLike<never, never>;
  };
}

/** CartPole behind a wrapper that spoils something. */
interface Spoil {
  reset?: (env: Env<Float32Array, number>, how?: ResetArguments) => unknown;
  step?: (env: Env<Float32Array, number>, action: number) => unknown;
  render?: () => unknown;
  renderSvg?: () => unknown;
  close?: (env: Env<Float32Array, number>) => void;
}

class Spoiled extends Wrapper<Float32Array, number> {
  readonly name = "Spoiled";
  readonly #spoil: Spoil;

  constructor(spoil: Spoil) {
    super(new StatefulEnv(cartPole()));
    this.#spoil = spoil;
  }

  reset(how?: ResetArguments): ResetResult<Float32Array> {
    const { reset } = this.#spoil;
    return (reset === undefined ? this.env.reset(how) : reset(this.env, how)) as ResetResult<Float32Array>;
  }

  step(action: number): StepResult<Float32Array> {
    const { step } = this.#spoil;
    return (step === undefined ? this.env.step(action) : step(this.env, action)) as StepResult<Float32Array>;
  }

  override render(): string {
    return this.#spoil.render === undefined ? super.render() : (this.#spoil.render() as string);
  }

  override renderSvg(): string {
    return this.#spoil.renderSvg === undefined ? super.renderSvg() : (this.#spoil.renderSvg() as string);
  }

  override close(): void {
    if (this.#spoil.close === undefined) super.close();
    else this.#spoil.close(this.env);
  }
}

const spoiled =
  (spoil: () => Spoil): Make =>
  () =>
    new Spoiled(spoil()) as unknown as EnvLike<never, never>;
const stepped = (change: (result: StepResult<Float32Array>) => unknown): Make =>
  spoiled(() => ({ step: (env, a) => change(env.step(a)) }));
const begun = (change: (result: ResetResult<Float32Array>) => unknown): Make =>
  spoiled(() => ({ reset: (env, how) => change(env.reset(how)) }));

/** A user's own object, whole but for what is replaced: three coins, heads pays 1. */
function coins(change: Partial<EnvLike<number, number>>): Make {
  return () => {
    let rng = npRandom();
    let left = 0;
    const env = {
      id: "Coins-v0",
      observationSpace: new Discrete(4),
      actionSpace: new Discrete(2),
      reset: ({ seed }: ResetArguments = {}) => {
        if (seed !== undefined) rng = npRandom(seed);
        left = 3;
        return { observation: left, info: {} };
      },
      step: (_action: number) => {
        left--;
        return {
          observation: left,
          reward: rng.integers(2),
          terminated: left === 0,
          truncated: false,
          info: {},
        };
      },
      render: () => `${left} coins left\n`,
      ...change,
    };
    return env as unknown as EnvLike<never, never>;
  };
}

const base = frozenLake().table;
const model = (change: Partial<TransitionTable>): Make => lake({ model: () => ({ ...base, ...change }) });
const outcomes = (change: (list: readonly Outcome[], s: number, a: number) => readonly Outcome[]): Make =>
  model({ transitions: (s, a) => change(base.transitions(s, a), s, a) });

class Leaky extends Discrete {
  override contains(x: unknown): x is number {
    return super.contains(x) && x !== 2;
  }
}
class Seedless extends Discrete {
  override seed(): void {}
}

const shared = new Float32Array(4);
let calls = 0;
const single = new StatefulEnv(frozenLake());

const spaces: readonly Broken[] = [
  ["a space without sample()", lake({ actionSpace: {} as Discrete }), "The action space is not a space"],
  [
    "no observation space",
    lake({ observationSpace: null as unknown as Discrete }),
    "The observation space is not a space",
  ],
  [
    "a space that refuses its samples",
    lake({ actionSpace: new Leaky(4) }),
    "The action space Discrete(4) does not contain its own sample 2.",
  ],
  [
    "a space that ignores seeds",
    lake({ actionSpace: new Seedless(4) }),
    "gives different samples for the same seed",
  ],
  [
    "an empty Dict",
    lake({ observationSpace: new Dict({}) as unknown as Discrete }),
    "The observation space Dict() is empty: there is no space in the Dict.",
  ],
  [
    "an empty Tuple",
    lake({ observationSpace: new Tuple([]) as unknown as Discrete }),
    "The observation space Tuple() is empty: there is no space in the Tuple.",
  ],
  [
    "an empty Tuple within a Dict",
    lake({
      observationSpace: new Dict({ a: new Discrete(2), b: new Tuple([]) }) as unknown as Space<number>,
    }),
    "The observation space Tuple() is empty: there is no",
  ],
  [
    "a Box without elements",
    lake({ observationSpace: new Box(0, 1, [0]) as unknown as Discrete }),
    "is empty: its shape has no elements",
  ],
  [
    "a Box with low = high",
    lake({ actionSpace: new Box([0, 1], [1, 1]) as unknown as Discrete }),
    "leaves element 1 only one value: low = high = 1.",
  ],
  [
    "a new action space at each look",
    () =>
      Object.defineProperty(coins({})(), "actionSpace", {
        get: () => new Discrete(2),
      }),
    "actionSpace is a new object at each access",
  ],
];

const results: readonly Broken[] = [
  [
    "an observation outside the space",
    lake({ observationSpace: new Discrete(3) }),
    "is not in the observation space Discrete(3)",
  ],
  [
    "a reset that returns only the observation",
    begun((r) => r.observation),
    "reset() must return { observation, info }",
  ],
  [
    "a reset that returns nothing",
    begun(() => undefined),
    "reset() must return { observation, info }, not undefined",
  ],
  [
    "a reset without info",
    begun(({ observation }) => ({ observation })),
    "reset() must return an info object, not undefined",
  ],
  [
    "an info of reset that is an array",
    begun((r) => ({ ...r, info: [] })),
    "reset() must return an info object, not []",
  ],
  [
    "an info of step that is an array",
    stepped((r) => ({ ...r, info: [1] })),
    "step() must return an info object, not [1]",
  ],
  [
    "an info of step that is a Map",
    stepped((r) => ({ ...r, info: new Map([["a", 1]]) })),
    "step() must return an info object, not Map{a: 1}",
  ],
  [
    "an info of step that is null",
    stepped((r) => ({ ...r, info: null })),
    "step() must return an info object, not null",
  ],
  ["a step that returns nothing", stepped(() => undefined), "step() must return an object, not undefined"],
  [
    "a reward that is not finite",
    stepped((r) => ({ ...r, reward: Number.NaN })),
    "The reward must be a finite number, not NaN",
  ],
  [
    "a reward that is text",
    stepped((r) => ({ ...r, reward: "1" })),
    'The reward must be a finite number, not "1"',
  ],
  [
    "a reward in an array",
    stepped((r) => ({ ...r, reward: [1] })),
    "The reward must be a finite number, not [1]",
  ],
  [
    "terminated as a number",
    stepped((r) => ({ ...r, terminated: 0 })),
    "terminated must be true or false, not 0",
  ],
  [
    "a forgotten truncated",
    stepped((r) => ({ ...r, truncated: undefined })),
    "truncated must be true or false, not undefined",
  ],
  [
    "a float64 observation",
    stepped((r) => ({ ...r, observation: new Float64Array(r.observation) })),
    "The observation of step(), Float64Array(",
  ],
  [
    "an observation with NaN",
    stepped((r) => ({ ...r, observation: r.observation.map(() => Number.NaN) })),
    "The observation of step(), Float32Array(NaN, NaN, NaN, NaN)",
  ],
  [
    "an observation of another length",
    begun((r) => ({ ...r, observation: r.observation.slice(1) })),
    "The observation of reset(), Float32Array(",
  ],
  [
    "one array for all observations",
    spoiled(() => {
      const share = <R extends { observation: Float32Array }>(result: R): R => {
        shared.set(result.observation);
        return { ...result, observation: shared };
      };
      return { reset: (env, how) => share(env.reset(how)), step: (env, a) => share(env.step(a)) };
    }),
    "step() changes an observation that it returned before",
  ],
  [
    "an action that is changed",
    () => {
      const arena: FunctionalEnv<number, Float32Array, Float32Array> = {
        id: "Arena-v0",
        observationSpace: new Box(-1, 1),
        actionSpace: new Box(-1, 1),
        initial: () => 0,
        transition: (state, action) => {
          action[0] = 0.25;
          return state;
        },
        observation: () => new Float32Array(1),
        reward: () => 0,
        terminal: () => false,
        render: () => "arena",
      };
      return new StatefulEnv(arena) as unknown as EnvLike<never, never>;
    },
    "step() changes the action that was given to it",
  ],
];

const calling: readonly Broken[] = [
  [
    "a step before reset that works",
    () => {
      const env = make("FrozenLake-v1");
      env.reset();
      return env as unknown as EnvLike<never, never>;
    },
    "step() before reset() must throw an error",
  ],
  [
    "an action space wider than the actions that are refused",
    spoiled(() => ({ step: (env, a) => env.step(a === 0 || a === 1 ? a : 0) })),
    "step(-1000000000) must throw an error",
  ],
  [
    "a step after the end that works",
    spoiled(() => {
      let over = false;
      return {
        reset: (env, how) => {
          over = false;
          return env.reset(how);
        },
        step: (env, a) => {
          if (over) env.reset();
          const result = env.step(a);
          over = result.terminated;
          return result;
        },
      };
    }),
    "step() after the end of an episode must throw an error",
  ],
  [
    "a reset that needs arguments",
    coins({
      reset: (how) => {
        if (how?.seed === undefined) throw new Error("a seed, please");
        return { observation: 3, info: {} };
      },
    }),
    "reset() must begin an episode, but throws: a seed, please",
  ],
  [
    "reset({ options: {} }) that throws",
    spoiled(() => ({
      reset: (env, how) => {
        if (how?.options !== undefined) throw new TypeError("options.low of undefined");
        return env.reset(how);
      },
    })),
    "reset({ options: {} }) must begin an episode, but throws: options.low of undefined",
  ],
  [
    "a close() that throws",
    spoiled(() => ({
      close: () => {
        throw new Error("no window");
      },
    })),
    "close() must not throw, but throws: no window",
  ],
  [
    "a close() that throws the second time",
    spoiled(() => {
      let closed = false;
      return {
        close: () => {
          if (closed) throw new Error("closed already");
          closed = true;
        },
      };
    }),
    "close() must not throw, but throws the second time: closed already",
  ],
  [
    "make that returns one instance",
    () => single as unknown as EnvLike<never, never>,
    "make returns the same environment each time",
  ],
  ["a picture that is empty", spoiled(() => ({ render: () => "" })), 'render() must return a string, not ""'],
  [
    "a picture that is missing",
    spoiled(() => ({ render: () => undefined })),
    "render() must return a string, not undefined",
  ],
  [
    "a picture that is no SVG",
    spoiled(() => ({ renderSvg: () => "picture" })),
    'renderSvg() must return SVG text, not "picture"',
  ],
];

const chance: readonly Broken[] = [
  [
    "chance that no seed controls",
    lake({
      transition: (state, a) => base.transitions(state.next, a)[Math.floor(Math.random() * 3)] ?? state,
    }),
    "The same seed and the same actions give a different trajectory",
  ],
  [
    "a reset that always starts from the same seed",
    spoiled(() => ({ reset: (env, how) => env.reset({ seed: 7, ...how }) })),
    "repeats the last seed's random numbers",
  ],
  [
    "any seed treated as 42",
    spoiled(() => ({
      reset: (env, how) => env.reset(how?.seed === undefined ? how : { ...how, seed: 42 }),
    })),
    "Every seed gives the same episode, though there is chance",
  ],
  [
    "any seed treated as 42, in an object of one's own",
    coins({ ...seededAs42() }),
    "Every seed gives the same episode, though there is chance: reset({ seed }) must use",
  ],
  [
    "an info of reset that is not deterministic",
    begun((r) => ({ ...r, info: { time: calls++ } })),
    "give a different info in reset()",
  ],
  [
    "an info of step that is not deterministic",
    stepped((r) => ({ ...r, info: { time: calls++ } })),
    "give a different info in step()",
  ],
  [
    "two instances that share something",
    (() => {
      let made = 0;
      return () => {
        const mine = made++;
        return new Spoiled({
          step: (env, a) => {
            const result = env.step(a);
            return { ...result, reward: result.reward + mine };
          },
        }) as unknown as EnvLike<never, never>;
      };
    })(),
    "Two environments from the same make give different trajectories for the same seed",
  ],
  ["render that changes state", renderThatSteps("render"), "render() changes what happens next"],
  ["renderSvg that changes state", renderThatSteps("renderSvg"), "renderSvg() changes what happens next"],
];

function seededAs42(): Partial<EnvLike<number, number>> {
  let rng = npRandom();
  let left = 0;
  return {
    reset: ({ seed }: ResetArguments = {}) => {
      if (seed !== undefined) rng = npRandom(42);
      left = 3;
      return { observation: left, info: {} };
    },
    step: () => {
      left--;
      return { observation: left, reward: rng.random(), terminated: left === 0, truncated: false, info: {} };
    },
  };
}

function renderThatSteps(which: "render" | "renderSvg"): Make {
  return spoiled(() => {
    let shift = 0;
    return {
      reset: (env, how) => {
        shift = 0;
        return env.reset(how);
      },
      step: (env, a) => {
        const result = env.step(a);
        return { ...result, reward: result.reward + shift };
      },
      [which]: () => {
        shift = 1;
        return "<svg></svg>";
      },
    };
  });
}

const masks: readonly Broken[] = [
  [
    "a mask of the wrong length",
    lake({ info: () => ({ action_mask: [1, 1] }) }),
    "info.action_mask has 2 entries for 4 actions",
  ],
  [
    "a mask that is no list",
    lake({ info: () => ({ action_mask: 1 }) }),
    "info.action_mask must be a list of 0 and 1, not 1",
  ],
  [
    "a mask with other numbers than 0 and 1",
    lake({ info: () => ({ action_mask: [1, 1, 2, 0] }) }),
    "info.action_mask holds 0 and 1, not [1, 1, 2, 0]",
  ],
  [
    "a mask that is all zero",
    lake({ info: () => ({ action_mask: [0, 0, 0, 0] }) }),
    "info.action_mask allows no action, but the episode goes on",
  ],
  [
    "a mask that allows what is refused",
    coins({
      reset: () => ({ observation: 3, info: { action_mask: [1, 1] } }),
      step: (action) => {
        if (action === 1) throw new Error("tails is not allowed");
        return { observation: 2, reward: 0, terminated: true, truncated: false, info: {} };
      },
    }),
    "info.action_mask is wrong: it allows 1, but step(1) throws: tails is not allowed",
  ],
  [
    "a mask that forbids what is available",
    gamble((mask) => mask.map((m, i) => (i === 2 ? 0 : m))),
    "info.action_mask is wrong: it forbids stake 2, which unavailable() does not object to",
  ],
  [
    "a mask that allows, by the functions, what they refuse",
    gamble((mask, s) => (s > 90 ? mask.map(() => 1) : mask)),
    "info.action_mask is wrong: it allows",
  ],
  [
    "actions that are refused without a mask",
    (() => {
      const { kernel: _, ...rest } = gambler();
      return () => new StatefulEnv({ ...rest, info: () => ({}) }) as unknown as EnvLike<never, never>;
    })(),
    "refuses an action of the action space, and info.action_mask does not say so",
  ],
];

function gamble(change: (mask: number[], state: number) => number[]): Make {
  return () => {
    const { kernel: _, ...env } = gambler({ goal: 100 });
    const info = (state: Outcome): Info => {
      const mask = [...(env.info!(state).action_mask as Int8Array)];
      return { action_mask: state.next % 100 === 0 ? mask : change(mask, state.next) };
    };
    return new StatefulEnv({ ...env, info }) as unknown as EnvLike<never, never>;
  };
}

const models: readonly Broken[] = [
  [
    "a model whose probabilities do not sum to 1",
    outcomes((list) => list.slice(0, 1)),
    "The model's probabilities in state 0 (row 0, column 0) under left sum to 0.333",
  ],
  [
    "a model with other rewards than the steps",
    outcomes((list) => list.map((o) => ({ ...o, reward: 5 }))),
    "which the model does not have",
  ],
  [
    "a model whose episodes end elsewhere",
    outcomes((list) => list.map((o) => ({ ...o, terminated: false }))),
    "and ended, which the model does not have",
  ],
  [
    "a model with a negative probability",
    outcomes((list) => list.map((o, i) => (list.length > 1 ? { ...o, probability: [1.5, -1, 0.5][i]! } : o))),
    "The model has an impossible outcome in state 0 (row 0, column 0) under left: probability -1",
  ],
  [
    "a model that leads out of its states",
    outcomes((list) => list.map((o) => ({ ...o, next: 16 }))),
    "next 16, reward 0.",
  ],
  [
    "a model that pays NaN",
    outcomes((list) => list.map((o) => ({ ...o, reward: Number.NaN }))),
    "reward NaN",
  ],
  ["a model without actions", outcomes(() => []), "The model has no action in state 0"],
  [
    "a model with wrong probabilities",
    outcomes((list) =>
      list.map((o, i) => (list.length === 3 ? { ...o, probability: [0.4, 0.4, 0.2][i]! } : o)),
    ),
    "The model's probabilities are wrong: from state",
  ],
  [
    "a model with slightly wrong probabilities",
    outcomes((list) =>
      list.map((o, i) => (list.length === 3 ? { ...o, probability: [0.37, 0.33, 0.3][i]! } : o)),
    ),
    "has 0.3700 in the model, but happened",
  ],
  [
    "a model with an outcome that never happens",
    lake({
      model: () => ({
        ...base,
        transitions: (s, a) => {
          const list = base.transitions(s, a);
          // One in five comes to nothing, says the model.
          return list.length === 1
            ? list
            : [
                ...list.map((o) => ({ ...o, probability: 0.8 / 3 })),
                { ...list[0]!, probability: 0.2, reward: 7 },
              ];
        },
      }),
    }),
    "with reward 7 has 0.2000 in the model, but never happened in",
  ],
  [
    "a model whose initial distribution does not sum to 1",
    model({ initial: base.initial.map((p) => p / 2) }),
    "sums to 0.5",
  ],
  [
    "a model that begins elsewhere",
    model({ initial: base.initial.map((_, s) => (s === 1 ? 1 : 0)) }),
    "Episodes begin in state 0 (row 0, column 0), where the model's initial distribution is 0",
  ],
  [
    "a model with a wrong initial distribution",
    model({ initial: base.initial.map((_, s) => (s === 0 ? 0.9 : s === 1 ? 0.1 : 0)) }),
    "The model's initial distribution is wrong: episodes begin in state",
  ],
  [
    "an indexOf beyond the model",
    lake({ indexOf: (state) => state.next + 100 }),
    "indexOf() gives 100, and the model has the states 0 … 15",
  ],
];

const functions: readonly Broken[] = [
  [
    "a transition that changes its state",
    walker({
      transition: (state, action) => {
        state.t += 1;
        return { t: state.t, x: state.x + action };
      },
    }),
    "transition() is not pure: it changes its argument state",
  ],
  [
    "a transition with a memory of its own",
    walker({ transition: (state) => ({ t: state.t + 1, x: calls++ % 7 }) }),
    "transition() is not pure: for the same state, action it gives",
  ],
  [
    "an observation that changes the state",
    walker({
      observation: (state) => {
        state.x = (state.x + 1) % 20;
        return state.x;
      },
    }),
    "observation() is not pure: it changes its argument state",
  ],
  [
    "an observation that is never the same",
    walker({ observation: () => calls++ % 20 }),
    "observation() is not pure: for the same state it gives",
  ],
  [
    "a reward with a memory",
    walker({ reward: () => calls++ }),
    "reward() is not pure: for the same state, action, next",
  ],
  [
    "an end by the clock on the wall",
    walker({ terminal: () => calls++ % 2 === 1 }),
    "terminal() is not pure: for the same state it gives",
  ],
  [
    "an initial state with a memory",
    walker({ initial: () => ({ t: 0, x: calls++ % 5 }) }),
    "initial() is not pure",
  ],
  [
    "an info that changes the state",
    walker({
      info: (state) => {
        state.t += 1;
        return {};
      },
    }),
    "info() is not pure: it changes its argument state",
  ],
  [
    "a render that changes the state",
    walker({
      render: (state) => {
        state.t = 5;
        return "walker";
      },
    }),
    "render() changes what happens next: a picture must",
  ],
  [
    "a kernel that pays something else",
    lakeKernel((kernel) => ({
      ...kernel,
      step: (i, a, rng, rewards) => {
        kernel.step(i, a, rng, rewards);
        rewards[i] = rewards[i]! + 1;
      },
    })),
    "The kernel's reward is 1 where the functions give 0",
  ],
  [
    "a kernel that observes something else",
    lakeKernel((kernel) => ({ ...kernel, observe: (i, out) => out.fill(3, i, i + 1) })),
    "The kernel's observation is Int32Array(3) where the functions give",
  ],
  [
    "a kernel that never ends",
    lakeKernel((kernel) => ({ ...kernel, terminal: () => false })),
    "The kernel's end of the episode is false where the functions give true",
  ],
];

interface Walk {
  t: number;
  x: number;
}

/** A walk of ten steps, with one function replaced. */
function walker(change: Partial<FunctionalEnv<Walk, number, number>>): Make {
  return () =>
    new StatefulEnv<Walk, number, number>({
      id: "Walker-v0",
      observationSpace: new Discrete(20),
      actionSpace: new Discrete(2),
      initial: (rng) => ({ t: 0, x: rng.integers(5) }),
      transition: ({ t, x }, action) => ({ t: t + 1, x: (x + action) % 20 }),
      observation: ({ x }) => x,
      reward: () => 0,
      terminal: ({ t }) => t >= 10,
      render: ({ x }) => `at ${x}`,
      ...change,
    }) as unknown as EnvLike<never, never>;
}

function lakeKernel(
  change: (kernel: ReturnType<NonNullable<Lake["kernel"]>>) => ReturnType<NonNullable<Lake["kernel"]>>,
): Make {
  const env = frozenLake();
  return () =>
    new StatefulEnv({ ...env, kernel: (n: number) => change(env.kernel!(n)) }) as unknown as EnvLike<
      never,
      never
    >;
}

/** Environments with one thing wrong each, and what the checker must say of it. */
export const broken: readonly Broken[] = [
  ...spaces,
  ...results,
  ...calling,
  ...chance,
  ...masks,
  ...models,
  ...functions,
];
