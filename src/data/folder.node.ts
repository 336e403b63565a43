import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Dataset, dataset, holdOut, type ImageShape, type Split, split } from "./dataset.ts";
import { isGray, type Raster, resizeAndCrop, withChannels } from "./image.ts";

export interface FolderOptions {
  /** Resize and crop every image to this many pixels per side; without it all images must be of one size. */
  readonly imageSize?: number | undefined;
  /** 1 for grey, 3 for RGB. By default grey where every image is grey. */
  readonly channels?: 1 | 3 | undefined;
  /** Called after each image that was read. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * A folder of PNG and JPEG images. Its sub-folders, in alphabetical order, are the classes (torchvision's
 * ImageFolder); images directly in it have no classes. Where it holds `train` and `test`, those are the splits;
 * otherwise every tenth image of the sorted list is held out.
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<Dataset> {
  const found = await list(path);
  const name = `folder:${path}`;
  if (!(found.folders.includes("train") && found.folders.includes("test"))) {
    const all = await walk(path);
    const { train, test } = holdOut(await read(path, all, options));
    return dataset(name, all.classes, train, test);
  }
  const parts = await Promise.all(["train", "test"].map((part) => walk(join(path, part))));
  const [train, test] = parts as [Walked, Walked];
  if (train.classes.join("/") !== test.classes.join("/"))
    throw new UserError(
      `${path}: train has the classes ${train.classes.join(", ") || "none"}, test has ${test.classes.join(", ") || "none"}; they must be the same.`,
    );
  const all = await read(path, { ...train, files: [...train.files, ...test.files] }, options);
  const size = all.images.length / all.length;
  const cut = (from: number, to: number): Split =>
    split(all.imageShape, all.images.subarray(from * size, to * size), all.labels?.subarray(from, to));
  const border = train.files.length;
  return dataset(name, train.classes, cut(0, border), cut(border, all.length));
}

interface Walked {
  files: { file: string; label: number }[];
  classes: string[];
}

async function walk(path: string): Promise<Walked> {
  const { files, folders } = await list(path);
  if (files.length > 0 && folders.length > 0)
    throw new UserError(
      `${path} holds images (${files[0]}) beside sub-folders (${folders[0]}). Put every image into a sub-folder, its class, or none.`,
    );
  const listed =
    folders.length > 0 ? await Promise.all(folders.map((c) => imagesBelow(join(path, c)))) : undefined;
  const result: Walked = listed
    ? { classes: folders, files: listed.flatMap((names, label) => names.map((file) => ({ file, label }))) }
    : { classes: [], files: files.map((file) => ({ file: join(path, file), label: 0 })) };
  if (result.files.length === 0)
    throw new UserError(`${path}: there is no PNG or JPEG image in this folder.`);
  const empty = listed?.findIndex((names) => names.length === 0) ?? -1;
  if (empty >= 0)
    throw new UserError(`${join(path, folders[empty]!)}: there is no PNG or JPEG image for this class.`);
  return result;
}

async function imagesBelow(path: string): Promise<string[]> {
  const { files, folders } = await list(path);
  const deeper = await Promise.all(folders.map((folder) => imagesBelow(join(path, folder))));
  return [...files.map((file) => join(path, file)), ...deeper.flat()];
}

async function list(path: string): Promise<{ files: string[]; folders: string[] }> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new UserError(`${path}: there is no such folder.`);
    if (error.code === "ENOTDIR") throw new UserError(`${path} is a file; a folder of images is expected.`);
    throw error;
  });
  const visible = entries.filter((entry) => !entry.name.startsWith("."));
  const names = (wanted: typeof entries) => wanted.map((entry) => entry.name).sort();
  return {
    files: names(visible.filter((entry) => !entry.isDirectory() && /\.(png|jpe?g)$/i.test(entry.name))),
    folders: names(visible.filter((entry) => entry.isDirectory())),
  };
}

async function read(path: string, { files, classes }: Walked, options: FolderOptions): Promise<Split> {
  const { imageSize, onProgress } = options;
  // Loaded only when images are read.
  const { decodeImage } = await import("./image-files.ts");
  const images: Raster[] = [];
  for (const { file } of files) {
    const image = decodeImage(await readFile(file), file);
    const first = images[0];
    const fitted = imageSize === undefined ? image : resizeAndCrop(image, imageSize, imageSize);
    if (first && (fitted.width !== first.width || fitted.height !== first.height))
      throw new UserError(
        `${path}: the images differ in size (${files[0]!.file} is ${first.width} × ${first.height}, ` +
          `${file} is ${image.width} × ${image.height}). Give an image size to resize them to, such as 32.`,
      );
    images.push(fitted);
    onProgress?.(images.length, files.length);
  }
  const channels = options.channels ?? (images.every(isGray) ? 1 : 3);
  const shape: ImageShape = [channels, images[0]!.height, images[0]!.width];
  const area = shape[1] * shape[2];
  const bytes = new Uint8Array(files.length * channels * area);
  images.forEach((image, i) => {
    const { data } = withChannels(image, channels);
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < area; p++) bytes[(i * channels + c) * area + p] = data[p * channels + c]!;
  });
  return split(shape, bytes, classes.length > 0 ? Int32Array.from(files, ({ label }) => label) : undefined);
}
