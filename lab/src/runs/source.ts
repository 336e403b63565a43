/** Where runs come from: the server of `galatea lab`, or a folder that was dropped on the page. */
import { configOf, type ListedRun, lastOf, parseLog } from "galatea/train/run-log.ts";

export type Log = "metrics" | "timing";

/** A part of a log; `again`: it is the whole log, and what was read before is no longer so. */
export interface Part {
  readonly log: Log;
  readonly text: string;
  readonly again: boolean;
}

export interface RunSource {
  list(): Promise<readonly ListedRun[]>;
  /** Calls back with the logs of a run and with what is added to them, until it is told to stop. */
  follow(name: string, on: (part: Part) => void): () => void;
  /** Names of the pictures that were taken while it trained. */
  samples(name: string): Promise<readonly string[]>;
  /** An address at which a picture can be shown. */
  sampleUrl(name: string, file: string): string;
}

/** Milliseconds until a connection that broke is tried again. */
const RETRY = 1000;

const at = (...parts: readonly string[]): string => ["api/runs", ...parts.map(encodeURIComponent)].join("/");

interface Follower {
  readonly name: string;
  readonly on: (part: Part) => void;
  /** Bytes of each log that have come. */
  readonly at: Record<Log, number>;
}

/** One connection for all runs that are followed: a browser opens no more than six to a server. */
class Watch {
  readonly #followers = new Set<Follower>();
  #events: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  follow(name: string, on: Follower["on"]): () => void {
    const follower = { name, on, at: { metrics: 0, timing: 0 } };
    this.#followers.add(follower);
    this.#renew();
    return () => {
      this.#followers.delete(follower);
      this.#renew();
    };
  }

  /** Connect anew, once for all that begin or end together, and go on where each log is. */
  #renew(after = 0): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), after);
  }

  #open(): void {
    this.#events?.close();
    this.#events = undefined;
    const followers = [...this.#followers];
    if (followers.length === 0) return;
    const query = new URLSearchParams(
      followers.flatMap(({ name, at }) => [
        ["run", name],
        ["metrics", String(at.metrics)],
        ["timing", String(at.timing)],
      ]),
    );
    const events = new EventSource(`api/watch?${query}`);
    this.#events = events;
    events.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const { run, size, ...part } = JSON.parse(data) as Part & { run: number; size: number };
      const { on, at } = followers[run]!;
      at[part.log] = size;
      on(part);
    });
    // By itself the browser would ask again for what has come already.
    events.addEventListener("error", () => {
      if (this.#events !== events) return;
      events.close();
      this.#renew(RETRY);
    });
  }
}

/** The server's runs; undefined where there is no such server. */
export async function serverRuns(): Promise<RunSource | undefined> {
  const list = async (): Promise<readonly ListedRun[] | undefined> => {
    const response = await fetch(at()).catch(() => undefined);
    const json = response?.ok && response.headers.get("Content-Type")?.startsWith("application/json");
    return json ? ((await response.json()) as ListedRun[]) : undefined;
  };
  if (!(await list())) return undefined;
  const watch = new Watch();
  return {
    list: async () => (await list()) ?? [],
    follow: (name, on) => watch.follow(name, on),
    samples: async (name) => {
      const response = await fetch(at(name, "samples")).catch(() => undefined);
      return response?.ok ? ((await response.json()) as string[]) : [];
    },
    sampleUrl: (name, file) => at(name, "samples", file),
  };
}

/** The runs in files that were dropped or chosen, by their paths. */
export async function droppedRuns(files: ReadonlyMap<string, File>): Promise<RunSource> {
  const urls = new Map<string, string>();
  const of = (name: string, file: string): File | undefined => files.get(`${name}/${file}`);
  const runs: ListedRun[] = [];
  for (const path of files.keys()) {
    const name = /^(.*)\/config\.json$/.exec(path)?.[1];
    if (name === undefined) continue;
    const log = of(name, "metrics.jsonl");
    const last = log && lastOf(parseLog(await log.text()).rows);
    const config = configOf(await files.get(path)!.text(), path);
    runs.push({ name, changed: log?.lastModified ?? 0, last, ...config } as ListedRun);
  }
  return {
    list: async () => runs,
    follow: (name, on) => {
      let stopped = false;
      for (const log of ["metrics", "timing"] as const)
        void of(name, `${log}.jsonl`)
          ?.text()
          .then((text) => stopped || on({ log, text, again: true }));
      return () => {
        stopped = true;
      };
    },
    samples: async (name) =>
      Array.from(files.keys())
        .filter((path) => path.startsWith(`${name}/samples/`))
        .map((path) => path.slice(`${name}/samples/`.length))
        .sort(),
    sampleUrl: (name, file) => {
      const path = `${name}/samples/${file}`;
      const known = urls.get(path) ?? URL.createObjectURL(files.get(path)!);
      urls.set(path, known);
      return known;
    },
  };
}

/** The files of a dropped folder, with their paths below it. */
export async function filesOf(items: DataTransferItemList): Promise<ReadonlyMap<string, File>> {
  const files = new Map<string, File>();
  const read = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
      files.set(entry.fullPath.replace(/^\//, ""), file);
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    // It gives a hundred at a time, and none when all were given.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
      if (some.length === 0) return;
      await Promise.all(some.map(read));
    }
  };
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  await Promise.all(entries.map(read));
  return files;
}
