/** Things that work and are hardly ever meant. */
const said = new Set<string>();
let listen: (message: string) => void = (message) => console.warn(message);

/** Say it, the first time. */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  listen(message);
}

/**
 * Send warnings to `listener` instead of `console.warn`, each once, those already said too; gives the listener that was
 * there before.
 */
export function onWarning(listener: (message: string) => void): (message: string) => void {
  const before = listen;
  listen = listener;
  said.clear();
  return before;
}
