import { UserError } from "../../errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type Rows, rowLayout } from "../rows.ts";
import { Box, Dict, Discrete, MultiDiscrete, type Space, Tuple } from "../spaces.ts";

/** How a network sees observations: a row of float32 numbers each. */
export interface Features {
  /** Of one observation: [size], or that of a picture [height, width, channels]. */
  readonly shape: Shape;
  readonly size: number;
  /** Writes row `from` of `rows` as row `to` of `out`. */
  readonly write: (rows: Rows, from: number, out: Float32Array, to: number) => void;
}

/** A stretch of a row: `width` numbers as they are, or one whole number of `n`, from `start` on, as a one-hot vector. */
type Stretch = { readonly width: number } | { readonly n: number; readonly start: number };

function stretches(space: Space<unknown>): Stretch[] {
  if (space instanceof Discrete) return [{ n: space.n, start: space.start }];
  if (space instanceof MultiDiscrete) return space.nvec.map((n, i) => ({ n, start: space.start[i]! }));
  if (space instanceof Tuple) return (space.spaces as readonly Space<unknown>[]).flatMap(stretches);
  if (space instanceof Dict)
    return space.keys.flatMap((key) => stretches((space.spaces as Record<string, Space<unknown>>)[key]!));
  return [{ width: rowLayout(space).width }];
}

/** Numbers stay as they are, whole numbers of a Discrete become one-hot vectors, parts stand one after the other. */
export function featuresOf(space: Space<unknown>): Features {
  const { width } = rowLayout(space);
  const parts = stretches(space);
  const size = parts.reduce((sum, part) => sum + ("n" in part ? part.n : part.width), 0);
  const shape = space instanceof Box && space.shape.length === 3 ? space.shape : [size];
  return {
    shape,
    size,
    write: (rows, from, out, to) => {
      let at = from * width;
      let end = to * size;
      for (const part of parts) {
        if ("n" in part) {
          out.fill(0, end, end + part.n);
          out[end + rows[at++]! - part.start] = 1;
          end += part.n;
        } else for (let j = 0; j < part.width; j++) out[end++] = rows[at++]!;
      }
    },
  };
}

/** The actions of a network: one of n, several such choices at once, or a vector of numbers. */
export type Actions =
  | { readonly kind: "discrete"; readonly n: number; readonly start: number }
  | { readonly kind: "multi"; readonly nvec: readonly number[]; readonly start: readonly number[] }
  | {
      readonly kind: "continuous";
      readonly size: number;
      readonly low: Float64Array;
      readonly high: Float64Array;
    };

const CONTINUOUS = "continuous actions (a Box of floats)";
const DISCRETE = "discrete actions (Discrete)";
const MULTI = "several choices at once (MultiDiscrete)";

/** @throws UserError where the algorithm cannot act in this space */
export function actionsOf(space: Space<unknown>, id: string, algorithm: string): Actions {
  if (space instanceof Discrete) return { kind: "discrete", n: space.n, start: space.start };
  if (space instanceof MultiDiscrete) return { kind: "multi", nvec: space.nvec, start: space.start };
  if (space instanceof Box && space.dtype.startsWith("float"))
    return { kind: "continuous", size: space.low.length, low: space.low, high: space.high };
  throw new UserError(
    `${algorithm} takes ${DISCRETE}, ${MULTI} or ${CONTINUOUS}, but ${id} has ${String(space)}; wrap it (TransformAction)`,
  );
}

/** The shape of one action as the network's row: [] of one of n. */
export const shapeOf = (actions: Actions): Shape =>
  actions.kind === "discrete" ? [] : [actions.kind === "multi" ? actions.nvec.length : actions.size];

/** @throws UserError where there is not one of n actions to choose */
export function requireDiscrete(
  actions: Actions,
  id: string,
  algorithm: string,
): { n: number; start: number } {
  if (actions.kind === "discrete") return actions;
  throw new UserError(
    actions.kind === "multi"
      ? `${algorithm} chooses among ${DISCRETE}, but ${id} has ${MULTI}: take ppo or a2c there`
      : `${algorithm} chooses among ${DISCRETE}, but ${id} has ${CONTINUOUS}: take sac, td3, ddpg or ppo there`,
  );
}

/** @throws UserError where actions are not numbers between finite bounds */
export function requireBounded(
  actions: Actions,
  id: string,
  algorithm: string,
): Extract<Actions, { kind: "continuous" }> {
  if (actions.kind === "discrete")
    throw new UserError(`${algorithm} takes ${CONTINUOUS}, but ${id} has ${DISCRETE}: take dqn or ppo there`);
  if (actions.kind === "multi")
    throw new UserError(`${algorithm} takes ${CONTINUOUS}, but ${id} has ${MULTI}: take ppo or a2c there`);
  const finite = [...actions.low, ...actions.high].every(Number.isFinite);
  if (finite) return actions;
  throw new UserError(
    `${algorithm} needs actions between finite bounds, and those of ${id} have none: wrap it (RescaleAction), or take ppo`,
  );
}
