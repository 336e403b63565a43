/** batchSize → batch-size */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** A sentence of the library, which names options in backticks, as the shell says it. */
export const inFlags = (message: string): string =>
  message.replace(/option `(\w+)`/g, (_, name: string) => `--${kebab(name)}`);
