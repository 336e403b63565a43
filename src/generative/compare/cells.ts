/** The table of the DDIM paper (Song et al. 2021, table 1): how good images are, by η and by the number of steps S. */
import type { ChartSpec } from "../../plot/chart.ts";
import { lineChart } from "../../plot/lines.ts";
import { markdownTable } from "../../plot/markdown.ts";
import { sideBySide } from "../../plot/parts.ts";
import { ddim, type Eta, type SamplingPlan } from "../diffusion/samplers.ts";
import type { NoiseSchedule } from "../diffusion/schedule.ts";
import {
  type Convention,
  fullTrajectory,
  type Spacing,
  type Trajectory,
  trajectory,
} from "../diffusion/trajectory.ts";
import { withError } from "./models.ts";

export const ETAS: readonly Eta[] = [0, 0.2, 0.5, 1, "sigma-hat"];
export const SPACINGS: readonly Spacing[] = ["linear", "quadratic"];
/** The paper's numbers of steps, as far as a schedule of T steps has them. */
export const stepsOf = (T: number): number[] => [...[10, 20, 50, 100].filter((S) => S < T), T];

/** One combination of η, S and spacing. Where S is T, every step is taken and there is no spacing. */
export interface Cell {
  readonly eta: Eta;
  readonly S: number;
  readonly spacing: Spacing | "every";
}

/** A cell with its measurements. */
export interface MeasuredCell extends Cell {
  /** Steps that ran: an official subsequence may have another number than S. */
  readonly ran: number;
  /** Wall-clock time per image in a batch, the median over batches, without start-up. */
  readonly milliseconds: number;
  readonly frechet: number;
  /** Its standard error; absent where there are too few images for one. */
  readonly frechetError?: number | undefined;
  /** Share of images recognised as the class they were conditioned on; absent where none was. */
  readonly recognised?: number | undefined;
  readonly precision: number;
  readonly recall: number;
  /** Relative to that of the training images. */
  readonly sharpness: number;
}

export interface CellOptions {
  readonly etas: readonly Eta[];
  readonly steps: readonly number[];
  readonly spacings: readonly Spacing[];
}

/** All combinations, each once, those with few steps first. */
export function cellsOf(T: number, { etas, steps, spacings }: CellOptions): Cell[] {
  const sorted = [...new Set(steps)].sort((a, b) => a - b);
  return sorted.flatMap((S) =>
    (S === T ? (["every"] as const) : [...new Set(spacings)]).flatMap((spacing) =>
      [...new Set(etas)].map((eta) => ({ eta, S, spacing })),
    ),
  );
}

/** Cells in the order of `cellsOf`. */
export const inOrder = <C extends Cell>(cells: readonly C[]): C[] =>
  [...cells].sort(
    (a, b) =>
      a.S - b.S ||
      SPACINGS.indexOf(a.spacing as Spacing) - SPACINGS.indexOf(b.spacing as Spacing) ||
      rank(a.eta) - rank(b.eta),
  );

/** "eta-0.2-steps-50-linear": the name of its files. */
export const cellName = ({ eta, S, spacing }: Cell): string => `eta-${eta}-steps-${S}-${spacing}`;

/** @throws UserError where S is above T, or η is not possible. */
export function planOfCell(
  schedule: NoiseSchedule,
  { eta, S, spacing }: Cell,
  convention: Convention = "paper",
): { plan: SamplingPlan; path: Trajectory } {
  const { T } = schedule;
  const path = spacing === "every" ? fullTrajectory(T) : trajectory({ T, S, spacing, convention });
  return { plan: ddim(schedule, path, { eta }), path };
}

export const etaName = (eta: Eta): string => (eta === "sigma-hat" ? "σ̂" : `η = ${eta}`);

/** The cell of DDPM: σ̂ over every step. */
const isDdpm = ({ eta, spacing }: Cell): boolean => eta === "sigma-hat" && spacing === "every";

/** How many times faster than DDPM over every step; undefined where that was not measured. */
export function speedUp(cell: MeasuredCell, cells: readonly MeasuredCell[]): number | undefined {
  const ddpm = cells.find(isDdpm);
  return ddpm && ddpm.milliseconds / cell.milliseconds;
}

const distinct = <K>(values: readonly K[]): K[] => [...new Set(values)];

/** σ̂ comes last. */
const rank = (eta: Eta): number => (eta === "sigma-hat" ? Number.MAX_VALUE : eta);

/** The cells as rows of η and columns of S, for each spacing that was measured; "every" belongs to all of them. */
function grids<M extends Cell>(
  cells: readonly M[],
): {
  spacing: Spacing | "every";
  etas: Eta[];
  steps: number[];
  at: (eta: Eta, S: number) => M | undefined;
}[] {
  const chosen = SPACINGS.filter((spacing) => cells.some((c) => c.spacing === spacing));
  return (chosen.length > 0 ? chosen : (["every"] as const)).map((spacing) => {
    const own = cells.filter((c) => c.spacing === spacing || c.spacing === "every");
    return {
      spacing,
      etas: distinct(own.map((c) => c.eta)).sort((a, b) => rank(a) - rank(b)),
      steps: distinct(own.map((c) => c.S)).sort((a, b) => a - b),
      at: (eta, S) => own.find((c) => c.eta === eta && c.S === S),
    };
  });
}

