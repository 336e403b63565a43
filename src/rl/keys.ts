import type { Env } from "./env.ts";
import { Box, Discrete } from "./spaces.ts";

/** A key of the keyboard: "left", "right", "up", "down", "space", or its letter. */
export type Key = string;

export interface KeyAction {
  readonly key: Key;
  readonly action: unknown;
  /** What the action is called. */
  readonly name: string;
}

const ARROWS = ["left", "right", "up", "down"] as const;
/** What an arrow stands for where no action bears its name. */
const ALIASES: Readonly<Record<string, Key>> = {
  west: "left",
  east: "right",
  north: "up",
  south: "down",
  "torque -1": "left",
  "torque +1": "right",
  fire: "space",
};

function discreteKeys({ n, start }: Discrete, names: readonly string[] | undefined): KeyAction[] {
  const keys: KeyAction[] = [];
  const add = (key: Key, a: number): void => {
    const name = names?.[a] ?? String(a + start);
    if (!keys.some((known) => known.key === key)) keys.push({ key, action: a + start, name });
  };
  names?.forEach((name, a) => {
    const key = ALIASES[name] ?? name;
    if ((ARROWS as readonly string[]).includes(key) || key === "space") add(key, a);
  });
  for (let a = 0; a < Math.min(n, 10); a++) add(String(a), a);
  const initials = names?.map((name) => name[0]!.toLowerCase()) ?? [];
  initials.forEach((letter, a) => {
    if (/[a-pr-z]/.test(letter) && initials.indexOf(letter) === initials.lastIndexOf(letter)) add(letter, a);
  });
  return keys;
}

/**
 * The keys by which a person plays an environment: arrows for the actions that bear their names, digits for the first
 * ten, a letter where only one action begins with it; for one force, left and right push with all of it, down not at
 * all. "q" is left free, to leave. Empty where actions are of another kind.
 */
export function keyActions(env: Env): readonly KeyAction[] {
  const { actionSpace, actionNames } = env.unwrapped;
  if (actionSpace instanceof Discrete) return discreteKeys(actionSpace, actionNames);
  if (!(actionSpace instanceof Box) || actionSpace.dtype !== "float32" || actionSpace.low.length !== 1)
    return [];
  const [low, high] = [actionSpace.low[0]!, actionSpace.high[0]!];
  return (
    [
      ["left", low],
      ["right", high],
      ["down", Math.min(Math.max(0, low), high)],
    ] as const
  ).map(([key, x]) => ({ key, action: Float32Array.of(x), name: String(x) }));
}
