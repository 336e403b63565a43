import { UserError } from "../errors.ts";
import { hostPermutation, type Key } from "../tensor/random.ts";
import type { Examples, HostBatch } from "./data.ts";

/** Some of the examples, in the order of `indices`, as examples; nothing is copied. */
export const view = <B extends HostBatch>(examples: Examples<B>, indices: ArrayLike<number>): Examples<B> => {
  const within = (wanted: ArrayLike<number>): Int32Array =>
    Int32Array.from(wanted, (i) => {
      if (!(i >= 0 && i < indices.length))
        throw new RangeError(`there is no example ${i}; there are ${indices.length}`);
      return indices[i]!;
    });
  const { length } = indices;
  const batch = (wanted: ArrayLike<number>) => examples.batch(within(wanted));
  if (!examples.arrange) return { length, fields: examples.fields, batch };
  const placeOf = new Map(Array.from(indices, (i, place) => [i, place]));
  return {
    length,
    fields: examples.fields,
    batch,
    arrange: (order, batchSize) => examples.arrange!(within(order), batchSize).map((i) => placeOf.get(i)!),
  };
};

/**
 * Hold out a share of the examples for validation: ⌊share · length⌋ of them, at least one. They are the first of a
 * permutation of all, from `key.split("validation")`, in its order; the others stay in the order of the data.
 *
 * @param share between 0 and 1, both excluded
 * @throws UserError where the share is out of range, or one side would be empty.
 */
export function holdOutValidation<B extends HostBatch>(
  examples: Examples<B>,
  share: number,
  key: Key,
): { readonly train: Examples<B>; readonly validation: Examples<B> } {
  if (!(share > 0 && share < 1))
    throw new UserError(`a share of ${share} cannot be held out for validation: give one between 0 and 1.`);
  if (examples.length < 2)
    throw new UserError(
      `there is ${examples.length} example; at least 2 are needed to hold some out for validation.`,
    );
  const count = Math.max(1, Math.floor(share * examples.length));
  const order = hostPermutation(key.split("validation"), examples.length);
  return {
    validation: view(examples, order.slice(0, count)),
    train: view(examples, order.slice(count).sort()),
  };
}
