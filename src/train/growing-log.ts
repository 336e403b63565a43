/** A log of numbers that is read as it grows, by columns: a hundred long ones are read in a moment. */

/** Values of one metric, at increasing steps. */
export interface Series {
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

/** Numbers to which more are added. */
class Numbers {
  #all: Float64Array;
  #length: number;

  constructor(known: Float64Array = new Float64Array(0)) {
    this.#all = known;
    this.#length = known.length;
  }

  push(value: number): void {
    if (this.#length === this.#all.length) {
      const more = new Float64Array(Math.max(256, 2 * this.#length));
      more.set(this.#all);
      this.#all = more;
    }
    this.#all[this.#length++] = value;
  }

  get last(): number | undefined {
    return this.#length === 0 ? undefined : this.#all[this.#length - 1];
  }

  pop(): void {
    this.#length--;
  }

  /** A view of them, true until one is dropped. */
  get all(): Float64Array {
    return this.#all.subarray(0, this.#length);
  }
}

interface Column {
  readonly steps: Numbers;
  readonly values: Numbers;
}

/** A place in a line: its name, quoted and with its colon, and where its numbers go; the step's go nowhere. */
interface Slot {
  readonly name: Uint8Array;
  readonly column: Column | undefined;
}

const [QUOTE, COLON, BACKSLASH, COMMA, OPEN, CLOSE, MINUS, DOT, ZERO, NINE] = Array.from('":\\,{}-.09', (c) =>
  c.charCodeAt(0),
) as [number, number, number, number, number, number, number, number, number, number];
/** A float64 holds these powers of ten exactly. */
const DIGITS = 22;
const STEP = '"step":';
const NULL = new TextEncoder().encode("null");
const BREAK = 10;
const POWERS = Array.from({ length: DIGITS + 1 }, (_, i) => 10 ** i);

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

export class GrowingLog {
  /** Numbers of the lines that are no rows, from 1. */
  readonly damaged: number[];
  readonly #columns: Map<string, Column>;
  /** Those of the line before: the next line mostly has the same. */
  readonly #slots: Slot[] = [];
  #values: number[] = [];
  #latest: number;
  #rest = new Uint8Array(0);
  #line: number;
  #at = 0;

  /**
   * @param known What has been read already of whole lines.
   * @param line The number of the line that comes next, from 1.
   */
  constructor(known: ReadonlyMap<string, Series> = new Map(), line = 1, damaged: readonly number[] = []) {
    const columns = Array.from(known, ([name, { steps, values }]): [string, Column] => [
      name,
      { steps: new Numbers(steps), values: new Numbers(values) },
    ]);
    this.#columns = new Map(columns);
    this.#latest = Math.max(Number.NEGATIVE_INFINITY, ...columns.map(([, { steps }]) => steps.last ?? -1));
    this.#line = line;
    this.damaged = [...damaged];
  }

  /** The number of the line that comes next. */
  get line(): number {
    return this.#line;
  }

  /** The next part of the file. A run that went on from an earlier step is rewound: later rows are dropped. */
  push(part: Uint8Array | string): void {
    const more = typeof part === "string" ? encoder.encode(part) : part;
    const bytes = this.#rest.length === 0 ? more : joined(this.#rest, more);
    let from = 0;
    while (from < bytes.length) {
      // Where each line is read as it goes, nothing has to look for its end first.
      let to = bytes[from] === BREAK ? from : this.#plain(bytes, from);
      if (to < 0) {
        to = bytes.indexOf(BREAK, from);
        if (to < 0) break;
        if (!this.#other(decoder.decode(bytes.subarray(from, to)))) this.damaged.push(this.#line);
      }
      from = to + 1;
      this.#line++;
    }
    this.#rest = Uint8Array.from(bytes.subarray(from));
  }

  /** The metrics by name, each where it was logged; values that are no numbers are NaN. Views, true until the log is rewound. */
  series(): ReadonlyMap<string, Series> {
    // A line that turned out to be damaged may have named what no line has.
    const known = Array.from(this.#columns).filter(([, { steps }]) => steps.last !== undefined);
    return new Map(
      known.map(([name, { steps, values }]) => [name, { steps: steps.all, values: values.all }]),
    );
  }

  /**
   * A line as runs write them: names and numbers without spaces. Anything else is left to JSON.parse, several times as slow.
   * @returns Where its break is; −1 where it is another line, or not whole.
   */
  #plain(bytes: Uint8Array, from: number): number {
    if (bytes[from] !== OPEN) return -1;
    const values: number[] = this.#values;
    let [at, count, step] = [from + 1, 0, Number.NaN];
    for (;;) {
      let slot = this.#slots[count];
      if (!slot || !startsWith(bytes, at, slot.name)) {
        slot = this.#slot(bytes, at);
        if (!slot) return -1;
        this.#slots[count] = slot;
      }
      const value = this.#number(bytes, at + slot.name.length);
      if (value === undefined) return -1;
      if (!slot.column) step = value;
      values[count++] = value;
      const next = bytes[this.#at];
      at = this.#at + 1;
      if (next === CLOSE && bytes[at] === BREAK) break;
      if (next !== COMMA) return -1;
    }
    if (Number.isNaN(step)) return -1;
    this.#slots.length = count;
    this.#rewind(step);
    for (let i = 0; i < count; i++) add(this.#slots[i]!.column, step, values[i]!);
    return at;
  }

  /** The name that begins here, if it is one without escapes. */
  #slot(bytes: Uint8Array, at: number): Slot | undefined {
    if (bytes[at] !== QUOTE) return undefined;
    const end = bytes.indexOf(QUOTE, at + 1) + 2;
    if (end < 2 || bytes[end - 1] !== COLON) return undefined;
    const name = Uint8Array.from(bytes.subarray(at, end));
    if (name.includes(BACKSLASH) || name.includes(BREAK)) return undefined;
    const text = decoder.decode(name);
    return { name, column: text === STEP ? undefined : this.#column(text.slice(1, -2)) };
  }

  /**
   * The number that begins here, and `#at` behind it; NaN for null. Exact up to fifteen digits; with more, its last bits may differ from
   * what JSON.parse makes of it, which takes twice as long.
   */
  #number(bytes: Uint8Array, from: number): number | undefined {
    if (startsWith(bytes, from, NULL)) {
      this.#at = from + 4;
      return Number.NaN;
    }
    const negative = bytes[from] === MINUS;
    let [at, whole, digits, decimals] = [negative ? from + 1 : from, 0, 0, -1];
    for (; at < bytes.length; at++) {
      const c = bytes[at]!;
      if (c >= ZERO && c <= NINE) {
        whole = 10 * whole + c - ZERO;
        digits++;
        if (decimals >= 0) decimals++;
      } else if (c === DOT && decimals < 0) decimals = 0;
      else break;
    }
    const next = bytes[at];
    if (digits > 0 && digits <= DIGITS && (next === COMMA || next === CLOSE)) {
      this.#at = at;
      const value = decimals > 0 ? whole / POWERS[decimals]! : whole;
      return negative ? -value : value;
    }
    while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== CLOSE && bytes[at] !== BREAK) at++;
    this.#at = at;
    const value = Number(at > from ? decoder.decode(bytes.subarray(from, at)) : Number.NaN);
    return Number.isNaN(value) ? undefined : value;
  }

  #other(line: string): boolean {
    let row: Readonly<Record<string, unknown>> | null;
    try {
      row = JSON.parse(line) as typeof row;
    } catch {
      return false;
    }
    if (typeof row?.step !== "number") return false;
    this.#rewind(row.step);
    for (const [name, value] of Object.entries(row))
      if (name !== "step") add(this.#column(name), row.step, typeof value === "number" ? value : Number.NaN);
    return true;
  }

  #rewind(step: number): void {
    if (step < this.#latest)
      for (const { steps, values } of this.#columns.values())
        while ((steps.last ?? step) > step) {
          steps.pop();
          values.pop();
        }
    this.#latest = step;
  }

  #column(name: string): Column {
    const column = this.#columns.get(name) ?? { steps: new Numbers(), values: new Numbers() };
    this.#columns.set(name, column);
    return column;
  }
}

function startsWith(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

function add(column: Column | undefined, step: number, value: number): void {
  column?.steps.push(step);
  column?.values.push(value);
}
