import { UserError } from "../errors.ts";
import {
  type BaseEnv,
  type Env,
  type EnvLike,
  type EnvSnapshot,
  type FunctionalEnv,
  type ResetArguments,
  type ResetResult,
  StatefulEnv,
  type StepResult,
} from "./env.ts";
import { textSvg } from "./render/text-svg.ts";
import { show } from "./show.ts";
import type { Space } from "./spaces.ts";

/** What `asEnv` accepts: an Env, a user's own object in Gymnasium's style, or pure functions. */
// biome-ignore lint/suspicious/noExplicitAny: the states' type is the environment's own matter
export type EnvSource<O, A> = EnvLike<O, A> | FunctionalEnv<any, O, A>;

/**
 * A user's own object with reset(), step() and two spaces, completed to an Env: the order of calls and the actions
 * are checked; rendering or saving what the object cannot render or save gives a message.
 */
export class AdoptedEnv<O, A> implements BaseEnv<O, A> {
  /** The user's object. */
  readonly inner: EnvLike<O, A>;
  readonly id: string;
  #begun = false;
  #over = false;

  constructor(inner: EnvLike<O, A>, id?: string) {
    this.inner = inner;
    this.id = id ?? inner.id ?? nameOf(inner);
  }

  get unwrapped(): this {
    return this;
  }

  get observationSpace(): Space<O> {
    return this.inner.observationSpace;
  }

  get actionSpace(): Space<A> {
    return this.inner.actionSpace;
  }

  get actionNames(): readonly string[] | undefined {
    return this.inner.actionNames;
  }

  reset(how: ResetArguments = {}): ResetResult<O> {
    const result = this.inner.reset(how);
    this.#begun = true;
    this.#over = false;
    return result;
  }

  step(action: A): StepResult<O> {
    if (!this.#begun) throw new UserError(`${this.id}: step() before reset(). Call reset() first.`);
    if (this.#over) {
      throw new UserError(`${this.id}: step() after the end of the episode. Call reset() to begin another.`);
    }
    if (!this.actionSpace.contains(action)) {
      throw new UserError(
        `${this.id}: ${show(action)} is not an action. Expected one of ${String(this.actionSpace)}.`,
      );
    }
    const result = this.inner.step(action);
    this.#over = result?.terminated === true || result?.truncated === true;
    return result;
  }

  render(): string {
    return this.inner.render?.() ?? `${this.id} has no render()\n`;
  }

  renderSvg(): string {
    return this.inner.renderSvg?.() ?? textSvg(this.render());
  }

  close(): void {
    this.inner.close?.();
  }

  snapshot(): EnvSnapshot {
    if (this.inner.snapshot === undefined || this.inner.restore === undefined) {
      throw new UserError(
        `${this.id} cannot be saved in mid-episode: it has no snapshot() and restore(). Add both, or save at the end of an episode.`,
      );
    }
    return { begun: this.#begun, over: this.#over, inner: this.inner.snapshot() };
  }

  restore(snapshot: EnvSnapshot): void {
    if (this.inner.restore === undefined) throw new UserError(`${this.id} has no restore()`);
    this.#begun = snapshot.begun === true;
    this.#over = snapshot.over === true;
    this.inner.restore(snapshot.inner as EnvSnapshot);
  }

  toString(): string {
    return `<${this.id}>`;
  }
}

function nameOf(x: unknown): string {
  if (typeof x !== "object" || x === null) return show(x);
  const { name } = x.constructor ?? {};
  return name === undefined || name === "" || name === "Object" ? "this environment" : name;
}

/**
 * Turns what a user gives into an Env. An Env is returned as it is; pure functions become a StatefulEnv.
 *
 * @param id replaces its own name
 * @throws UserError if it is not an environment
 */
export function asEnv<O, A>(source: EnvSource<O, A>, id?: string): Env<O, A> {
  if (typeof source === "object" && source !== null) {
    if ("unwrapped" in source) return source as Env<O, A>;
    if ("transition" in source) return new StatefulEnv(id === undefined ? source : { ...source, id });
  }
  const has = source as Partial<EnvLike<O, A>> | null | undefined;
  const missing = [
    ...(["reset", "step"] as const)
      .filter((method) => typeof has?.[method] !== "function")
      .map((m) => `${m}()`),
    ...(["observationSpace", "actionSpace"] as const).filter((space) => typeof has?.[space] !== "object"),
  ];
  if (missing.length > 0) {
    throw new UserError(
      `${id ?? nameOf(source)} is not an environment: it lacks ${missing.join(" and ")}. An environment has reset(), step(), observationSpace and actionSpace.`,
    );
  }
  return new AdoptedEnv(source as EnvLike<O, A>, id);
}
