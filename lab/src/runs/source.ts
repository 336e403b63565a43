/** Where runs come from: the server of `galatea lab`, or a folder that was dropped on the page. */
import { GrowingLog } from "galatea/train/growing-log.ts";
import { unpackLogs } from "galatea/train/log-columns.ts";
import { configOf, type ListedRun, lastOf, parseLog } from "galatea/train/run-log.ts";

const LOGS = ["metrics", "timing"] as const;
export type Logs = Record<(typeof LOGS)[number], GrowingLog>;

export interface RunSource {
  list(): Promise<readonly ListedRun[]>;
  /** Calls back with the logs of a run, and again when something was added to them, until it is told to stop. */
  follow(name: string, on: (logs: Logs) => void): () => void;
  /** Names of the pictures that were taken while each of the runs trained. */
  samples(names: readonly string[]): Promise<readonly (readonly string[])[]>;
  /** An address at which a picture can be shown. */
  sampleUrl(name: string, file: string): string;
}

const noLogs = (): Logs => ({ metrics: new GrowingLog(), timing: new GrowingLog() });
const runsOf = (names: readonly string[]): URLSearchParams =>
  new URLSearchParams(names.map((name) => ["run", name]));

/** What was added to a log; `again`: it is the whole log, and what was read before is no longer so. */
interface Part {
  /** Which of the runs that are watched. */
  readonly run: number;
  readonly log: keyof Logs;
  readonly text: string;
  readonly again: boolean;
  /** Bytes of the log up to here. */
  readonly size: number;
}

/** Runs whose logs are asked for at once. */
const TOGETHER = 10;
/** Milliseconds until a connection that broke is tried again. */
const RETRY = 1000;

const at = (...parts: readonly string[]): string => ["api/runs", ...parts.map(encodeURIComponent)].join("/");

interface Follower {
  readonly name: string;
  readonly on: (logs: Logs) => void;
  readonly logs: Logs;
  /** Bytes of each log that have come. */
  readonly at: Record<keyof Logs, number>;
}

/**
 * What there is of a log is fetched; what is added comes over one connection for all runs that are followed, since a browser opens no
 * more than six to a server.
 */
class Watch {
  readonly #followers = new Set<Follower>();
  /** Of which what there is has not come yet; and those of them that have not been asked for. */
  readonly #fetching = new Set<Follower>();
  readonly #fresh: Follower[] = [];
  #events: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  follow(name: string, on: Follower["on"]): () => void {
    const follower = { name, on, logs: noLogs(), at: { metrics: 0, timing: 0 } };
    this.#fetching.add(follower);
    if (this.#fresh.push(follower) === 1) setTimeout(() => void this.#fetchAll());
    return () => {
      this.#fetching.delete(follower);
      if (this.#followers.delete(follower)) this.#renew();
    };
  }

  async #fetchAll(): Promise<void> {
    const fetches: Promise<void>[] = [];
    while (this.#fresh.length > 0) fetches.push(this.#fetch(this.#fresh.splice(0, TOGETHER)));
    await Promise.all(fetches);
    if (this.#fetching.size === 0) this.#renew();
  }

  /** What cannot be fetched comes over the connection. */
  async #fetch(some: readonly Follower[]): Promise<void> {
    const response = await fetch(`api/logs?${runsOf(some.map(({ name }) => name))}`).catch(() => undefined);
    const read = response?.ok ? unpackLogs(await response.arrayBuffer()) : [];
    for (const [i, { name, size, log }] of read.entries()) {
      const { logs, at } = some[Math.floor(i / LOGS.length)]!;
      logs[name as keyof Logs] = log;
      at[name as keyof Logs] = size;
    }
    for (const follower of some) if (this.#fetching.has(follower)) follower.on(follower.logs);
    // Those that have been told to stop meanwhile are not among them any more.
    for (const follower of some) if (this.#fetching.delete(follower)) this.#followers.add(follower);
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
      const { run, log, text, again, size } = JSON.parse(data) as Part;
      const { on, at, logs } = followers[run]!;
      at[log] = size;
      if (again) logs[log] = new GrowingLog();
      logs[log].push(text);
      on(logs);
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
    samples: async (names) => {
      const response = await fetch(`api/samples?${runsOf(names)}`).catch(() => undefined);
      return response?.ok ? ((await response.json()) as string[][]) : names.map(() => []);
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
      const logs = noLogs();
      const read = LOGS.map(async (log) => logs[log].push((await of(name, `${log}.jsonl`)?.text()) ?? ""));
      void Promise.all(read).then(() => stopped || on(logs));
      return () => {
        stopped = true;
      };
    },
    samples: async (names) =>
      names.map((name) =>
        Array.from(files.keys())
          .filter((path) => path.startsWith(`${name}/samples/`))
          .map((path) => path.slice(`${name}/samples/`.length))
          .sort(),
      ),
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
