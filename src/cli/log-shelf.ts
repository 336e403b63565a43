import { open } from "node:fs/promises";
import { GrowingLog } from "../train/growing-log.ts";

/** A log's whole lines as they were read last. */
export interface Shelved {
  readonly log: GrowingLog;
  /** Bytes of the file that were read. */
  readonly size: number;
  /** The last of them. */
  readonly tail: Uint8Array;
}

const NOTHING = (): Shelved => ({ log: new GrowingLog(), size: 0, tail: new Uint8Array(0) });
/** Bytes of logs that are kept: some hundred runs of a few metrics. */
const KEPT = 256 * 2 ** 20;
/** Bytes by which a log is known again: a row or two. */
const TAIL = 128;

/** Logs that were read: what is asked for again is read on from where it was. The longest unasked-for go first. */
export class LogShelf {
  readonly #logs = new Map<string, Shelved>();
  /** Those that are being read: who asks meanwhile has the same. */
  readonly #reading = new Map<string, Promise<Shelved>>();
  #bytes = 0;
  #ahead = false;

  /** What there is of a log by now. */
  read(path: string): Promise<Shelved> {
    const reading =
      this.#reading.get(path) ??
      readOn(path, this.#logs.get(path) ?? NOTHING())
        .then((one) => this.#keep(path, one))
        .finally(() => this.#reading.delete(path));
    this.#reading.set(path, reading);
    return reading;
  }

  /** Read these one after the other, once and as far as there is room, so that they are there when they are asked for. */
  async readAhead(logs: readonly (() => Promise<string | undefined>)[]): Promise<void> {
    if (this.#ahead) return;
    this.#ahead = true;
    for (const find of logs) {
      if (this.#bytes >= KEPT / 2) return;
      const path = await find();
      // One that cannot be read says so when it is asked for.
      if (path !== undefined) await this.read(path).catch(() => undefined);
    }
  }

  #keep(path: string, one: Shelved): Shelved {
    this.#bytes += one.size - (this.#logs.get(path)?.size ?? 0);
    this.#logs.delete(path);
    this.#logs.set(path, one);
    for (const [old, { size }] of this.#logs) {
      if (this.#bytes <= KEPT || old === path) break;
      this.#logs.delete(old);
      this.#bytes -= size;
    }
    return one;
  }
}

/** A log from where it was read; from its beginning, where it is not what it was: a run that went on from an earlier step was cut. */
async function readOn(path: string, known: Shelved): Promise<Shelved> {
  const file = await open(path);
  try {
    const { size: whole } = await file.stat();
    const begin = known.size - known.tail.length;
    const bytes = Buffer.allocUnsafe(Math.max(0, whole - begin));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
    const read = bytes.subarray(0, bytesRead);
    if (!read.subarray(0, known.tail.length).equals(known.tail)) return await readOn(path, NOTHING());
    const end = read.lastIndexOf("\n") + 1;
    known.log.push(read.subarray(known.tail.length, end));
    return {
      log: known.log,
      size: begin + end,
      tail: Uint8Array.from(read.subarray(Math.max(0, end - TAIL), end)),
    };
  } finally {
    await file.close();
  }
}
