import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { slice } from "../../../src/data/dataset.ts";
import { openMnist } from "../../../src/data/images.node.ts";
import {
  decodePca,
  encodePca,
  fitPca,
  type Pca,
  pcaReconstructionError,
} from "../../../src/generative/metrics/pca.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";

describe("on the middle 16 × 16 pixels of real digits, against NumPy's eigh", () => {
  let pca: Pca;
  let held: NdArray<"float32">[];
  const middle = ({ data, shape }: NdArray<"float32">): NdArray<"float32"> => {
    const out = new Float32Array(shape[0]! * 256);
    for (let i = 0; i < out.length; i++)
      out[i] = data[(i >> 8) * 784 + (6 + ((i >> 4) & 15)) * 28 + 6 + (i & 15)]!;
    return ndarray(out, [shape[0]!, 1, 16, 16]);
  };
  beforeAll(async () => {
    const { train, test: unseen } = await openMnist();
    pca = fitPca([0, 2500].map((at) => middle(slice(train, at, at + 2500).images)));
    held = [0, 400].map((at) => middle(slice(unseen, at, at === 0 ? 400 : 1000).images));
  });

  test("variances", () => {
    [4.75480934, 3.0459818, 2.61563016].forEach((v, i) => {
      expect(pca.variances[i]).toBeCloseTo(v, 6);
    });
    expect(pca.variances.reduce((a, b) => a + b, 0)).toBeCloseTo(40.854505224, 6);
  });
  test.each([
    [2, 0.12836543209798454],
    [8, 0.08455550872667954],
    [32, 0.03138455328846376],
    [128, 0.004427232968591276],
  ])("test error of %i components", (k, error) => {
    expect(Math.abs(pcaReconstructionError(pca, held, k) / error - 1)).toBeLessThan(1e-6);
  });
});

describe("whatever the data", () => {
  const rows = fc
    .record({ n: fc.integer({ min: 2, max: 12 }), d: fc.integer({ min: 1, max: 6 }) })
    .chain(({ n, d }) =>
      fc
        .array(fc.integer({ min: -8, max: 8 }), { minLength: n * d, maxLength: n * d })
        .map((values) => ndarray(Float32Array.from(values), [n, d])),
    );

  test("components are orthonormal, and all of them give the data back", () => {
    fc.assert(
      fc.property(rows, (x) => {
        const d = x.shape[1]!;
        const pca = fitPca([x]);
        for (let a = 0; a < d; a++)
          for (let b = 0; b < d; b++) {
            let dot = 0;
            for (let i = 0; i < d; i++) dot += pca.components[a * d + i]! * pca.components[b * d + i]!;
            expect(dot).toBeCloseTo(a === b ? 1 : 0, 9);
          }
        const back = decodePca(pca, encodePca(pca, x, d));
        back.data.forEach((v, i) => {
          expect(v).toBeCloseTo(x.data[i]!, 4);
        });
      }),
    );
  });

  test("on its own data the error of k components is the variance of the others", () => {
    fc.assert(
      fc.property(rows, (x) => {
        const pca = fitPca([x]);
        const d = x.shape[1]!;
        for (let k = 1; k <= d; k++) {
          const left = pca.variances.subarray(k).reduce((a, b) => a + b, 0) / d;
          expect(pcaReconstructionError(pca, [x], k)).toBeCloseTo(left, 5);
        }
      }),
    );
  });
});

test("what does not fit is refused", () => {
  const x = ndarray(Float32Array.of(1, 2, 3, 4, 5, 7), [3, 2]);
  const pca = fitPca([x]);
  expect(() => fitPca([])).toThrow("fitPca: 0 rows; at least two are needed");
  expect(() => fitPca([x, ndarray(new Float32Array(3), [1, 3])])).toThrow("rows of 2 values are expected");
  expect(() => encodePca(pca, x, 3)).toThrow("encodePca: 3 of 2 components");
  expect(() => encodePca(pca, ndarray(new Float32Array(3), [1, 3]), 1)).toThrow(
    "rows of 2 values are expected",
  );
});
