import type { Env, ResetArguments, ResetResult, StepResult } from "../env.ts";
import type { Space } from "../spaces.ts";

/** An environment around another one. It passes everything on; a wrapper overrides what it changes. */
export abstract class Wrapper<O, A, InnerO = O, InnerA = A> implements Env<O, A> {
  readonly env: Env<InnerO, InnerA>;
  /** As it is printed; a class's own name does not survive a minifier. */
  abstract readonly name: string;

  constructor(env: Env<InnerO, InnerA>) {
    this.env = env;
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

  close(): void {
    this.env.close();
  }

  toString(): string {
    return `<${this.name}${String(this.env)}>`;
  }
}
