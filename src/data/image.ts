import { UserError } from "../errors.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import { ShapeError } from "../tensor/shape.ts";

/** An 8-bit picture, row-major, channels interleaved: grey (1) or RGB (3). */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

export function raster(width: number, height: number, channels: 1 | 3, data?: Uint8Array): Raster {
  const size = width * height * channels;
  if (data && data.length !== size)
    throw new RangeError(`raster: ${data.length} bytes do not fill ${width} × ${height} × ${channels}`);
  return { width, height, channels, data: data ?? new Uint8Array(size) };
}

/** The most pixels that a picture from a file may have: a small file can declare any number. */
const MAX_PIXELS = 2 ** 25;

/** @throws UserError where a file's picture has no pixels, or more than 2²⁵. */
export function requirePixels(file: string, kind: "PNG" | "JPEG", width: number, height: number): void {
  if (width === 0 || height === 0)
    throw new UserError(`${file}: this ${kind} file is damaged (its size is ${width} × ${height} pixels).`);
  if (width * height > MAX_PIXELS)
    throw new UserError(
      `${file}: this ${kind} file unpacks to ${width} × ${height} pixels; at most ${MAX_PIXELS.toLocaleString("en-US")} ` +
        "are read. Make the picture smaller.",
    );
}

/** Grey by the luma weights of ITU-R BT.601, as PIL and OpenCV do. */
export function toGray(image: Raster): Raster {
  if (image.channels === 1) return image;
  const out = raster(image.width, image.height, 1);
  for (let i = 0; i < out.data.length; i++) {
    const [r, g, b] = [image.data[3 * i]!, image.data[3 * i + 1]!, image.data[3 * i + 2]!];
    out.data[i] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  }
  return out;
}

/** Whether every pixel is grey, as in a JPEG of a black-and-white picture. */
export const isGray = ({ channels, data }: Raster): boolean =>
  channels === 1 || data.every((v, i) => i % 3 === 0 || v === data[i - 1]);

export function toRgb(image: Raster): Raster {
  if (image.channels === 3) return image;
  const out = raster(image.width, image.height, 3);
  image.data.forEach((v, i) => {
    out.data.fill(v, 3 * i, 3 * i + 3);
  });
  return out;
}

export const withChannels = (image: Raster, channels: 1 | 3): Raster =>
  channels === 1 ? toGray(image) : toRgb(image);

/**
 * Resize: along each axis, area averaging where it shrinks, linear interpolation between pixel centres where it
 * grows (PyTorch's `area`, and `bilinear` with `align_corners=False`).
 */
export function resize(image: Raster, width: number, height: number): Raster {
  const { channels, data } = image;
  const columns = taps(image.width, width);
  const rows = taps(image.height, height);
  const stride = width * channels;
  const wide = new Float32Array(image.height * stride);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      const from = (y * image.width + first) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * data[from + k * channels + c]!;
        wide[y * stride + x * channels + c] = sum;
      }
    }
  const out = raster(width, height, channels);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y]!;
    for (let i = 0; i < stride; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * wide[(first + k) * stride + i]!;
      out.data[y * stride + i] = Math.round(sum);
    }
  }
  return out;
}

interface Tap {
  readonly first: number;
  readonly weights: readonly number[];
}

/** For each output pixel of one axis: the input pixels it is made of, and their weights. */
function taps(from: number, to: number): Tap[] {
  if (!(Number.isInteger(to) && to > 0)) throw new RangeError(`resize: ${to} is not a size in pixels`);
  const ratio = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (ratio <= 1) {
      const at = Math.min(Math.max((i + 0.5) * ratio - 0.5, 0), from - 1);
      const first = Math.floor(at);
      return { first, weights: at === first ? [1] : [1 - (at - first), at - first] };
    }
    const [start, end] = [i * ratio, (i + 1) * ratio];
    const first = Math.floor(start);
    // The tolerance keeps a rounding error of `end` from reaching one pixel further.
    const last = Math.ceil(end - 1e-9);
    const weights = Array.from(
      { length: last - first },
      (_, k) => (Math.min(end, first + k + 1) - Math.max(start, first + k)) / ratio,
    );
    return { first, weights };
  });
}

