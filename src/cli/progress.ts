export interface Progress {
  /** The units done so far, and metrics to show beside them. Cheap: call it at every step. */
  update(done: number, metrics?: Readonly<Record<string, number>>): void;
  /** Print a line without disturbing the bar. */
  log(line: string): void;
  /** Show the last state and end. Safe to call twice. */
  stop(): void;
}

export interface ProgressOptions {
  /** What is counted: "step", "episode", "image". */
  unit?: string;
  /** Units done before this process, as in a resumed run. */
  start?: number;
  /** Show nothing, as for `--json`. */
  quiet?: boolean;
  stream?: NodeJS.WriteStream;
  /** Milliseconds. */
  now?: () => number;
}

/** Without a terminal, milliseconds between lines. */
const LINE_EVERY = 30_000;
/** In a terminal, the least milliseconds between redraws of the bar. */
const REDRAW_EVERY = 100;

/**
 * Progress of a long job on stderr: a bar in a terminal; elsewhere a plain line every half minute, so that logs stay
 * short.
 */
export function progress(title: string, total: number, options: ProgressOptions = {}): Progress {
  const { unit = "step", start = 0, quiet = false, stream = process.stderr, now = Date.now } = options;
  const meter = new Meter(total, start, now);
  const line = (width: number, bar: boolean): string => describe(title, unit, meter, width, bar);
  if (quiet) return { update: () => {}, log: () => {}, stop: () => {} };
  if (!stream.isTTY) {
    let last = now();
    return {
      update: (done, metrics) => {
        meter.update(done, metrics);
        if (now() - last < LINE_EVERY) return;
        last = now();
        stream.write(`${line(Infinity, false)}\n`);
      },
      log: (text) => stream.write(`${text}\n`),
      stop: () => {},
    };
  }
  let drawn = Number.NEGATIVE_INFINITY;
  let open = true;
  // The line is cut to fit, and the terminal's cursor and wrapping are left alone, so a kill leaves nothing to repair.
  const draw = (): void => {
    drawn = now();
    stream.write(`\r${line((stream.columns || 80) - 1, true)}\x1b[K`);
  };
  draw();
  return {
    update: (done, metrics) => {
      meter.update(done, metrics);
      if (open && now() - drawn >= REDRAW_EVERY) draw();
    },
    log: (text) => {
      stream.write(`\r\x1b[K${text}\n`);
      if (open) draw();
    },
    stop: () => {
      if (!open) return;
      draw();
      open = false;
      stream.write("\n");
    },
  };
}

/** Measures the rate over the last ten seconds. */
class Meter {
  readonly total: number;
  done: number;
  metrics: Readonly<Record<string, number>> = {};
  /** The longest text so far, so that the bar does not change its width with every digit. */
  textWidth = 0;
  readonly #now: () => number;
  readonly #began: number;
  #samples: { at: number; done: number }[];

  constructor(total: number, start: number, now: () => number) {
    this.total = total;
    this.done = start;
    this.#now = now;
    this.#began = now();
    this.#samples = [{ at: now(), done: start }];
  }

  update(done: number, metrics?: Readonly<Record<string, number>>): void {
    this.done = done;
    if (metrics) this.metrics = metrics;
    const at = this.#now();
    const last = this.#samples.at(-1)!;
    if (at - last.at < 200) return;
    this.#samples.push({ at, done });
    const recent = this.#samples.findIndex((sample) => at - sample.at <= 10_000);
    this.#samples = this.#samples.slice(Math.max(0, recent - 1));
  }

  /** Units per second; undefined before anything was measured. */
  get rate(): number | undefined {
    const first = this.#samples[0]!;
    const seconds = (this.#now() - first.at) / 1000;
    return seconds > 0 && this.done > first.done ? (this.done - first.done) / seconds : undefined;
  }

  get elapsed(): number {
    return (this.#now() - this.#began) / 1000;
  }
}

function describe(title: string, unit: string, meter: Meter, width: number, withBar: boolean): string {
  const { done, total, rate } = meter;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const parts = [`${done}/${total}`];
  if (rate !== undefined) parts.push(rate >= 1 ? `${short(rate)} ${unit}/s` : `${short(1 / rate)} s/${unit}`);
  for (const [name, value] of Object.entries(meter.metrics)) parts.push(`${name} ${short(value)}`);
  if (done >= total) parts.push(`${duration(meter.elapsed)} in all`);
  else if (rate !== undefined) parts.push(`${duration((total - done) / rate)} left`);
  const text = parts.join("  ");
  const percent = `${String(Math.floor(100 * share)).padStart(3)} %`;
  meter.textWidth = Math.max(meter.textWidth, text.length);
  const room = Math.min(24, width - title.length - percent.length - meter.textWidth - 4);
  const cells = Math.round(room * share);
  const bar = withBar && room >= 4 ? ` ${"█".repeat(cells)}${"░".repeat(room - cells)}` : "";
  return `${title}${bar} ${percent}  ${text}`.slice(0, width);
}

/** Four significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return size >= 1e6 ? value.toExponential(2) : String(Math.round(value));
  return size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** 75 -> "1m 15s". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${String(s % 60).padStart(2, "0")}s`;
  return `${Math.floor(s / 3600)}h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}m`;
}
