import { UserError } from "../../errors.ts";
import type { Env } from "../env.ts";

/** A violation of the contract; the message describes it. */
export class Finding extends UserError {
  override name = "Finding";
}

export function demand(holds: boolean, sentence: () => string): asserts holds {
  if (!holds) throw new Finding(sentence());
}

/** The message of what was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export type Any = Env<unknown, unknown>;

/** What a check throws, or undefined. */
export function found(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    return error;
  }
}
