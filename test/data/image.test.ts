import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  crop,
  enlarge,
  imageGrid,
  raster,
  resize,
  resizeAndCrop,
  toGray,
  toRasters,
  toRgb,
} from "../../src/data/image.ts";
import { ndarray } from "../../src/tensor/ndarray.ts";

const sample = raster(
  6,
  4,
  1,
  Uint8Array.of(
    10,
    200,
    30,
    90,
    160,
    250,
    0,
    255,
    40,
    80,
    120,
    60,
    5,
    15,
    25,
    35,
    45,
    55,
    250,
    240,
    230,
    220,
    210,
    100,
  ),
);
const anyRaster = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    channels: fc.constantFrom(1 as const, 3 as const),
  })
  .chain((size) => {
    const length = size.width * size.height * size.channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => raster(size.width, size.height, size.channels, data));
  });
const size = fc.integer({ min: 1, max: 12 });

describe("resize", () => {
  // Values of PyTorch 1.13: F.interpolate(x, mode="area"), and mode="bilinear", align_corners=False.
  test.each([
    ["shrinks as PyTorch's area", 3, 2, [116.25, 60.0, 147.5, 127.5, 127.5, 102.5]],
    [
      "grows as PyTorch's bilinear",
      9,
      7,
      [
        10.0, 105.0, 171.67, 58.33, 60.0, 101.67, 148.33, 205.0, 250.0, 6.43, 113.04, 188.63, 64.58, 60.0,
        96.31, 135.83, 163.93, 182.14, 0.71, 125.89, 215.77, 74.58, 60.0, 87.74, 115.83, 98.21, 73.57, 2.5,
        68.75, 117.92, 49.58, 45.0, 61.67, 78.33, 70.0, 57.5, 22.5, 26.79, 32.5, 38.21, 43.93, 49.64, 55.36,
        57.5, 58.21, 162.5, 161.07, 159.17, 157.26, 155.36, 153.45, 151.55, 117.5, 83.93, 250.0, 245.0,
        238.33, 231.67, 225.0, 218.33, 211.67, 155.0, 100.0,
      ],
    ],
  ])("%s", (_, width, height, expected) => {
    const { data } = resize(sample, width, height);
    expect(data.length).toBe(expected.length);
    expected.forEach((v, i) => {
      expect(Math.abs(data[i]! - v)).toBeLessThan(0.51);
    });
  });
  test("a shrink by a fraction weighs pixels by their coverage", () => {
    expect([...resize(raster(3, 1, 1, Uint8Array.of(0, 90, 240)), 2, 1).data]).toEqual([30, 190]);
  });
  test("stays within the range of the input, and keeps a flat picture flat", () => {
    fc.assert(
      fc.property(anyRaster, size, size, (image, w, h) => {
        const out = resize(image, w, h);
        expect(Math.min(...out.data)).toBeGreaterThanOrEqual(Math.min(...image.data));
        expect(Math.max(...out.data)).toBeLessThanOrEqual(Math.max(...image.data));
        const flat = resize(
          raster(image.width, image.height, 1, new Uint8Array(image.width * image.height).fill(77)),
          w,
          h,
        );
        expect(new Set(flat.data)).toEqual(new Set([77]));
      }),
    );
  });
  test("to the same size, and back from whole enlargements, changes nothing", () => {
    fc.assert(
      fc.property(anyRaster, fc.integer({ min: 1, max: 4 }), (image, times) => {
        expect(resize(image, image.width, image.height)).toEqual(image);
        expect(resize(enlarge(image, times), image.width, image.height)).toEqual(image);
      }),
    );
  });
  test("refuses a size that is none", () => {
    expect(() => resize(sample, 0, 3)).toThrow("0 is not a size in pixels");
  });
});

test("crop, and resizeAndCrop keeps the middle without squeezing", () => {
  expect([...crop(sample, 1, 2, 2, 2).data]).toEqual([15, 25, 240, 230]);
  const bars = raster(4, 2, 1, Uint8Array.of(0, 100, 200, 250, 0, 100, 200, 250));
  expect([...resizeAndCrop(bars, 2, 2).data]).toEqual([100, 200, 100, 200]);
});

test("grey by BT.601, and grey to RGB and back is the identity", () => {
  expect([...toGray(raster(3, 1, 3, Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255))).data]).toEqual([
    76, 150, 29,
  ]);
  const ramp = raster(
    256,
    1,
    1,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );
  expect(toGray(toRgb(ramp))).toEqual(ramp);
});

describe("batches as pictures", () => {
  test("toRasters interleaves channels, rounds and clips", () => {
    const batch = ndarray(Float32Array.of(0, 1, 0.5, -3, 7, 0.2), [1, 3, 1, 2]);
    expect([...toRasters(batch)[0]!.data]).toEqual([0, 128, 255, 255, 0, 51]);
  });
  test("imageGrid: sizes, padding and places", () => {
    const batch = ndarray(Float32Array.of(0, 0.2, 0.4, 0.6, 1), [5, 1, 1, 1]);
    const grid = imageGrid(batch, { padding: 1, background: 9 });
    expect([grid.width, grid.height, grid.channels]).toEqual([7, 5, 3]);
    const at = (x: number, y: number) => grid.data[3 * (y * grid.width + x)];
    expect([at(1, 1), at(3, 1), at(5, 1), at(1, 3), at(3, 3), at(5, 3), at(0, 0), at(6, 4)]).toEqual([
      0, 51, 102, 153, 255, 9, 9, 9,
    ]);
    const large = imageGrid(batch, { columns: 5, padding: 0, scale: 3 });
    expect([large.width, large.height]).toEqual([15, 3]);
  });
  test("what is no batch of images is refused", () => {
    expect(() => toRasters(ndarray(new Float32Array(8), [2, 4]))).toThrow(
      "toRasters([2, 4]): images are [N, 1, H, W]",
    );
    expect(() => toRasters(ndarray(Float32Array.of(Number.NaN), [1, 1, 1, 1]))).toThrow("image 0 holds NaN");
    expect(() => imageGrid([])).toThrow("there are no images");
    expect(() => imageGrid([raster(1, 1, 1), raster(2, 1, 1)])).toThrow("image 1 is 2 × 1, image 0 is 1 × 1");
  });
});
