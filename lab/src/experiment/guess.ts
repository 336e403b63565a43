/** A curve that is guessed before it is seen: values at points spread evenly over the steps. */
import type { Text } from "galatea/map/map.ts";

/** What is to be guessed: how a metric goes over so many first steps. */
export interface CurveQuestion {
  readonly metric: string;
  readonly steps: number;
  /** The height of the picture, from below; what leaves it is cut off there, not in the numbers. */
  readonly range: readonly [number, number];
  readonly ask: Text;
  /** Why it goes as it does, with the usual settings. */
  readonly why: Text;
}

/** A metric over steps, not measured at each of them. */
export interface Measured {
  readonly steps: readonly number[];
  readonly values: readonly (number | undefined)[];
}

/** Points of a guess. */
export const POINTS = 13;

/** The steps at which a guess has its points. */
export const stepsOf = (steps: number): number[] =>
  Array.from({ length: POINTS }, (_, i) => Math.round((i * steps) / (POINTS - 1)));

/** Before anything is drawn: a level line through the middle. */
export const level = ([low, high]: CurveQuestion["range"]): number[] =>
  Array.from({ length: POINTS }, () => (low + high) / 2);

/** A place of the picture: how many points from the left, and a value. */
export interface Place {
  readonly at: number;
  readonly value: number;
}

/** A guess after a stroke: the points that it passes lie on it. */
export function stroked(guess: readonly number[], from: Place, to: Place): number[] {
  const [a, b] = from.at <= to.at ? [from, to] : [to, from];
  return guess.map((value, i) => {
    if (i < a.at - 0.5 || i > b.at + 0.5) return value;
    if (b.at === a.at) return to.value;
    const share = Math.min(1, Math.max(0, (i - a.at) / (b.at - a.at)));
    return a.value + share * (b.value - a.value);
  });
}

/**
 * What was measured, at these steps: the mean of what lies within a quarter of their distance, since single batches differ; where
 * nothing does, the straight line between the nearest on both sides.
 */
export function resampled({ steps, values }: Measured, at: readonly number[]): number[] {
  const known = steps.flatMap((step, i) => {
    const value = values[i];
    return value === undefined || !Number.isFinite(value) ? [] : [{ step, value }];
  });
  const reach = at.length > 1 ? (at[1]! - at[0]!) / 4 : 0;
  return at.map((step) => {
    const near = known.filter((one) => Math.abs(one.step - step) <= reach);
    if (near.length > 0) return near.reduce((sum, { value }) => sum + value, 0) / near.length;
    const before = known.findLast((one) => one.step < step);
    const after = known.find((one) => one.step > step);
    if (!before || !after) return (before ?? after)?.value ?? Number.NaN;
    return before.value + ((step - before.step) / (after.step - before.step)) * (after.value - before.value);
  });
}

/** How far a guess lay from what came: the mean over its points, and the point where it was farthest. */
export function distance(
  guess: readonly number[],
  truth: readonly number[],
): { readonly mean: number; readonly farthest: number } {
  const apart = guess.map((value, i) => Math.abs(value - truth[i]!));
  const mean = apart.reduce((sum, d) => sum + d, 0) / apart.length;
  return { mean, farthest: apart.indexOf(Math.max(...apart)) };
}