/** Resize so that the smaller side fits, then crop to the centre: the aspect ratio stays. */
export function resizeAndCrop(image: Raster, width: number, height: number): Raster {
  const scale = Math.max(width / image.width, height / image.height);
  const sized = resize(
    image,
    Math.max(width, Math.round(image.width * scale)),
    Math.max(height, Math.round(image.height * scale)),
  );
  return crop(sized, (sized.width - width) >> 1, (sized.height - height) >> 1, width, height);
}

export function crop(image: Raster, left: number, top: number, width: number, height: number): Raster {
  const out = raster(width, height, image.channels);
  const row = width * image.channels;
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * image.channels;
    out.data.set(image.data.subarray(start, start + row), y * row);
  }
  return out;
}

/** Every pixel as a block of `times` × `times`. */
export function enlarge(image: Raster, times: number): Raster {
  const { width, height, channels } = image;
  const out = raster(width * times, height * times, channels);
  for (let y = 0; y < out.height; y++)
    for (let x = 0; x < out.width; x++) {
      const from = (Math.floor(y / times) * width + Math.floor(x / times)) * channels;
      for (let c = 0; c < channels; c++) out.data[(y * out.width + x) * channels + c] = image.data[from + c]!;
    }
  return out;
}

/** The images of a batch [N, C, H, W] in [0, 1], C = 1 or 3. Values outside are clipped; NaN is refused. */
export function toRasters(batch: NdArray<"float32">): Raster[] {
  const [n, c, h, w] = batch.shape;
  if (batch.shape.length !== 4 || (c !== 1 && c !== 3))
    throw new ShapeError("toRasters", [batch.shape], "images are [N, 1, H, W] or [N, 3, H, W]");
  const area = h! * w!;
  return Array.from({ length: n! }, (_, i) => {
    const out = raster(w!, h!, c);
    for (let channel = 0; channel < c; channel++)
      for (let p = 0; p < area; p++) {
        const value = batch.data[(i * c + channel) * area + p]!;
        if (Number.isNaN(value)) throw new RangeError(`toRasters: image ${i} holds NaN`);
        out.data[p * c + channel] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    return out;
  });
}

export interface GridOptions {
  /** Images per row; by default the grid is about square. */
  columns?: number;
  /** Pixels between and around the images. */
  padding?: number;
  /** The grey of the padding, 0 … 255. */
  background?: number;
  /** Whole-number magnification, for small images. */
  scale?: number;
}

/** One RGB picture of many images of one size, row by row. */
export function imageGrid(images: NdArray<"float32"> | readonly Raster[], options: GridOptions = {}): Raster {
  const list = (
    Array.isArray(images) ? (images as readonly Raster[]) : toRasters(images as NdArray<"float32">)
  ).map(toRgb);
  const first = list[0];
  if (!first) throw new RangeError("imageGrid: there are no images");
  const { columns = Math.ceil(Math.sqrt(list.length)), padding = 2, background = 60, scale = 1 } = options;
  const [w, h] = [first.width * scale, first.height * scale];
  const rows = Math.ceil(list.length / columns);
  const out = raster(columns * (w + padding) + padding, rows * (h + padding) + padding, 3);
  out.data.fill(background);
  list.forEach((small, i) => {
    if (small.width !== first.width || small.height !== first.height)
      throw new RangeError(
        `imageGrid: image ${i} is ${small.width} × ${small.height}, image 0 is ${first.width} × ${first.height}`,
      );
    const image = scale === 1 ? small : enlarge(small, scale);
    const left = padding + (i % columns) * (w + padding);
    const top = padding + Math.floor(i / columns) * (h + padding);
    for (let y = 0; y < h; y++)
      out.data.set(image.data.subarray(3 * y * w, 3 * (y + 1) * w), 3 * ((top + y) * out.width + left));
  });
  return out;
}
