import { UserError, unknownName } from "../../errors.ts";
import { show } from "../show.ts";

/** @throws UserError for options unknown to the environment: a misspelt option must not silently do nothing. */
export function checkOptions(id: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw unknownName(`option of ${id}`, key, known);
  }
}

/** An option's number within [low, high]. @throws UserError otherwise */
export function numberOption(id: string, name: string, value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new UserError(`${id}: ${name} must be a number from ${low} to ${high}, not ${String(value)}`);
  }
  return value;
}

/** True or false, or a sentence. */
export function booleanOption(id: string, name: string, value: unknown): boolean {
  if (typeof value !== "boolean") {
    throw new UserError(`${id}: ${name} must be true or false, not ${show(value)}`);
  }
  return value;
}

/** An option's whole number within [low, high]. @throws UserError otherwise */
export function wholeOption(id: string, name: string, value: unknown, low: number, high: number): number {
  if (!Number.isInteger(numberOption(id, name, value, low, high))) {
    throw new UserError(`${id}: ${name} must be a whole number, not ${String(value)}`);
  }
  return value as number;
}
