import { UserError } from "../errors.ts";
import { MIXTURES } from "./mixtures.ts";
import { CIFAR10, DIGITS, FASHION, noImages } from "./names.ts";
import { CURVES } from "./points.ts";
import type { DataSpec, ImageSpec, PointSpec } from "./spec.ts";

const images = (
  name: string,
  shape: readonly [number, number, number],
  classes: readonly string[],
): ImageSpec => ({ kind: "images", name, shape, classes });

const points = (name: string, classes: readonly string[]): PointSpec => ({
  kind: "points",
  name,
  dimensions: 2,
  classes,
});

/** The specs of the data sets whose shape and classes are fixed. CIFAR-10 is the part before the colon. */
export const KNOWN_SPECS: Readonly<Record<string, DataSpec>> = {
  mnist: images("mnist", [1, 28, 28], DIGITS),
  "fashion-mnist": images("fashion-mnist", [1, 28, 28], FASHION),
  cifar10: images("cifar10", [3, 32, 32], CIFAR10),
  ...Object.fromEntries(
    Object.values(MIXTURES).map(({ name, centres }) => [
      name,
      points(
        name,
        centres.map((_, i) => String(i)),
      ),
    ]),
  ),
  ...Object.fromEntries(Object.values(CURVES).map(({ name, classes }) => [name, points(name, classes)])),
};

/**
 * The spec that follows from a data set's name alone, without opening it: "mnist", "cifar10:FOLDER", "ring-8";
 * undefined where only the data can tell ("folder:photos"). With `imageSize`, that of the resized data.
 */
export function knownSpec(name: string, imageSize?: number): DataSpec | undefined {
  const family = name.startsWith("cifar10:") ? "cifar10" : name;
  if (!Object.hasOwn(KNOWN_SPECS, family)) return undefined;
  const spec = { ...KNOWN_SPECS[family]!, name };
  if (imageSize === undefined) return spec;
  if (spec.kind !== "images") throw new UserError(noImages(name));
  return { ...spec, shape: [spec.shape[0], imageSize, imageSize] };
}
