import { UserError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { IDX_FILES, idxDataset, type NamedBytes } from "./idx.ts";
import { DIGITS } from "./names.ts";

export interface FetchOptions {
  /** The classes' names; digits by default. */
  classes?: readonly string[];
  /** Appended to the file names, as ".gz". */
  suffix?: string;
  /** Bytes received so far, of all four files. */
  onProgress?: (bytes: number) => void;
}

/** A dataset of the four IDX files below a URL. */
export async function fetchDataset(
  name: string,
  base: string | URL,
  options: FetchOptions = {},
): Promise<Dataset> {
  const { classes = DIGITS, suffix = "", onProgress } = options;
  const folder = String(base).replace(/\/?$/, "/");
  let received = 0;
  const fetchFile = async (file: string): Promise<NamedBytes> => {
    const url = `${folder}${file}${suffix}`;
    return {
      file: url,
      bytes: await fetchBytes(url, (n) => {
        received += n;
        onProgress?.(received);
      }),
    };
  };
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all([
    fetchFile(IDX_FILES.trainImages),
    fetchFile(IDX_FILES.trainLabels),
    fetchFile(IDX_FILES.testImages),
    fetchFile(IDX_FILES.testLabels),
  ]);
  return idxDataset(name, classes, { trainImages, trainLabels, testImages, testLabels });
}

async function fetchBytes(url: string, onChunk: (bytes: number) => void): Promise<Uint8Array> {
  const response = await fetch(url).catch((error: Error) => {
    throw new UserError(`${url} cannot be fetched: ${error.message}`);
  });
  if (!response.ok || !response.body)
    throw new UserError(
      `${url} cannot be fetched: the server answers ${response.status} ${response.statusText}`,
    );
  const chunks: Uint8Array[] = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    onChunk(part.value.length);
  }
  const bytes = new Uint8Array(chunks.reduce((n, chunk) => n + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
