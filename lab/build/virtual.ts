import type { Plugin } from "vite";

/** A module that is made while building: its name begins with `virtual:`, and the files it is made from are watched. */
export function virtual(
  prefix: string,
  make: (rest: string) => Promise<{ readonly code: string; readonly from?: readonly string[] }>,
): Plugin {
  const start = `virtual:${prefix}`;
  return {
    name: `galatea-lab:${prefix}`,
    resolveId: (id) => (id.startsWith(start) ? `\0${id}` : undefined),
    async load(id) {
      if (!id.startsWith(`\0${start}`)) return undefined;
      const { code, from = [] } = await make(id.slice(start.length + 2));
      for (const file of from) this.addWatchFile(file);
      return { code, map: null };
    },
  };
}

/** A module whose default export is this value. */
export const exporting = (value: unknown): string => `export default ${JSON.stringify(value)};`;
