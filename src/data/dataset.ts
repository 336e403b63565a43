import { UserError } from "../errors.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { raster, resizeAndCrop } from "./image.ts";

/** Channels, height, width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Images in memory as bytes [N, C, H, W], each with a class index where the data have classes. */
export interface Split {
  readonly length: number;
  readonly imageShape: ImageShape;
  readonly images: Uint8Array;
  readonly labels: Int32Array | undefined;
}

export interface Dataset {
  readonly name: string;
  readonly imageShape: ImageShape;
  /** The classes' names by index; none where the images have no labels. */
  readonly classes: readonly string[];
  readonly train: Split;
  readonly test: Split;
}

export interface Batch {
  /** [B, C, H, W] in [0, 1]. */
  readonly images: NdArray<"float32">;
  /** [B], where the data have classes. */
  readonly labels: NdArray<"int32"> | undefined;
}

/** @throws UserError where labels and images differ in number. */
export function split(imageShape: ImageShape, images: Uint8Array, labels?: Int32Array): Split {
  const size = imageShape[0] * imageShape[1] * imageShape[2];
  const length = images.length / size;
  if (!Number.isInteger(length))
    throw new RangeError(
      `split: ${images.length} bytes are not a whole number of images of ${imageShape.join(" × ")}`,
    );
  if (labels && labels.length !== length)
    throw new UserError(
      `there are ${length} images and ${labels.length} labels; there must be one label per image.`,
    );
  return { length, imageShape, images, labels };
}

/** The images (and labels) at `indices`, as a batch. */
export function batchOf(from: Split, indices: ArrayLike<number>): Batch {
  const [c, h, w] = from.imageShape;
  const size = c * h * w;
  const images = new Float32Array(indices.length * size);
  const labels = from.labels && new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(index >= 0 && index < from.length))
      throw new RangeError(`batchOf: there is no image ${index}; the split has ${from.length}`);
    const [start, to] = [index * size, i * size];
    for (let p = 0; p < size; p++) images[to + p] = UNIT[from.images[start + p]!]!;
    if (labels) labels[i] = from.labels![index]!;
  }
  return { images: ndarray(images, [indices.length, c, h, w]), labels: labels && ndarray(labels) };
}

/** byte / 255 as float32. */
const UNIT = Float32Array.from({ length: 256 }, (_, v) => v / 255);

/** The images from `start` to `end`, in order. */
export function slice(from: Split, start: number, end: number = from.length): Batch {
  const stop = Math.min(end, from.length);
  return batchOf(
    from,
    Int32Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i),
  );
}

/** Some of a split's images, as a split. */
export function subset(from: Split, indices: ArrayLike<number>): Split {
  const size = from.imageShape[0] * from.imageShape[1] * from.imageShape[2];
  const images = new Uint8Array(indices.length * size);
  const labels = from.labels && new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    images.set(from.images.subarray(index * size, (index + 1) * size), i * size);
    if (labels) labels[i] = from.labels![index]!;
  }
  return split(from.imageShape, images, labels);
}

/**
 * Split data that come in one piece: every tenth image (the 10th, 20th …) is held out for testing, so that data
 * sorted by class are split evenly.
 */
export function holdOut(all: Split): { train: Split; test: Split } {
  if (all.length < 10)
    throw new UserError(
      `there are ${all.length} images; at least 10 are needed, because every tenth is for testing.`,
    );
  const indices = Array.from({ length: all.length }, (_, i) => i);
  return {
    train: subset(
      all,
      indices.filter((i) => i % 10 !== 9),
    ),
    test: subset(
      all,
      indices.filter((i) => i % 10 === 9),
    ),
  };
}

/** A dataset of two splits of one shape, whose labels all name a class. */
export function dataset(name: string, classes: readonly string[], train: Split, test: Split): Dataset {
  if (train.imageShape.join() !== test.imageShape.join())
    throw new UserError(
      `${name}: training images are ${train.imageShape.join(" × ")}, test images ${test.imageShape.join(" × ")}; they must be alike.`,
    );
  for (const part of [train, test]) {
    const wrong = part.labels?.findIndex((label) => label < 0 || label >= classes.length) ?? -1;
    if (wrong >= 0)
      throw new UserError(
        `${name}: label ${part.labels![wrong]} (of image ${wrong}) names none of the ${classes.length} classes.`,
      );
  }
  return { name, imageShape: train.imageShape, classes, train, test };
}

/** Every image resized and cropped to `size` × `size`. */
export function resizeDataset(
  set: Dataset,
  size: number,
  onProgress?: (done: number, total: number) => void,
): Dataset {
  const [c, h, w] = set.imageShape;
  if (h === size && w === size) return set;
  const total = set.train.length + set.test.length;
  let done = 0;
  const resized = ({ length, images, labels }: Split): Split => {
    const out = new Uint8Array(length * c * size * size);
    for (let i = 0; i < length; i++) {
      for (let plane = i * c; plane < (i + 1) * c; plane++) {
        const image = raster(w, h, 1, images.subarray(plane * h * w, (plane + 1) * h * w));
        out.set(resizeAndCrop(image, size, size).data, plane * size * size);
      }
      if (++done % 1000 === 0 || done === total) onProgress?.(done, total);
    }
    return split([c, size, size], out, labels);
  };
  return dataset(set.name, set.classes, resized(set.train), resized(set.test));
}
