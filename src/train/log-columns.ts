/** Logs as columns of bytes: how a server sends what it has read of them, at a tenth of the text. */
import { GrowingLog, type Series } from "./growing-log.ts";

/** A log's name, what was read of it, and how many bytes of its file that was. */
export interface ReadLog {
  readonly name: string;
  readonly size: number;
  readonly log: GrowingLog;
}

/** A column before its numbers. */
interface ColumnHead {
  readonly name: string;
  readonly length: number;
  /** Steps at equal distances need not be sent: the first, and from each to the next. */
  readonly even?: readonly [first: number, by: number];
  /** Bytes of a value. */
  readonly bytes: 4 | 8;
}

interface Head {
  readonly name: string;
  readonly size: number;
  readonly line: number;
  readonly damaged: readonly number[];
  readonly columns: readonly ColumnHead[];
}

/** Up to here a float32 holds seven digits: more than a curve shows. Seconds since 1970 lie beyond. */
const NARROW = 2 ** 24;

function evenOf(steps: Float64Array): ColumnHead["even"] {
  const [first = 0, second = first] = steps;
  const by = second - first;
  return steps.every((step, i) => step === first + i * by) ? [first, by] : undefined;
}

function evenly(length: number, [first, by]: NonNullable<ColumnHead["even"]>): Float64Array {
  const steps = new Float64Array(length);
  for (let i = 0; i < length; i++) steps[i] = first + i * by;
  return steps;
}

function headOf(name: string, { steps, values }: Series): ColumnHead {
  const narrow = values.every((value) => !(Math.abs(value) > NARROW) || !Number.isFinite(value));
  const even = evenOf(steps);
  return { name, length: steps.length, ...(even && { even }), bytes: narrow ? 4 : 8 };
}

const bytesOf = (array: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Parts that make one answer: before each log the length of its head (four bytes, as the machine orders them) and its head. */
export function packLogs(logs: readonly ReadLog[]): Uint8Array[] {
  return logs.flatMap(({ name, size, log }) => {
    const series = [...log.series()];
    const columns = series.map(([column, one]) => headOf(column, one));
    const { line, damaged } = log;
    const head = new TextEncoder().encode(JSON.stringify({ name, size, line, damaged, columns }));
    const numbers = series.flatMap(([, { steps, values }], i) => [
      ...(columns[i]!.even ? [] : [bytesOf(steps)]),
      bytesOf(columns[i]!.bytes === 4 ? new Float32Array(values) : values),
    ]);
    return [new Uint8Array(Uint32Array.of(head.length).buffer), head, ...numbers];
  });
}

/** What was packed. */
export function unpackLogs(buffer: ArrayBuffer): ReadLog[] {
  let at = 0;
  const take = (bytes: number): ArrayBuffer => buffer.slice(at, (at += bytes));
  const logs: ReadLog[] = [];
  while (at < buffer.byteLength) {
    const length = new Uint32Array(take(4))[0]!;
    const head = JSON.parse(new TextDecoder().decode(take(length))) as Head;
    const series = head.columns.map(({ name, length: n, even, bytes }): [string, Series] => {
      const steps = even ? evenly(n, even) : new Float64Array(take(8 * n));
      const values =
        bytes === 4 ? new Float64Array(new Float32Array(take(4 * n))) : new Float64Array(take(8 * n));
      return [name, { steps, values }];
    });
    logs.push({
      name: head.name,
      size: head.size,
      log: new GrowingLog(new Map(series), head.line, head.damaged),
    });
  }
  return logs;
}
