/** The learning curve: what episodes returned, and their mean over the last steps. */

/** Steps of the environment that a point of the smooth curve looks back. */
export const SPAN = 2000;

interface Points {
  readonly steps: readonly number[];
  readonly values: readonly (number | undefined)[];
}

export interface Returns {
  readonly steps: number[];
  readonly values: number[];
  /** The mean of those that ended within `SPAN` steps before. */
  readonly mean: number[];
}

/** Only steps at which an episode ended have a return. */
export function returnsOf({ steps, values }: Points, span = SPAN): Returns {
  const found: Returns = { steps: [], values: [], mean: [] };
  let [from, sum] = [0, 0];
  for (const [i, step] of steps.entries()) {
    const value = values[i];
    if (value === undefined) continue;
    found.steps.push(step);
    found.values.push(value);
    sum += value;
    while (found.steps[from]! <= step - span) sum -= found.values[from++]!;
    found.mean.push(sum / (found.steps.length - from));
  }
  return found;
}
