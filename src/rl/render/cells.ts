import { label, picture, rect } from "./shapes.ts";

/** A field of cells, in which each channel of an observation [rows, columns, channels] shows one kind of thing. */
export interface CellView {
  readonly rows: number;
  readonly columns: number;
  readonly planes: Uint8Array;
  /** What a channel shows, and its letter in the terminal. Where several are set, the first is shown. */
  readonly channels: readonly (readonly [name: string, letter: string])[];
}

/** The channel to be shown in each cell, row by row; −1 where none is set. */
function shown({ rows, columns, planes, channels }: CellView): number[] {
  return Array.from({ length: rows * columns }, (_, cell) =>
    planes.subarray(cell * channels.length, (cell + 1) * channels.length).indexOf(1),
  );
}

export function cellsText(view: CellView, title: string): string {
  const { rows, columns, channels } = view;
  const letters = shown(view).map((channel) => channels[channel]?.[1] ?? "·");
  const lines = Array.from({ length: rows }, (_, r) =>
    letters.slice(r * columns, (r + 1) * columns).join(" "),
  );
  const legend = channels.map(([name, letter]) => `${letter} ${name}`).join(", ");
  return `${title}\n${lines.join("\n")}\n${legend}\n`;
}

const CELL = 30;
const GROUND = "#161a20";
const COLOURS = [
  "#f2f2f2",
  "#e4572e",
  "#4c9be8",
  "#58b368",
  "#f2c14e",
  "#9d6bce",
  "#3bc9c9",
  "#e377c2",
  "#a0785a",
  "#8d99ae",
];

export function cellsSvg(view: CellView, title: string): string {
  const { rows, columns, channels } = view;
  const [width, height] = [columns * CELL, rows * CELL];
  const legend = channels.flatMap(([name], i) => [
    // The first colour is almost white: the legend's squares need the same ground.
    rect(width + 23, 38 + i * 24, 18, 18, GROUND),
    rect(width + 25, 40 + i * 24, 14, 14, COLOURS[i]!),
    label(width + 46, 52 + i * 24, name, { size: 13 }),
  ]);
  const cells = shown(view).flatMap((channel, cell) =>
    channel < 0
      ? []
      : [
          rect(
            10 + (cell % columns) * CELL,
            30 + Math.floor(cell / columns) * CELL,
            CELL - 1,
            CELL - 1,
            COLOURS[channel]!,
          ),
        ],
  );
  return picture(width + 170, Math.max(height, channels.length * 24 + 10) + 40, [
    label(10, 20, title),
    rect(10, 30, width, height, GROUND),
    ...legend,
    ...cells,
  ]);
}
