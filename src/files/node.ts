import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Write a file so that a reader, or a crash at any moment, sees the old bytes or the new ones and never a part:
 * a temporary name in the same folder, fsync, rename, fsync of the folder. Missing folders are made.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = hiddenName(path, "tmp");
  try {
    await writeSynced(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Write a folder of files all or nothing: filled under a temporary name, synced, renamed. A folder that stands
 * there already is moved aside first and removed last; `sweepLeftovers` brings it back if we die in between.
 */
export async function writeFolderAtomic(
  path: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  const temporary = hiddenName(path, "tmp");
  const aside = hiddenName(path, "old");
  try {
    await mkdir(temporary);
    for (const [name, data] of Object.entries(files)) {
      const file = join(temporary, name);
      if (dirname(file) !== temporary)
        throw new RangeError(`writeFolderAtomic: "${name}" is not a plain file name`);
      await writeSynced(file, data);
    }
    await syncFolder(temporary);
    const replaced = await renameIfThere(path, aside);
    await rename(temporary, path);
    await syncFolder(parent);
    if (replaced) await rm(aside, { recursive: true });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Clear what a killed writer left in `folder`: half-written temporaries go; a folder that had been moved aside
 * comes back if its successor never arrived. Call it where no other process is writing, as before a resume.
 */
export async function sweepLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = /^\.(.+)\.[0-9a-f]{12}\.(tmp|old)$/.exec(name);
    if (!match) continue;
    const [, original, kind] = match as unknown as [string, string, "tmp" | "old"];
    const taken = kind === "tmp" || (await readdir(folder)).includes(original);
    if (taken) await rm(join(folder, name), { recursive: true, force: true });
    else await rename(join(folder, name), join(folder, original));
  }
  await syncFolder(folder);
}

const hiddenName = (path: string, kind: "tmp" | "old"): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.${kind}`);

async function writeSynced(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename survives a power cut once its folder is synced. Windows cannot open a folder, and needs no sync. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
