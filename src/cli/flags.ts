/** batchSize → batch-size */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** A message of the library, which names options in backticks, with the shell's flags instead. */
export const inFlags = (message: string): string =>
  message.replace(/option `(\w+)`/g, (_, name: string) => `--${kebab(name)}`);