const SPACING_TITLE = { linear: "linear steps", quadratic: "quadratic steps", every: "every step" } as const;

const number = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? "";
const percent = (value: number | undefined): string =>
  value === undefined ? "" : `${(100 * value).toFixed(1)} %`;

/** The tables as Markdown: distances and recognised shares by η and S, and every cell with its time. */
export function compareTables(cells: readonly MeasuredCell[]): string {
  const matrix = (title: string, value: (cell: MeasuredCell | undefined) => string): string[] =>
    grids(cells).map(({ spacing, etas, steps, at }) => {
      const head = ["", ...steps.map((S) => `S = ${S}`)];
      const rows = etas.map((eta) => [etaName(eta), ...steps.map((S) => value(at(eta, S)))]);
      return `## ${title}, ${SPACING_TITLE[spacing]}\n\n${markdownTable(head, rows)}`;
    });
  const recognised = cells.some((c) => c.recognised !== undefined);
  const rows = cells.map((cell) => {
    const faster = speedUp(cell, cells);
    return [
      `${etaName(cell.eta)}, ${SPACING_TITLE[cell.spacing]}`,
      String(cell.S),
      String(cell.ran),
      withError(cell.frechet, cell.frechetError),
      ...(recognised ? [percent(cell.recognised)] : []),
      ...[cell.precision, cell.recall, cell.sharpness].map((value) => number(value, 2)),
      number(cell.milliseconds, 2),
      faster === undefined ? "" : `${faster.toFixed(1)} ×`,
    ];
  });
  const head = ["sampler", "S", "steps run", "Fréchet distance"];
  if (recognised) head.push("recognised");
  head.push("precision", "recall", "sharpness", "ms per image", "faster than DDPM");
  return [
    ...matrix("Fréchet distance", (cell) => withError(cell?.frechet, cell?.frechetError)),
    ...(recognised ? matrix("Recognised as the class asked for", (cell) => percent(cell?.recognised)) : []),
    `## Every cell\n\n${markdownTable(head, rows)}`,
  ].join("\n\n");
}

/** Fréchet distance over S, one line per η, one panel per spacing; both axes logarithmic. */
export function compareChart(
  title: string,
  cells: readonly MeasuredCell[],
  floor: { readonly value: number; readonly samples: number },
): ChartSpec {
  const panels = grids(cells).map(({ spacing, etas, steps, at }) =>
    lineChart(
      { title: SPACING_TITLE[spacing], x: "S, sampling steps", y: "Fréchet distance" },
      etas.map((eta) => {
        const measured = steps.flatMap((S) => at(eta, S) ?? []);
        return {
          name: etaName(eta),
          x: measured.map((c) => c.S),
          // A distance of 0 has no place on a log axis.
          y: measured.map((c) => Math.max(c.frechet, 1e-6)),
        };
      }),
      {
        xScale: "log",
        yScale: "log",
        xTicks: steps,
        marks: floor.value > 0 ? [{ y: floor.value, name: `floor, n = ${floor.samples}` }] : [],
        width: 380,
        height: 320,
      },
    ),
  );
  return sideBySide(title, panels);
}

/** Pictures of cells as rows of η and columns of S, for each spacing; only of those S that were measured with every η. */
export function compareGrids<P>(
  cells: readonly Cell[],
  picture: (cell: Cell) => P,
): { spacing: Spacing | "every"; rows: { name: string; images: P[] }[]; columns: string[] }[] {
  return grids(cells).flatMap(({ spacing, etas, steps, at }) => {
    const whole = steps.filter((S) => etas.every((eta) => at(eta, S)));
    if (whole.length === 0) return [];
    const rows = etas.map((eta) => ({ name: etaName(eta), images: whole.map((S) => picture(at(eta, S)!)) }));
    return [{ spacing, columns: whole.map((S) => `S = ${S}`), rows }];
  });
}

/** The DDIM paper's observations on its table, made on this one: each a sentence with its numbers. */
export function findings(cells: readonly MeasuredCell[]): string[] {
  const lines: string[] = [];
  const ddpm = cells.find(isDdpm);
  const fifty = cells.filter((c) => c.eta === 0 && c.S === 50);
  for (const cell of ddpm ? fifty : [])
    lines.push(
      `η = 0 with 50 ${SPACING_TITLE[cell.spacing]}: Fréchet distance ${number(cell.frechet, 2)}, ` +
        `${number(cell.frechet / ddpm!.frechet, 2)} times that of DDPM at S = ${ddpm!.S} (${number(ddpm!.frechet, 2)}), ` +
        `${number(speedUp(cell, cells), 1)} times faster`,
    );
  for (const { spacing, etas, steps, at } of grids(cells)) {
    const few = steps.filter((S) => S <= 50);
    if (few.length === 0 || etas.length < 2) continue;
    const order = few.map((S) => {
      const values = etas.flatMap((eta) => at(eta, S) ?? []);
      const best = values.reduce((a, b) => (b.frechet < a.frechet ? b : a));
      const worst = values.reduce((a, b) => (b.frechet > a.frechet ? b : a));
      return `S = ${S}: best ${etaName(best.eta)}, worst ${etaName(worst.eta)}`;
    });
    lines.push(`${SPACING_TITLE[spacing]}, ${order.join("; ")}`);
  }
  return lines;
}

/** The middle value; of an even number the higher of the middle two. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1]!;
