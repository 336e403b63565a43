import { UserError } from "../errors.ts";
import { readAll } from "./bytes.ts";
import { cifarDataset } from "./cifar.ts";
import { type Data, imageData } from "./data.ts";
import { type Dataset, resizeDataset } from "./dataset.ts";
import { Downloads } from "./downloads.ts";
import { idxDataset, idxPair, type Limit } from "./idx.ts";
import { DIGITS, FASHION, noImages } from "./names.ts";
import { POINTS } from "./points.ts";
import { type OpenOptions as AnyOptions, type Opened, type Opener, openNamed } from "./sources.ts";
import { taskData } from "./tasks.ts";
import { decodeText, lineData, pairData, textData } from "./text.ts";
import { cmudictData, namesData, WORD_LISTS } from "./word-lists.ts";

export interface OpenOptions extends AnyOptions {
  /**
   * Where the files are: the URL of their folder, which paths in the name are relative to; or a function that gives
   * each file's URL by its name, as bundlers need it.
   */
  readonly url?: string | URL | ((file: string) => string | URL | undefined) | undefined;
  /** Only the first images of each part; only as much of the files is fetched and unpacked as that takes. */
  readonly limit?: Limit | undefined;
  /** Keep what was fetched in the browser's Cache API, where it has one. True by default. */
  readonly cache?: boolean | undefined;
  /** Called with the bytes fetched so far, and their total: undefined where a server does not say, or with a limit. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

/**
 * Open a data set in a page: "mnist" or "fashion-mnist" (the four IDX files, gzipped or not), "cifar10:FOLDER",
 * "idx:IMAGES[,LABELS]", "text:FILE", "lines:FILE", "pairs:FILE", "names" and "cmudict" (list.txt of the npm package humannames, index.js of
 * cmu-pronouncing-dictionary), "task:NAME", or points by name. Only its files are fetched, and only from `url`.
 * @throws UserError where there is no such data set, or a file of it cannot be fetched or is damaged.
 */
export async function openData<N extends string>(name: N, options: OpenOptions = {}): Promise<Opened<N>> {
  checkLimit(name, options.limit);
  return (await openNamed(name, OPENERS, options)) as Opened<N>;
}

const OPENERS: Readonly<Record<string, Opener<OpenOptions>>> = {
  mnist: images((_, name, files, { limit }) => idxDataset(name, DIGITS, files.get, limit)),
  "fashion-mnist": images((_, name, files, { limit }) => idxDataset(name, FASHION, files.get, limit)),
  ...POINTS,
  "cifar10:FOLDER": images((folder, name, files, { limit }) =>
    cifarDataset(name, (file) => files.get(`${folder}/${file}`), limit),
  ),
  "idx:IMAGES[,LABELS]": images((rest, name, files) => idxPair(name, rest, files.get)),
  names: text((_, list, options) => namesData(list, options), WORD_LISTS.names.file),
  cmudict: text((_, module, options) => cmudictData(module, options), WORD_LISTS.cmudict.file),
  "task:NAME": (rest, name, options) => {
    if (options.imageSize !== undefined) throw new UserError(noImages(name));
    return taskData(rest, name, options);
  },
  "text:FILE": text(textData),
  "lines:FILE": text(lineData),
  "pairs:FILE": text(pairData),
};
/** Data sets that can be limited to their first images: those stored in two parts. */
const LIMITED = /^(mnist|fashion-mnist|cifar10:.*)$/;

function images(
  open: (rest: string, name: string, files: Downloads, options: OpenOptions) => Promise<Dataset>,
): Opener<OpenOptions> {
  return async (rest, name, options) => {
    const files = new Downloads(name, options);
    const set = await open(rest, name, files, options);
    await files.keep();
    const { imageSize } = options;
    return imageData(imageSize === undefined ? set : resizeDataset(set, imageSize));
  };
}

/** `fixed`: the file's name, where the data set's name does not say it. */
function text(
  make: (name: string, text: string, options: OpenOptions) => Data,
  fixed?: string,
): Opener<OpenOptions> {
  return async (rest, name, options) => {
    const path = fixed ?? rest;
    if (options.imageSize !== undefined) throw new UserError(noImages(name));
    const files = new Downloads(name, options);
    const file = await files.get(path);
    const data = make(name, decodeText(await readAll(file), file.file), options);
    await files.keep();
    return data;
  };
}

function checkLimit(name: string, limit: Limit | undefined): void {
  if (!limit) return;
  if (!LIMITED.test(name))
    throw new UserError(`"${name}" cannot be limited to its first images: leave the limit out.`);
  for (const [part, count] of Object.entries(limit))
    if (count !== undefined && !(Number.isInteger(count) && count > 0))
      throw new UserError(
        `a limit of ${count} ${part} images is not possible: give a whole number, such as 1000.`,
      );
}
