import { UserError } from "../../errors.ts";
import type { EnvSource } from "../adopt.ts";
import {
  type EnvSnapshot,
  type ResetArguments,
  type ResetResult,
  StatefulEnv,
  type StepResult,
} from "../env.ts";
import { type BitGeneratorState, Generator, npRandom } from "../random.ts";
import { show } from "../show.ts";
import { Box, type BoxArray, type Space } from "../spaces.ts";
import { ActionWrapper, Wrapper } from "./wrapper.ts";

/** Replaces an action from another space by f(action) (Gymnasium's TransformAction). */
export class TransformAction<O, A, InnerA> extends ActionWrapper<O, A, InnerA> {
  readonly name = "TransformAction";
  readonly #f: (action: A) => InnerA;
  readonly #space: Space<A>;

  constructor(env: EnvSource<O, InnerA>, f: (action: A) => InnerA, actionSpace: Space<A>) {
    super(env);
    this.#f = f;
    this.#space = actionSpace;
  }

  override get actionSpace(): Space<A> {
    return this.#space;
  }

  action(action: A): InnerA {
    return this.#f(action);
  }
}

function boxOf(wrapper: string, id: string, space: unknown): Box {
  if (space instanceof Box) return space as Box;
  throw new UserError(`${wrapper} needs actions from a Box; ${id} has ${String(space)}`);
}

/** Clips actions of any size to the environment's Box (Gymnasium's ClipAction). */
export class ClipAction<O> extends ActionWrapper<O, BoxArray> {
  readonly name = "ClipAction";
  readonly #inner: Box;
  readonly #space: Box;

  constructor(env: EnvSource<O, BoxArray>) {
    super(env);
    this.#inner = boxOf(this.name, this.id, env.actionSpace);
    this.#space = new Box(-Infinity, Infinity, this.#inner.shape, this.#inner.dtype);
  }

  override get actionSpace(): Space<BoxArray> {
    return this.#space as unknown as Space<BoxArray>;
  }

  action(action: BoxArray): BoxArray {
    const { low, high } = this.#inner;
    return action.map((x, i) => Math.min(Math.max(x, low[i]!), high[i]!)) as BoxArray;
  }
}

/** Rescales actions from [minAction, maxAction] to the environment's Box (Gymnasium's RescaleAction). */
export class RescaleAction<O> extends ActionWrapper<O, BoxArray> {
  readonly name = "RescaleAction";
  readonly #inner: Box;
  readonly #space: Box;

  constructor(env: EnvSource<O, BoxArray>, minAction = -1, maxAction = 1) {
    super(env);
    this.#inner = boxOf(this.name, this.id, env.actionSpace);
    if (!(minAction < maxAction)) {
      throw new UserError(
        `RescaleAction: minAction must be below maxAction, not ${minAction} and ${maxAction}`,
      );
    }
    const { low, high, shape, dtype } = this.#inner;
    if (![...low, ...high].every(Number.isFinite)) {
      throw new UserError(`RescaleAction needs a bounded Box; ${this.id} has ${String(this.#inner)}`);
    }
    this.#space = new Box(minAction, maxAction, shape, dtype);
  }

  override get actionSpace(): Space<BoxArray> {
    return this.#space as unknown as Space<BoxArray>;
  }

  action(action: BoxArray): BoxArray {
    const { low, high } = this.#inner;
    const [from, to] = [this.#space.low, this.#space.high];
    if (!this.#space.contains(action)) {
      throw new UserError(`RescaleAction: ${show(action)} is not in ${String(this.#space)}`);
    }
    // Rounding must not exceed the bounds of the inner Box.
    return action.map((x, i) => {
      const share = (x - from[i]!) / (to[i]! - from[i]!);
      return Math.min(Math.max(low[i]! + share * (high[i]! - low[i]!), low[i]!), high[i]!);
    }) as BoxArray;
  }
}

/**
 * With some probability repeats the last action instead of the given one (Gymnasium's StickyAction). Source:
 * M. Machado et al., "Revisiting the Arcade Learning Environment" (2018). It draws from the environment's
 * random numbers, as in Gymnasium; if an object exposes none, from a generator with the same seed.
 */
export class StickyAction<O, A> extends Wrapper<O, A> {
  readonly name = "StickyAction";
  readonly #probability: number;
  #last: A | undefined;
  #own: Generator | undefined;

  constructor(env: EnvSource<O, A>, repeatActionProbability: number) {
    super(env);
    if (!(repeatActionProbability >= 0 && repeatActionProbability < 1)) {
      throw new UserError(`StickyAction: the probability must be in [0, 1), not ${repeatActionProbability}`);
    }
    this.#probability = repeatActionProbability;
  }

  get #rng(): Generator {
    const base = this.unwrapped;
    return base instanceof StatefulEnv ? base.npRandom : (this.#own ??= npRandom());
  }

  reset(how?: ResetArguments): ResetResult<O> {
    this.#last = undefined;
    if (how?.seed !== undefined) this.#own = npRandom(how.seed);
    return this.env.reset(how);
  }

  step(action: A): StepResult<O> {
    const repeat = this.#last !== undefined && this.#rng.random() < this.#probability;
    const done = repeat ? this.#last! : action;
    this.#last = done;
    return this.env.step(done);
  }

  override snapshot(): EnvSnapshot {
    return { ...super.snapshot(), last: this.#last, rng: this.#own?.state() };
  }

  override restore(snapshot: EnvSnapshot): void {
    super.restore(snapshot);
    this.#last = snapshot.last as A | undefined;
    this.#own = snapshot.rng === undefined ? undefined : Generator.from(snapshot.rng as BitGeneratorState);
  }
}
