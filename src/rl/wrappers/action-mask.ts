import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import type { EnvSnapshot, Info, ResetArguments, ResetResult, StepResult } from "../env.ts";
import { Discrete, type Mask } from "../spaces.ts";
import { Wrapper } from "./wrapper.ts";

/** A Discrete whose samples obey the current mask. */
class MaskedDiscrete extends Discrete {
  readonly #now: () => Mask | undefined;

  constructor(n: number, start: number, current: () => Mask | undefined) {
    super(n, start);
    this.#now = current;
  }

  override sample(mask?: Mask): number {
    return super.sample(mask ?? this.#now());
  }
}

/**
 * Enforces `info.action_mask`: `actionSpace.sample()` draws only allowed actions, `mask` is the current mask, and a
 * masked action throws a UserError. A different mask can be given as a function of observation and info.
 */
export class ActionMask<O> extends Wrapper<O, number> {
  readonly name = "ActionMask";
  readonly #space: MaskedDiscrete;
  readonly #maskOf: (observation: O, info: Info) => Mask;
  #current: Mask | undefined;

  constructor(env: EnvSource<O, number>, maskOf?: (observation: O, info: Info) => Mask) {
    super(env);
    const space = env.actionSpace as unknown;
    if (!(space instanceof Discrete)) {
      throw new UserError(`ActionMask needs Discrete actions; ${this.id} has ${String(space)}`);
    }
    this.#space = new MaskedDiscrete(space.n, space.start, () => this.#current);
    this.#maskOf = maskOf ?? ((_observation, info) => info.action_mask as Mask);
  }

  override get actionSpace(): Discrete {
    return this.#space;
  }

  /** The current mask: 1 for each allowed action. */
  get mask(): Mask {
    if (this.#current === undefined) throw new UserError(`${this.id} has no action mask before reset()`);
    return this.#current;
  }

  #look(observation: O, info: Info): void {
    const mask = this.#maskOf(observation, info) as Mask | undefined;
    if (mask === undefined || mask.length !== this.#space.n) {
      throw new UserError(
        `ActionMask: ${this.id} gave ${mask === undefined ? "no info.action_mask" : `a mask of ${mask.length} entries for ${this.#space.n} actions`}. Give ActionMask a function that makes the mask.`,
      );
    }
    this.#current = mask;
  }

  reset(how?: ResetArguments): ResetResult<O> {
    const result = this.env.reset(how);
    this.#look(result.observation, result.info);
    return result;
  }

  step(action: number): StepResult<O> {
    if (this.#space.contains(action) && this.#current?.[action - this.#space.start] === 0) {
      const names = this.unwrapped.actionNames;
      const allowed = Array.from(this.#current, (m, i) => (m === 0 ? [] : [i + this.#space.start])).flat();
      const listed = allowed.map(
        (a) => `${a}${names === undefined ? "" : ` ${names[a - this.#space.start]}`}`,
      );
      throw new UserError(
        `${this.id}: action ${action} is masked here. Allowed: ${listed.join(", ") || "none"}.`,
      );
    }
    const result = this.env.step(action);
    this.#look(result.observation, result.info);
    return result;
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), mask: this.#current };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#current = snapshot.mask as Mask | undefined;
  }
}
