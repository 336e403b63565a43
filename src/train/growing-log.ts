/** A log of numbers that is read as it grows, by columns: a hundred long ones are read in a moment. */

/** Values of one metric, at increasing steps. */
export interface Series {
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

/** Numbers to which more are added. */
class Numbers {
  #all = new Float64Array(256);
  #length = 0;

  push(value: number): void {
    if (this.#length === this.#all.length) {
      const more = new Float64Array(2 * this.#length);
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

  copy(): Float64Array {
    return this.#all.slice(0, this.#length);
  }
}

interface Column {
  readonly steps: Numbers;
  readonly values: Numbers;
}

/** A place in a line: its name, quoted and with its colon, and where its numbers go; the step's go nowhere. */
interface Slot {
  readonly name: string;
  readonly column: Column | undefined;
}

const [QUOTE, COMMA, OPEN, CLOSE, MINUS, DOT, ZERO, NINE] = Array.from('",{}-.09', (c) =>
  c.charCodeAt(0),
) as [number, number, number, number, number, number, number, number];
/** A float64 holds integers of so many digits and these powers of ten exactly: their quotient is the nearest number. */
const DIGITS = 15;
const STEP = '"step":';
const POWERS = Array.from({ length: DIGITS + 1 }, (_, i) => 10 ** i);

export class GrowingLog {
  /** Numbers of the lines that are no rows, from 1. */
  readonly damaged: number[] = [];
  readonly #columns = new Map<string, Column>();
  /** Those of the line before: the next line mostly has the same. */
  readonly #slots: Slot[] = [];
  #values: number[] = [];
  #latest = Number.NEGATIVE_INFINITY;
  #rest = "";
  #line = 1;
  #at = 0;

  /** The next part of the file. A run that went on from an earlier step is rewound: later rows are dropped. */
  push(part: string): void {
    const text = this.#rest + part;
    let from = 0;
    for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
      if (to > from && !this.#plain(text, from, to) && !this.#other(text.slice(from, to)))
        this.damaged.push(this.#line);
      from = to + 1;
      this.#line++;
    }
    this.#rest = text.slice(from);
  }

  /** The metrics by name, each where it was logged; values that are no numbers are NaN. */
  series(): ReadonlyMap<string, Series> {
    // A line that turned out to be damaged may have named what no line has.
    const known = Array.from(this.#columns).filter(([, { steps }]) => steps.last !== undefined);
    return new Map(
      known.map(([name, { steps, values }]) => [name, { steps: steps.copy(), values: values.copy() }]),
    );
  }

  /** A line as runs write them: names and numbers without spaces. Anything else is left to JSON.parse, several times as slow. */
  #plain(text: string, from: number, to: number): boolean {
    if (text.charCodeAt(from) !== OPEN || text.charCodeAt(to - 1) !== CLOSE) return false;
    const values: number[] = this.#values;
    let [at, count, step] = [from + 1, 0, Number.NaN];
    for (;;) {
      let slot = this.#slots[count];
      if (!slot || !text.startsWith(slot.name, at)) {
        const end = text.indexOf('":', at + 1);
        if (text.charCodeAt(at) !== QUOTE || end < 0 || end >= to) return false;
        const name = text.slice(at, end + 2);
        if (name.includes("\\") || name.indexOf('"', 1) !== end - at) return false;
        slot = { name, column: name === STEP ? undefined : this.#column(name.slice(1, -2)) };
        this.#slots[count] = slot;
      }
      const value = this.#number(text, at + slot.name.length);
      if (value === undefined) return false;
      if (!slot.column) step = value;
      values[count++] = value;
      const next = text.charCodeAt(this.#at);
      if (next === CLOSE && this.#at === to - 1) break;
      if (next !== COMMA) return false;
      at = this.#at + 1;
    }
    if (Number.isNaN(step)) return false;
    this.#slots.length = count;
    this.#rewind(step);
    for (let i = 0; i < count; i++) add(this.#slots[i]!.column, step, values[i]!);
    return true;
  }

  /** The number that begins here, and `#at` behind it; NaN for null. */
  #number(text: string, from: number): number | undefined {
    if (text.startsWith("null", from)) {
      this.#at = from + 4;
      return Number.NaN;
    }
    const negative = text.charCodeAt(from) === MINUS;
    let [at, whole, digits, decimals] = [negative ? from + 1 : from, 0, 0, -1];
    for (; ; at++) {
      const c = text.charCodeAt(at);
      if (c >= ZERO && c <= NINE) {
        whole = 10 * whole + c - ZERO;
        digits++;
        if (decimals >= 0) decimals++;
      } else if (c === DOT && decimals < 0) decimals = 0;
      else break;
    }
    const next = text.charCodeAt(at);
    if (digits > 0 && digits <= DIGITS && (next === COMMA || next === CLOSE)) {
      this.#at = at;
      const value = decimals > 0 ? whole / POWERS[decimals]! : whole;
      return negative ? -value : value;
    }
    const comma = text.indexOf(",", from);
    const close = text.indexOf("}", from);
    const end = comma >= 0 && comma < close ? comma : close;
    const value = Number(end > from ? text.slice(from, end) : Number.NaN);
    this.#at = end;
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

function add(column: Column | undefined, step: number, value: number): void {
  column?.steps.push(step);
  column?.values.push(value);
}
