import { asEnv, type EnvSource } from "../adopt.ts";
import type { Env, EnvSnapshot, ResetArguments, ResetResult, StepResult } from "../env.ts";
import type { Space } from "../spaces.ts";

/** Base of wrappers: passes everything on; a subclass overrides what it changes. */
export abstract class Wrapper<O, A, InnerO = O, InnerA = A> implements Env<O, A> {
  readonly env: Env<InnerO, InnerA>;
  /** The printed name; a class name does not survive a minifier. */
  abstract readonly name: string;

  /** @param env an environment, or a user's own object with reset(), step() and two spaces */
  constructor(env: EnvSource<InnerO, InnerA>) {
    this.env = asEnv(env);
  }

  get id(): string {
    return this.env.id;
  }

  get observationSpace(): Space<O> {
    return this.env.observationSpace as unknown as Space<O>;
  }

  get actionSpace(): Space<A> {
    return this.env.actionSpace as unknown as Space<A>;
  }

  get unwrapped(): Env["unwrapped"] {
    return this.env.unwrapped;
  }

  abstract reset(how?: ResetArguments): ResetResult<O>;
  abstract step(action: A): StepResult<O>;

  render(): string {
    return this.env.render();
  }

  renderSvg(): string {
    return this.env.renderSvg();
  }

  close(): void {
    this.env.close();
  }

  /** A wrapper with state adds it here and takes it back in restore. */
  snapshot(): EnvSnapshot {
    return { env: this.env.snapshot() };
  }

  restore(snapshot: EnvSnapshot): void {
    this.env.restore(snapshot.env as EnvSnapshot);
  }

  toString(): string {
    return `<${this.name}${String(this.env)}>`;
  }
}

/** Base of wrappers that change only observations. */
export abstract class ObservationWrapper<O, A, InnerO = O> extends Wrapper<O, A, InnerO> {
  /** The observation after the change. */
  abstract observation(observation: InnerO): O;

  reset(how?: ResetArguments): ResetResult<O> {
    const result = this.env.reset(how);
    return { ...result, observation: this.observation(result.observation) };
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    return { ...result, observation: this.observation(result.observation) };
  }
}

/** Base of wrappers that change only the incoming actions. */
export abstract class ActionWrapper<O, A, InnerA = A> extends Wrapper<O, A, O, InnerA> {
  /** The action for the inner environment. */
  abstract action(action: A): InnerA;

  reset(how?: ResetArguments): ResetResult<O> {
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    return this.env.step(this.action(action));
  }
}

/** Base of wrappers that change only rewards. */
export abstract class RewardWrapper<O, A> extends Wrapper<O, A> {
  /** The reward after the change. */
  abstract reward(reward: number): number;

  reset(how?: ResetArguments): ResetResult<O> {
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const result = this.env.step(action);
    return { ...result, reward: this.reward(result.reward) };
  }
}
