/** An agent that learns update by update, by the library's own loop, wherever there is an engine. */
import type { Engine } from "galatea/engine/engine.ts";
import { parseOptions } from "galatea/model/opened.ts";
import type { AnyAgent, Policy } from "galatea/rl/agent.ts";
import { make } from "galatea/rl/make.ts";
import { AutoresetMode, makeVec } from "galatea/rl/vector.ts";
import type { TrainEvent } from "galatea/train/checkpoint.ts";
import type { Kinds, Seen, Stepped } from "../experiment/protocol.ts";
import type { Live } from "../experiment/serve.ts";
import { AGENTS, type AgentSetting, optionsOf, STEPS } from "./algorithms.ts";
import { PLACES } from "./envs.ts";
import { type Asked, type Episode, playEpisode, type Said, saidOf } from "./episode.ts";
import { type Map2, mapOf } from "./plane.ts";

export interface AgentLook extends Seen {
  readonly map: Map2;
}

export interface AgentKinds extends Kinds {
  readonly setting: AgentSetting;
  readonly opened: { readonly steps: number };
  readonly how: undefined;
  readonly look: AgentLook;
  readonly ask: { readonly episode: Asked } | { readonly of: Float64Array };
  readonly answer: { readonly episode: Episode } | { readonly said: Said };
}

/** Each with its networks and nothing else. */
const LOADERS: Readonly<Record<string, () => Promise<AnyAgent>>> = {
  reinforce: async () => (await import("galatea/rl/deep/reinforce.ts")).reinforce,
  "actor-critic": async () => (await import("galatea/rl/deep/actor-critic.ts")).actorCritic,
  a2c: async () => (await import("galatea/rl/deep/a2c.ts")).a2c,
  ppo: async () => (await import("galatea/rl/deep/ppo.ts")).ppo,
  dqn: async () => (await import("galatea/rl/deep/dqn.ts")).dqn,
  pqn: async () => (await import("galatea/rl/deep/pqn.ts")).pqn,
  ddpg: async () => (await import("galatea/rl/deep/ddpg.ts")).ddpg,
  td3: async () => (await import("galatea/rl/deep/td3.ts")).td3,
  sac: async () => (await import("galatea/rl/deep/sac.ts")).sac,
};

const NEVER = Number.MAX_SAFE_INTEGER;
/** The learning was ended before its first step. */
const ENDED = Symbol("ended");

export class Learning implements Live<AgentKinds> {
  readonly #agent: AnyAgent;
  readonly #setting: AgentSetting;
  readonly #engine: Engine;
  readonly #options: Readonly<Record<string, unknown>>;
  #events!: AsyncGenerator<TrainEvent>;
  #policy: Policy | undefined;
  /** The learning that waits at its beginning: to begin it, to end it, and its first event. */
  #waiting: { readonly go: () => void; readonly end: () => void; readonly first: Promise<IteratorResult<TrainEvent>> } | undefined; // biome-ignore format: one line
  #now: Stepped = { step: 0, player: undefined, metrics: {} };

  static async open(setting: AgentSetting, engine: Engine): Promise<Learning> {
    const agent = await LOADERS[AGENTS[setting.name].agent]!();
    const learning = new Learning(agent, setting, engine);
    await learning.#begin();
    return learning;
  }

  private constructor(agent: AnyAgent, setting: AgentSetting, engine: Engine) {
    this.#agent = agent;
    this.#setting = setting;
    this.#engine = engine;
    const { name, env } = setting;
    const given = { ...optionsOf(name, env), ...setting.options };
    this.#options = parseOptions(agent.options, given) as Readonly<Record<string, unknown>>;
  }

  get steps(): number {
    return STEPS[this.#setting.env];
  }

  #learn(watch: (policy: Policy) => Promise<void>): AsyncGenerator<TrainEvent> {
    const { env, seed } = this.#setting;
    return this.#agent.learn({
      options: this.#options,
      makeEnv: () => make(env),
      makeVec: (n) => makeVec(env, n, { autoresetMode: AutoresetMode.DISABLED }),
      learnsFrom: "environment",
      maxSteps: PLACES[env].limit,
      steps: this.steps,
      seed,
      engine: async () => this.#engine,
      // Those who learn from a replay do so every few steps; the others say something with every update.
      logEvery: (this.#options.trainEvery as number | undefined) ?? 1,
      sampleEvery: NEVER,
      checkpointEvery: NEVER,
      watch,
    });
  }

  /** As far as the policy's first weights; the first step is waited for. */
  async #begin(): Promise<void> {
    await new Promise<void>((ready, failed) => {
      let [go, end] = [(): void => undefined, (): void => undefined];
      this.#events = this.#learn((policy) => {
        this.#policy = policy;
        ready();
        return new Promise<void>((pass, stop) => {
          go = pass;
          end = () => stop(ENDED);
        });
      });
      const first = this.#events.next();
      first.catch(failed);
      this.#waiting = { go: () => go(), end: () => end(), first };
    });
    this.#now = { step: 0, player: undefined, metrics: {} };
  }

  async #end(): Promise<void> {
    if (!this.#waiting) return void (await this.#events.return(undefined));
    this.#waiting.end();
    await this.#waiting.first.catch((reason: unknown) => {
      if (reason !== ENDED) throw reason;
    });
  }

  async next(): Promise<Stepped> {
    if (this.#now.last) return this.#now;
    const first = this.#waiting?.first;
    this.#waiting?.go();
    this.#waiting = undefined;
    for (let event = await (first ?? this.#events.next()); !event.done; event = await this.#events.next()) {
      if (event.value.kind !== "step") continue;
      const { step, metrics } = event.value;
      this.#now = { step, player: undefined, metrics, last: step >= this.steps };
      break;
    }
    return this.#now;
  }

  async rewind(): Promise<void> {
    await this.#end();
    await this.#begin();
  }

  async look(): Promise<AgentLook> {
    return { step: this.#now.step, numbers: {}, map: await mapOf(this.#policy!, PLACES[this.#setting.env]) };
  }

  async ask(ask: AgentKinds["ask"], answer: (part: AgentKinds["answer"]) => void): Promise<void> {
    const place = PLACES[this.#setting.env];
    const policy = this.#policy!;
    if ("of" in ask) return answer({ said: (await saidOf(policy, place, [ask.of]))[0]! });
    const { step, metrics } = this.#now;
    answer({
      episode: await playEpisode(policy, place, ask.episode, {
        learned: step,
        epsilon: metrics.epsilon ?? 0,
      }),
    });
  }

  dispose(): Promise<void> {
    return this.#end();
  }
}
