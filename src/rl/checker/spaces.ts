import { show } from "../show.ts";
import { Box, Dict, type Space, Tuple } from "../spaces.ts";
import { type Any, demand } from "./finding.ts";

/** Checks that there is something to observe or to choose. */
function checkExtent(what: string, space: Space<unknown>): void {
  if (space instanceof Dict || space instanceof Tuple) {
    const named = space instanceof Dict ? (space as Dict<Record<string, Space<unknown>>>) : undefined;
    const parts: readonly Space<unknown>[] =
      named === undefined
        ? (space as Tuple<readonly Space<unknown>[]>).spaces
        : named.keys.map((key) => named.spaces[key]!);
    demand(
      parts.length > 0,
      () =>
        `The ${what} space ${String(space)} is empty: there is no space in the ${named ? "Dict" : "Tuple"}.`,
    );
    for (const part of parts) checkExtent(what, part);
  }
  if (space instanceof Box) {
    demand(
      space.low.length > 0,
      () => `The ${what} space ${String(space)} is empty: its shape has no elements.`,
    );
    const fixed = space.low.findIndex((low, i) => low === space.high[i]);
    demand(
      fixed < 0,
      () =>
        `The ${what} space ${String(space)} leaves element ${fixed} only one value: low = high = ${space.low[fixed]}.`,
    );
  }
}

export function checkSpace(what: string, space: Space<unknown> | undefined): void {
  demand(
    typeof space === "object" &&
      space !== null &&
      (["sample", "contains", "seed"] as const).every((method) => typeof space[method] === "function"),
    () => `The ${what} space is not a space: it needs sample(), contains() and seed().`,
  );
  checkExtent(what, space);
  // Seeded, so that a check that fails once fails always.
  space.seed(1);
  for (let i = 0; i < 100; i++) {
    const x = space.sample();
    demand(
      space.contains(x),
      () => `The ${what} space ${String(space)} does not contain its own sample ${show(x)}.`,
    );
  }
  const draw = (): string => {
    space.seed(7);
    return [1, 2, 3].map(() => show(space.sample())).join();
  };
  const first = draw();
  demand(
    first === draw(),
    () => `The ${what} space ${String(space)} gives different samples for the same seed.`,
  );
}

/** Checks both spaces, and that they stay the same objects: otherwise a seed would be lost. */
export function checkSpaces(env: Any): void {
  checkSpace("observation", env.observationSpace);
  checkSpace("action", env.actionSpace);
  for (const which of ["observationSpace", "actionSpace"] as const) {
    const [once, again] = [env[which], env[which]];
    demand(
      once === again,
      () => `${which} is a new object at each access: make it once, because its random numbers are seeded.`,
    );
  }
}
