import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../errors.ts";
import { type Data, imageData } from "./data.ts";
import { type Dataset, resizeDataset } from "./dataset.ts";
import { openFolder } from "./folder.node.ts";
import { readGpt2Folder } from "./gpt2-tokenizer.node.ts";
import { openCifar, openFashion, openIdxPair, openMnist, packageFolder } from "./images.node.ts";
import { type DATASETS, noImages } from "./names.ts";
import { POINTS } from "./points.ts";
import { type OpenOptions as AnyOptions, type Opened, type Opener, openNamed } from "./sources.ts";
import type { TokenizerSpec } from "./spec.ts";
import { TANG, tangData } from "./tang.ts";
import { taskData } from "./tasks.ts";
import { decodeText, lineData, pairData, textData } from "./text.ts";
import { cmudictData, namesData, rhymesData, WORD_LISTS } from "./word-lists.ts";

export interface OpenOptions extends AnyOptions {
  /** Where data sets that are not shipped are looked for: `DIR/fashion-mnist/`. `data` by default. */
  readonly dataDir?: string | undefined;
}

/**
 * Open a data set by its name, as `DATASETS` lists them: "mnist", "folder:photos", "text:book.txt", "ring-8".
 * @throws UserError where there is no such data set, a file of it is missing or damaged, or the options do not fit it.
 */
export const openData = <N extends string>(name: N, options: OpenOptions = {}): Promise<Opened<N>> =>
  openNamed(name, OPENERS, options) as Promise<Opened<N>>;

const OPENERS: Readonly<Record<keyof typeof DATASETS, Opener<OpenOptions>>> = {
  mnist: images(() => openMnist()),
  "fashion-mnist": images((_, __, { dataDir = "data" }) => openFashion(join(dataDir, "fashion-mnist"))),
  ...POINTS,
  "folder:PATH": images((path, _, options) => openFolder(path, options)),
  "cifar10:FOLDER": images((folder, name) => openCifar(name, folder)),
  "idx:IMAGES[,LABELS]": images((files, name) => openIdxPair(name, files)),
  names: text(
    (_, list, options) => namesData(list, options),
    () => readPackage("names"),
  ),
  cmudict: text(
    (_, module, options) => cmudictData(module, options),
    () => readPackage("cmudict"),
  ),
  "tang-poems": async (_, name, options) => tang("", name, options),
  "tang-poems:FORM": tang,
  rhymes: text(
    (_, module, options) => rhymesData(module, options),
    () => readPackage("rhymes"),
  ),
  "rhymes:N": text(
    (name, module, options) => rhymesData(module, { ...options, name }),
    () => readPackage("rhymes"),
  ),
  "task:NAME": (rest, name, options) => {
    if (options.imageSize !== undefined) throw new UserError(noImages(name));
    return taskData(rest, name, options);
  },
  "text:PATH": text(textData, readTexts),
  "lines:FILE": text(lineData, readText),
  "pairs:FILE": text(pairData, readText),
};

function images(
  open: (rest: string, name: string, options: OpenOptions) => Promise<Dataset>,
): Opener<OpenOptions> {
  return async (rest, name, options) => {
    const set = await open(rest, name, options);
    const { imageSize, onProgress } = options;
    return imageData(imageSize === undefined ? set : resizeDataset(set, imageSize, onProgress));
  };
}

function text(
  make: (name: string, text: string, options: OpenOptions) => Data,
  read: (path: string) => Promise<string>,
): Opener<OpenOptions> {
  return async (path, name, options) => {
    if (options.imageSize !== undefined) throw new UserError(noImages(name));
    return make(name, await read(path), { ...options, tokenizer: await tokenizerFrom(options.tokenizer) });
  };
}

/** From the package, as the project or this one has it. */
async function tang(form: string, name: string, options: OpenOptions): Promise<Data> {
  if (options.imageSize !== undefined) throw new UserError(noImages(name));
  const here = pathToFileURL(join(process.cwd(), "package.json")).href;
  const installed = packageFolder(TANG.package, here) ?? packageFolder(TANG.package, import.meta.url);
  if (!installed)
    throw new UserError(
      `the poems of the Tang come with the npm package ${TANG.package} (85 MB), which is not on this machine: npm i ${TANG.package}@${TANG.version}`,
    );
  const folder = join(installed, TANG.folder);
  const numbered = (await readdir(folder)).flatMap((file) => {
    const number = TANG.file.exec(file)?.[1];
    return number === undefined ? [] : [{ file, number: Number(number) }];
  });
  const files = numbered.sort((a, b) => a.number - b.number).map(({ file }) => readText(join(folder, file)));
  const tokenizer = await tokenizerFrom(options.tokenizer);
  return tangData(name, form, await Promise.all(files), { ...options, tokenizer });
}

/** Replaces "gpt2:FOLDER" by the tokenizer in its files. */
const tokenizerFrom = async (
  choice: OpenOptions["tokenizer"],
): Promise<string | TokenizerSpec | undefined> =>
  typeof choice === "string" && choice.startsWith("gpt2:")
    ? (await readGpt2Folder(choice.slice("gpt2:".length))).spec
    : choice;

/** The text of a data set that comes in a package. */
async function readPackage(name: keyof typeof WORD_LISTS): Promise<string> {
  const { package: from, file } = WORD_LISTS[name];
  const folder = packageFolder(from, import.meta.url);
  if (!folder)
    throw new UserError(
      `the data set "${name}" comes with the npm package ${from}, which is missing: npm install`,
    );
  return readText(join(folder, file));
}

/** A text file; or all .txt files in a folder and its sub-folders, sorted by name, each ending with a line break. */
async function readTexts(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return readText(path);
  const below = await readdir(path, { recursive: true, withFileTypes: true });
  const files = below
    .filter((entry) => entry.isFile() && entry.name.endsWith(".txt") && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw new UserError(`${path}: there is no .txt file in this folder.`);
  const texts = await Promise.all(files.map(readText));
  return texts.map((part) => (part.endsWith("\n") ? part : `${part}\n`)).join("");
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new UserError(`${file}: there is no such file.`);
    if (error.code === "EISDIR") throw new UserError(`${file} is a folder; a text file is expected.`);
    throw error;
  });
  return decodeText(bytes, file);
}
