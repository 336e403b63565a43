import { UserError } from "../errors.ts";

/** Bytes, whole or as a stream, and the name of the file or URL they come from, for messages. */
export interface NamedBytes {
  readonly file: string;
  readonly bytes: Uint8Array | ReadableStream<Uint8Array>;
}

/**
 * Reads bytes piece by piece and unpacks gzipped ones. Little more is fetched and unpacked than is read, and a gzip's
 * checksum and length are checked at its end.
 */
export class ByteReader {
  readonly file: string;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #zipped: boolean;
  #left: Uint8Array = new Uint8Array();

  private constructor(file: string, stream: ReadableStream<Uint8Array>, zipped: boolean) {
    this.file = file;
    this.#reader = stream.getReader();
    this.#zipped = zipped;
  }

  static async open({ file, bytes }: NamedBytes): Promise<ByteReader> {
    const { stream, zipped } = await unpacked(bytes instanceof Uint8Array ? streamOf(bytes) : bytes);
    return new ByteReader(file, stream, zipped);
  }

  /** The next `count` bytes; fewer at the end. */
  async take(count: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let found = 0;
    while (found < count) {
      const piece = await this.#next();
      if (!piece) break;
      const used = piece.subarray(0, count - found);
      this.#left = piece.subarray(used.length);
      pieces.push(used);
      found += used.length;
    }
    return joined(pieces);
  }

  /** Reads to the end and returns how many bytes were left. */
  async finish(): Promise<number> {
    let count = 0;
    for (let piece = await this.#next(); piece; piece = await this.#next()) count += piece.length;
    return count;
  }

  /** Stop reading. */
  async cancel(): Promise<void> {
    // Errors in what is not read no longer matter.
    await this.#reader.cancel().catch(() => undefined);
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#left.length > 0) {
      const piece = this.#left;
      this.#left = new Uint8Array();
      return piece;
    }
    try {
      const { done, value } = await this.#reader.read();
      return done ? undefined : value;
    } catch (error) {
      if (error instanceof UserError || !this.#zipped) throw error;
      throw new UserError(
        `${this.file}: this gzip file is damaged or cut short (${(error as Error).message}). Fetch it again.`,
      );
    }
  }
}

/** All bytes of a file, unpacked where it is gzipped. */
export async function readAll(source: NamedBytes): Promise<Uint8Array> {
  const reader = await ByteReader.open(source);
  return reader.take(Number.POSITIVE_INFINITY);
}

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });

/** The stream, unpacked where it is gzipped: a gzip file begins with 1f 8b (RFC 1952). */
async function unpacked(
  stream: ReadableStream<Uint8Array>,
): Promise<{ stream: ReadableStream<Uint8Array>; zipped: boolean }> {
  const reader = stream.getReader();
  const head: Uint8Array[] = [];
  let ended = false;
  while (!ended && head.reduce((n, piece) => n + piece.length, 0) < 2) {
    const { done, value } = await reader.read();
    if (value) head.push(value);
    ended = done;
  }
  const next = async (): Promise<Uint8Array | undefined> => head.shift() ?? (await reader.read()).value;
  const cancel = (): Promise<void> => reader.cancel();
  const [first, second] = joined(head);
  const zipped = first === 0x1f && second === 0x8b;
  return { stream: zipped ? gunzip(next, cancel) : paced(next, cancel), zipped };
}

/** A stream of what `next` returns, called only when the stream is read. */
const paced = (
  next: () => Promise<Uint8Array | undefined>,
  cancel: () => Promise<void>,
): ReadableStream<Uint8Array> =>
  new ReadableStream(
    {
      async pull(controller) {
        const piece = await next();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel,
    },
    { highWaterMark: 0 },
  );

/** Packed bytes fed at a time: what they unpack to, at most a thousand times as many, is held at once. */
const PIECE = 1 << 14;

/**
 * The platform's gunzip, which checks checksum and length. It is fed only while it has no output to read: piped
 * through, Node's would run far ahead of its reader.
 */
function gunzip(
  next: () => Promise<Uint8Array | undefined>,
  cancel: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new DecompressionStream("gzip");
  const reader = (readable as ReadableStream<Uint8Array>).getReader();
  const writer = (writable as WritableStream<Uint8Array>).getWriter();
  // Errors in the bytes are thrown where the result is read.
  const heard = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
  let packed = new Uint8Array() as Uint8Array;
  let ended = false;
  const feed = async (): Promise<unknown> => {
    if (packed.length === 0) {
      const piece = await next();
      ended = !piece;
      if (!piece) return heard(writer.close());
      packed = piece;
    }
    const piece = packed.subarray(0, PIECE);
    packed = packed.subarray(piece.length);
    return heard(writer.write(piece));
  };
  // A write ends only when all of its output is read, which may take many reads.
  let feeding: Promise<unknown> | undefined;
  return paced(
    async () => {
      let settled = false;
      const result = reader.read();
      const known = heard(result).then(() => (settled = true));
      while (!settled && !ended) {
        feeding ??= feed().finally(() => (feeding = undefined));
        // Where the result comes first, the next read throws the feed's error.
        void heard(feeding);
        await Promise.race([feeding, known]);
      }
      return (await result).value;
    },
    async () => {
      void heard(writer.abort());
      await cancel();
    },
  );
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const out = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
