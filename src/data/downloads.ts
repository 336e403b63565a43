import { UserError } from "../errors.ts";
import type { NamedBytes } from "./bytes.ts";
import type { Limit } from "./idx.ts";

export interface DownloadOptions {
  readonly url?: string | URL | ((file: string) => string | URL | undefined) | undefined;
  readonly limit?: Limit | undefined;
  readonly cache?: boolean | undefined;
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

/** The name of the cache (Cache API) that files are kept in. */
const CACHE = "galatea";

/** Fetches the files of one data set in a page. */
export class Downloads {
  readonly #name: string;
  readonly #options: DownloadOptions;
  readonly #store: Promise<Cache | undefined>;
  readonly #fetched: { readonly key: string; readonly pieces: readonly Uint8Array[] }[] = [];
  #received = 0;
  #total: number | undefined = 0;

  constructor(name: string, options: DownloadOptions) {
    this.#name = name;
    this.#options = options;
    // Pages without a secure context have no cache, and those in a sandbox may not open theirs.
    const exists = options.cache !== false && "caches" in globalThis;
    this.#store = exists ? caches.open(CACHE).catch(() => undefined) : Promise.resolve(undefined);
  }

  /** A file by its name, from the cache or from its URL. */
  readonly get = async (file: string): Promise<NamedBytes> => {
    const url = this.#urlOf(file);
    const store = await this.#store;
    const key = this.#keyOf(url);
    const kept = await store?.match(key);
    const response = kept ?? (await request(url));
    const pieces: Uint8Array[] = [];
    if (store && !kept) this.#fetched.push({ key, pieces });
    this.#expect(response);
    const bytes = watched(response.body!, url, (piece) => {
      if (store && !kept) pieces.push(piece);
      this.#received += piece.length;
      this.#options.onProgress?.(this.#received, this.#total);
    });
    return { file: url, bytes };
  };

  /**
   * Cache what was fetched. Call it once everything was read without error, so that no damaged file is kept. A file
   * that was not read to its end is kept as far as it was read, under the limit it was read for.
   */
  async keep(): Promise<void> {
    const store = await this.#store;
    // With a full disk the next visit fetches again; this one is not disturbed.
    for (const { key, pieces } of this.#fetched)
      await store?.put(key, new Response(new Blob([...pieces] as BlobPart[]))).catch(() => undefined);
  }

  #urlOf(file: string): string {
    const { url } = this.#options;
    const found = typeof url === "function" ? url(file) : fileBelow(url, file);
    if (found === undefined)
      throw new UserError(
        typeof url === "function"
          ? `the function that gives the URLs of "${this.#name}" gives none for "${file}".`
          : `in a page "${this.#name}" must be fetched: give the URL of the folder with its files (url).`,
      );
    return String(found);
  }

  #keyOf(url: string): string {
    const { limit } = this.#options;
    if (!limit) return url;
    const key = new URL(url, globalThis.location?.href);
    key.searchParams.set("galatea-limit", `${limit.train ?? "all"}-${limit.test ?? "all"}`);
    return key.href;
  }

  /** The server gives the length of what it sends, which may be compressed. */
  #expect({ headers }: Response): void {
    const length = headers.get("content-encoding") === null ? headers.get("content-length") : null;
    const known = this.#total !== undefined && length !== null && !this.#options.limit;
    this.#total = known ? this.#total! + Number(length) : undefined;
  }
}

function fileBelow(url: string | URL | undefined, file: string): string | undefined {
  const page = globalThis.location?.href;
  if (url === undefined) return /^https?:/.test(file) ? file : undefined;
  return new URL(file, new URL(String(url).replace(/\/?$/, "/"), page)).href;
}

async function request(url: string): Promise<Response> {
  const response = await fetch(url).catch((error: Error) => {
    throw new UserError(
      `${url} cannot be fetched: ${error.message}. Files of another site need that site's permission (CORS).`,
    );
  });
  if (!response.ok || !response.body)
    throw new UserError(
      `${url} cannot be fetched: the server answers ${response.status} ${response.statusText}`,
    );
  const type = response.headers.get("content-type") ?? "";
  // Servers of single-page applications send their page for any address.
  if (type.startsWith("text/html") && !/\.html?$/.test(new URL(response.url).pathname))
    throw new UserError(
      `${url} cannot be fetched: the server sends a web page instead. Is the address right?`,
    );
  return response;
}

/** The same bytes: `see` is called with each piece, and a broken connection is a UserError. */
function watched(
  stream: ReadableStream<Uint8Array>,
  url: string,
  see: (piece: Uint8Array) => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: Error) => {
        throw new UserError(`${url}: the connection broke off (${error.message}). Try again.`);
      });
      if (done) return controller.close();
      see(value);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
