import { UserError } from "../errors.ts";
import { allocate } from "../tensor/dtype.ts";
import { arrayName, isNdArray, type NdArray } from "../tensor/ndarray.ts";
import { fillShaped, Key, type Numbers } from "../tensor/random.ts";
import { showShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What the host passes where the traced function sees T. */
export type HostIn<T> = T extends Tensor
  ? NdArray | Float32Array | Int32Array | number
  : T extends Key
    ? Key
    : T extends readonly unknown[] | Record<string, unknown>
      ? { readonly [K in keyof T]: HostIn<T[K]> }
      : T;

/** What the host gets where the traced function returns T. */
export type HostOut<T> = T extends Tensor
  ? NdArray
  : T extends readonly unknown[] | Record<string, unknown>
    ? { -readonly [K in keyof T]: HostOut<T[K]> }
    : T;

/** A value that a call feeds, and where it stood among the arguments. */
export type Leaf = { readonly path: string; readonly value: NdArray | Key };

export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Host values in the place of leaves, in the order `describe` met them. */
export function asArray(value: unknown): NdArray | undefined {
  if (typeof value === "number") return { data: Float32Array.of(value), shape: [], dtype: "float32" };
  if (value instanceof Float32Array) return { data: value, shape: [value.length], dtype: "float32" };
  if (value instanceof Int32Array) return { data: value, shape: [value.length], dtype: "int32" };
  return isNdArray(value) ? value : undefined;
}

export function describe(value: unknown, path: string, leaves: Leaf[], name: string): string {
  if (value instanceof Tensor)
    throw new TypeError(
      `${name}, ${path}: a symbolic tensor was passed; pass its values (await tensor.value())`,
    );
  const array = value instanceof Key ? value : asArray(value);
  if (array instanceof Key) {
    leaves.push({ path, value: array });
    return "key";
  }
  if (array) {
    if (sizeOf(array.shape) !== array.data.length)
      throw new TypeError(
        `${name}, ${path}: ${array.data.length} values do not fill shape ${showShape(array.shape)}`,
      );
    leaves.push({ path, value: array });
    return `${array.dtype}${showShape(array.shape)}`;
  }
  if (Array.isArray(value))
    return `[${value.map((v, i) => describe(v, `${path}[${i}]`, leaves, name)).join()}]`;
  if (isPlain(value))
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}:${describe(v, `${path}.${k}`, leaves, name)}`)
      .join()}}`;
  if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean")
    return JSON.stringify(value) ?? "undefined";
  if (ArrayBuffer.isView(value))
    throw new TypeError(
      `${name}, ${path}: a ${arrayName(value)} has no dtype here; pass ndarray(array, shape, dtype), or convert it, as by Float32Array.from(values)`,
    );
  throw new TypeError(
    `${name}, ${path}: an array, number, key, string, boolean, or an object of them, was expected`,
  );
}

/** Where plain arrays of numbers stand in an argument. */
function plainLists(value: unknown, path: string): string[] {
  const numbers = (v: unknown): boolean =>
    typeof v === "number" || (Array.isArray(v) && v.length > 0 && v.every(numbers));
  if (Array.isArray(value))
    return numbers(value) ? [path] : value.flatMap((v, i) => plainLists(v, `${path}[${i}]`));
  return isPlain(value) ? Object.entries(value).flatMap(([k, v]) => plainLists(v, `${path}.${k}`)) : [];
}

/** An error met while tracing says what was being traced, and for which inputs. */
export function located(
  error: unknown,
  name: string,
  args: readonly unknown[],
  leaves: readonly Leaf[],
): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const inputs = leaves
    .slice(0, 8)
    .map(({ path, value }) =>
      value instanceof Key ? `${path} a key` : `${path} ${value.dtype}${showShape(value.shape)}`,
    );
  if (leaves.length > 8) inputs.push(`${leaves.length - 8} more`);
  const lists = args.flatMap((arg, i) => plainLists(arg, `argument ${i + 1}`));
  const { message } = error;
  error.message += `\n  while tracing ${name}${inputs.length > 0 ? ` for ${inputs.join(", ")}` : ""}`;
  for (const list of lists)
    error.message += `\n  ${list} is a plain array: each of its numbers came as a tensor of its own. For one tensor, pass fromNested(array)`;
  if (error.stack) error.stack = error.stack.replace(message, error.message);
  return error;
}

/** Room for the numbers of each random leaf among the feeds. */
export const roomFor = (feed: Tensor): NdArray | undefined =>
  feed.is("random")
    ? ({ data: allocate(feed.dtype, feed.size), shape: feed.shape, dtype: feed.dtype } as NdArray)
    : undefined;

/** What a feed leaf is given at this call: the caller's array, or the numbers of a random leaf's key. */
export function feedValue(feed: Tensor, leaves: readonly Leaf[], room: NdArray | undefined): NdArray {
  if (!feed.is("random")) return leaves[(feed as Tensor<"input">).attrs.index]!.value as NdArray;
  const { key, distribution } = feed.attrs;
  const concrete = "argument" in key.root ? key.resolve(leaves[key.root.argument]!.value as Key) : key;
  fillShaped(distribution, concrete, room!.data as Numbers, feed.shape);
  return room!;
}
