/** Any value as a short text for a message; equal texts for equal observations. */
export function show(x: unknown): string {
  if (typeof x === "number" || x === undefined) return String(x);
  if (ArrayBuffer.isView(x))
    return `${x.constructor.name}(${Array.from(x as unknown as ArrayLike<number>).join(", ")})`;
  if (Array.isArray(x)) return `[${x.map(show).join(", ")}]`;
  if (typeof x !== "object" || x === null) return JSON.stringify(x) ?? typeof x;
  return `{${Object.entries(x)
    .map(([key, value]) => `${key}: ${show(value)}`)
    .join(", ")}}`;
}
