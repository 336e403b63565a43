import { type Progress, type ProgressOptions, progress } from "./progress.ts";

/** The command line's streams: results on stdout, progress and remarks on stderr. */
export interface Io {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** The keyboard, where it is not the process's own. */
  readonly stdin?: NodeJS.ReadStream;
  /** Fires at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Ctrl-C took effect: nothing more is printed. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** An error that another process of the same training has told. */
export class Reported extends Error {
  override name = "Reported";
}

/** Prints a command's output, as text or as JSON lines. */
export class Printer {
  readonly io: Io;
  readonly json: boolean;
  constructor(io: Io, json = false) {
    this.io = io;
    this.json = json;
  }

  /** A line of the result for people; nothing with --json. */
  line(text = ""): void {
    if (!this.json) this.io.stdout.write(`${text}\n`);
  }

  /** The result for programs; nothing without --json. */
  object(value: object): void {
    if (this.json) this.io.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A remark on progress, for people; on stderr. */
  note(text: string): void {
    if (!this.json) this.io.stderr.write(`${text}\n`);
  }

  progress(title: string, total: number, options: ProgressOptions = {}): Progress {
    return progress(title, total, { stream: this.io.stderr, quiet: this.json, ...options });
  }

  /** Progress of a job that names its parts; throws once Ctrl-C was pressed. */
  parts(title: string): Parts {
    let bar: Progress | undefined;
    let current = "";
    return {
      report: (done, total, what = title) => {
        if (this.io.signal.aborted) throw new Interrupted();
        if (!bar || `${what} ${total}` !== current) {
          bar?.stop();
          bar = this.progress(what, total, { unit: "part" });
          current = `${what} ${total}`;
        }
        bar.update(done);
      },
      stop: () => bar?.stop(),
    };
  }
}

export interface Parts {
  readonly report: (done: number, total: number, what?: string) => void;
  readonly stop: () => void;
}

/** Names and values in two columns. */
export function table(rows: readonly (readonly [name: string, value: string])[], indent = ""): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`).join("\n");
}
