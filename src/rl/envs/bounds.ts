import { UserError } from "../../errors.ts";
import type { EpisodeOptions } from "../env.ts";
import { checkOptions } from "./options.ts";

/** The bounds of the initial state: Gymnasium's reset options `low` and `high`. */
export function resetBounds(
  id: string,
  options: EpisodeOptions | undefined,
  bounds: readonly [number, number],
): readonly [number, number] {
  if (options === undefined) return bounds;
  checkOptions(`${id}'s reset`, options, ["low", "high"]);
  const { low: from = bounds[0], high: to = bounds[1] } = options;
  if (typeof from !== "number" || typeof to !== "number" || !(from <= to)) {
    throw new UserError(
      `${id}: reset needs numbers low ≤ high, not low ${String(from)} and high ${String(to)}`,
    );
  }
  return [from, to];
}
