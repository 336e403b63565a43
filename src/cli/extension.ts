import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { WholeCatalog, WholeExtension } from "../catalog.ts";
import { UserError } from "../errors.ts";

const FLAG = "--with";

/** The arguments without `--with FILE`, and the files it names. */
export function takeExtensions(args: readonly string[]): {
  readonly args: string[];
  readonly files: string[];
} {
  const rest: string[] = [];
  const files: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === FLAG) {
      const file = args[++i];
      if (file === undefined)
        throw new UserError(`${FLAG} needs the path of your module: ${FLAG} ./my-models.ts`);
      files.push(file);
    } else if (arg.startsWith(`${FLAG}=`)) files.push(arg.slice(FLAG.length + 1));
    else rest.push(arg);
  }
  return { args: rest, files };
}

/** The catalogue with what users' modules export as their defaults. */
export async function withExtensions(catalog: WholeCatalog, files: readonly string[]): Promise<WholeCatalog> {
  const { withExtension } = await import("../catalog.ts");
  let all = catalog;
  for (const file of files) all = await withExtension(all, await load(file), file);
  return all;
}

async function load(file: string): Promise<WholeExtension> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UserError(`${file}: there is no such module`);
  const module = (await importModule(path, file)) as { default?: WholeExtension };
  const { default: extension } = module;
  if (typeof extension !== "object" || extension === null)
    throw new UserError(
      `${file} has no default export: export default { models: [myModel] } (also recipes, agents, environments, data)`,
    );
  return extension;
}

/** Import JavaScript as it is, TypeScript through jiti. Both import the same galatea as this program. */
async function importModule(path: string, file: string): Promise<unknown> {
  try {
    if (!/\.[cm]?tsx?$/.test(path)) return await import(pathToFileURL(path).href);
    const { createJiti } = await import("jiti");
    return await createJiti(import.meta.url).import(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
