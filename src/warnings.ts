/** Warnings already given, about things that work but are hardly ever meant. */
const said = new Set<string>();
let listen: (message: string) => void = (message) => console.warn(message);

/** Warn, the first time only. */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  listen(message);
}

/**
 * Send warnings to `listener` instead of `console.warn`, each once, including those already given. Returns the previous
 * listener.
 */
export function onWarning(listener: (message: string) => void): (message: string) => void {
  const before = listen;
  listen = listener;
  said.clear();
  return before;
}
