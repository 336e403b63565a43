/** The bytes of an IDX file. */
export function idxBytes(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const out = new Uint8Array(4 + 4 * shape.length + data.length);
  out.set([0, 0, type, shape.length]);
  const view = new DataView(out.buffer);
  shape.forEach((d, i) => {
    view.setUint32(4 + 4 * i, d);
  });
  out.set(data, 4 + 4 * shape.length);
  return out;
}

export const counting = (n: number, modulus = 256): Uint8Array =>
  Uint8Array.from({ length: n }, (_, i) => i % modulus);
