/**
 * Any value as text for messages and comparisons: equal observations, states and infos give equal texts. Maps and
 * sets are shown with their contents, functions without, and an object within itself as "…".
 */
export function show(x: unknown): string {
  return shown(x, []);
}

function shown(x: unknown, within: readonly object[]): string {
  if (typeof x === "number" || x === undefined) return String(x);
  if (typeof x === "bigint") return `${x}n`;
  if (ArrayBuffer.isView(x) && !(x instanceof DataView))
    return `${x.constructor.name}(${Array.from(x as unknown as ArrayLike<number>).join(", ")})`;
  if (typeof x !== "object" || x === null) return JSON.stringify(x) ?? typeof x;
  if (within.includes(x)) return "…";
  const inside = [...within, x];
  const list = (items: Iterable<unknown>): string =>
    Array.from(items, (item) => shown(item, inside)).join(", ");
  if (Array.isArray(x)) return `[${list(x)}]`;
  if (x instanceof Set) return `Set(${list(x)})`;
  const [name, entries] = x instanceof Map ? ["Map", [...x]] : ["", Object.entries(x)];
  return `${name}{${(entries as [unknown, unknown][])
    .map(([key, value]) => `${typeof key === "string" ? key : shown(key, inside)}: ${shown(value, inside)}`)
    .join(", ")}}`;
}
