import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../errors.ts";

/**
 * Write a file so that readers, and a crash at any moment, find the old bytes or the new ones and never a part:
 * a temporary name in the same folder, fsync, rename, fsync of the folder. Missing folders are made.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = hiddenName(path, "tmp");
  try {
    await writeSynced(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileProblem(error, path) ?? error;
  }
  await syncFolder(folder);
}

/**
 * Write a folder of files all or nothing: filled under a temporary name, synced, renamed. A folder that is
 * already there is moved aside first and removed last; `sweepLeftovers` restores it if the process dies in between.
 */
export async function writeFolderAtomic(
  path: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const parent = dirname(path);
  await makeFolder(parent);
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
    throw fileProblem(error, path) ?? error;
  }
}

/**
 * Clear what a killed writer left in `folder`: half-written temporaries are removed; a folder that had been moved
 * aside is restored if its successor never arrived. Call it while no other process is writing, as before a resume.
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

/** Magic numbers of pseudo file systems, in which no files can be made: proc, sysfs. */
const PSEUDO = new Set([0x9fa0, 0x62656572]);

/**
 * Make a folder and those above it.
 * @throws UserError where a file is in the way, or nothing can be written.
 */
export async function makeFolder(path: string): Promise<void> {
  await refusePseudo(path);
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw fileProblem(error, path) ?? error;
  }
}

/** Node's recursive mkdir never returns on these. */
async function refusePseudo(path: string): Promise<void> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const type = await statfs(at).then(
      (stats) => stats.type,
      () => undefined,
    );
    if (type !== undefined && PSEUDO.has(type))
      throw new UserError(`${path}: ${at} is not a place for files; choose another folder`);
    if (type !== undefined || at === dirname(at)) return;
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: "you may not write or read there; choose another place, or change its permissions",
  EPERM: "you may not write or read there; choose another place, or change its permissions",
  EROFS: "that disk is read-only; choose another place",
  ENOSPC: "the disk is full; make room, or choose another place",
  EDQUOT: "your share of the disk is full; make room, or choose another place",
  ENOTDIR: "a file stands where a folder is expected; choose another place, or move the file",
  EEXIST: "a file stands where a folder is expected; choose another place, or move the file",
  EISDIR: "that is a folder, and a file was expected",
  ENAMETOOLONG: "that name is too long for the file system",
  ENOENT: "there is no such file or folder",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
};

/** A file system error as a UserError about `path`, or the file the error names; undefined where it is another error. */
export function fileProblem(error: unknown, path?: string): UserError | undefined {
  const { code, path: named } = (error ?? {}) as NodeJS.ErrnoException;
  const problem = code === undefined ? undefined : PROBLEMS[code];
  // The error of a write to an open file names no path.
  return problem === undefined ? undefined : new UserError(`${path ?? named ?? "a file"}: ${problem}`);
}

/** A text file's contents; undefined where there is none. */
export const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
