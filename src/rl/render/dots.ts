/** The bits of a braille letter's 2 × 4 dots, row by row. */
const BITS = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80] as const;

/** A drawing in braille letters for the terminal: each letter is 2 × 4 dots. The origin is at the upper left. */
export class Dots {
  /** In dots. */
  readonly width: number;
  readonly height: number;
  readonly #letters: Uint8Array;

  /** @param columns letters a line @param rows lines */
  constructor(columns: number, rows: number) {
    this.width = 2 * columns;
    this.height = 4 * rows;
    this.#letters = new Uint8Array(columns * rows);
  }

  /** Dots outside the drawing are left out. */
  dot(x: number, y: number): void {
    const [i, j] = [Math.round(x), Math.round(y)];
    if (!(i >= 0 && i < this.width && j >= 0 && j < this.height)) return;
    const at = (j >> 2) * (this.width >> 1) + (i >> 1);
    this.#letters[at] = this.#letters[at]! | BITS[(j & 3) * 2 + (i & 1)]!;
  }

  line(x0: number, y0: number, x1: number, y1: number): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    for (let k = 0; k <= steps; k++) this.dot(x0 + ((x1 - x0) * k) / steps, y0 + ((y1 - y0) * k) / steps);
  }

  disc(x: number, y: number, r: number): void {
    for (let j = Math.ceil(-r); j <= r; j++) {
      for (let i = Math.ceil(-r); i <= r; i++) if (i * i + j * j <= r * r) this.dot(x + i, y + j);
    }
  }

  toString(): string {
    const columns = this.width >> 1;
    const lines: string[] = [];
    for (let at = 0; at < this.#letters.length; at += columns) {
      const row = Array.from(this.#letters.subarray(at, at + columns), (bits) =>
        bits === 0 ? " " : String.fromCharCode(0x2800 + bits),
      );
      lines.push(`${row.join("").trimEnd()}\n`);
    }
    return lines.join("");
  }
}
