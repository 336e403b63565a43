import { gunzipSync } from "fflate";
import { UserError } from "../errors.ts";
import { type Dataset, dataset, type ImageShape, type Split, split } from "./dataset.ts";

/** Bytes, and the name of the file or URL they came from: messages name it. */
export interface NamedBytes {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Read an IDX file (LeCun's format for MNIST: 00 00, type, rank, big-endian sizes, data), gzipped or not.
 * @throws UserError naming the file where it is no IDX file of bytes, or cut short, or too long.
 */
export function parseIdx({ file, bytes: raw }: NamedBytes): IdxArray {
  const bytes = gunzip(raw, file);
  const hex = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join(" ");
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    throw new UserError(
      `${file}: this is not an IDX file. It begins with ${hex || "nothing"}; an IDX file of bytes begins with 00 00 08.`,
    );
  if (bytes[2] !== 8)
    throw new UserError(
      `${file}: its elements are of IDX type 0x${hex.slice(6, 8)}; only bytes (0x08) are images or labels.`,
    );
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (rank === 0 || bytes.length < header)
    throw new UserError(`${file}: this IDX file ends within its header of ${rank} sizes. Fetch it again.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = shape.reduce((n, d) => n * d, 1);
  const found = bytes.length - header;
  if (found !== expected)
    throw new UserError(
      `${file}: the header promises ${shape.join(" × ")} = ${expected} bytes, and ${found} follow it. ` +
        (found < expected
          ? "The file was cut short: fetch it again."
          : "This is not the file that its header says."),
    );
  return { shape, data: bytes.subarray(header) };
}

function gunzip(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new UserError(
      `${file}: this gzip file is damaged or cut short (${(error as Error).message}). Fetch it again.`,
    );
  }
}

/** A pair of IDX files: images [N, H, W] (or [N, C, H, W] with C = 1 or 3) and, if given, labels [N]. */
export function idxSplit(images: NamedBytes, labels?: NamedBytes): Split {
  const pixels = parseIdx(images);
  const shape = imageShapeOf(pixels.shape, images.file);
  if (!labels) return split(shape, pixels.data);
  const classes = parseIdx(labels);
  if (classes.shape.length !== 1)
    throw new UserError(
      `${labels.file}: labels are expected here, and this file holds ${classes.shape.join(" × ")} values, as images do. ` +
        "Are the two files in the wrong order?",
    );
  if (classes.shape[0] !== pixels.shape[0])
    throw new UserError(
      `${images.file} holds ${pixels.shape[0]} images, and ${labels.file} ${classes.shape[0]} labels: they do not belong together.`,
    );
  return split(shape, pixels.data, Int32Array.from(classes.data));
}

function imageShapeOf(shape: readonly number[], file: string): ImageShape {
  if (shape.length === 1)
    throw new UserError(
      `${file}: images are expected here, and this file holds ${shape[0]} labels. Are the two files in the wrong order?`,
    );
  const [c, h, w] =
    shape.length === 3 ? [1, shape[1]!, shape[2]!] : [shape[1]!, shape[2] ?? 0, shape[3] ?? 0];
  if (shape.length > 4 || (c !== 1 && c !== 3) || h === 0 || w === 0)
    throw new UserError(
      `${file}: ${shape.join(" × ")} values are not images; expected count × height × width, or count × 3 × height × width.`,
    );
  return [c, h, w];
}

/** The four files that MNIST and its kin come in. */
export const IDX_FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** A dataset of the four files. */
export function idxDataset(
  name: string,
  classes: readonly string[],
  files: Readonly<Record<keyof typeof IDX_FILES, NamedBytes>>,
): Dataset {
  const train = idxSplit(files.trainImages, files.trainLabels);
  return dataset(name, classes, train, idxSplit(files.testImages, files.testLabels));
}

/** Classes "0", "1" … up to the highest label. */
export const numberedClasses = (...splits: readonly Split[]): string[] => {
  const highest = splits.flatMap((s) => (s.labels ? [s.labels.reduce((a, b) => Math.max(a, b), -1)] : []));
  return Array.from({ length: 1 + Math.max(-1, ...highest) }, (_, i) => String(i));
};
