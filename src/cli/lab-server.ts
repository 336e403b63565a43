import { createReadStream } from "node:fs";
import { open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { Readable } from "node:stream";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { namesIn } from "../train/folders.node.ts";
import { GrowingLog } from "../train/growing-log.ts";
import { packLogs, type ReadLog } from "../train/log-columns.ts";
import { configOf, type ListedRun, lastOf, parseLog } from "../train/run-log.ts";
import { LogShelf } from "./log-shelf.ts";

export interface LabFolders {
  /** The folder whose runs are shown. */
  readonly runs: string;
  /** The built pages. */
  readonly pages: string;
  /** Further folders by the address they are served below: "/ort". */
  readonly more?: Readonly<Record<string, string>>;
}

/** How it is served: hundreds of runs that are drawn together are all named in one address, and Node's bound for it is 16 KB. */
export const SERVED = { hostname: "127.0.0.1", serverOptions: { maxHeaderSize: 2 ** 20 } } as const;

/** Milliseconds between two looks at the logs of a run that is watched. */
const LOOK = 200;
/** Folders within folders in which runs are looked for: runs/, and those of sweeps. */
const DEPTH = 3;
/** Bytes at the end of a log in which its last row is looked for. */
const TAIL = 4096;
const LOGS = ["metrics", "timing"] as const;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".jsonl": "application/x-ndjson; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".gif": "image/gif",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** The lab's server: reads and never writes, answers this machine only, and leaves no folder it was given. */
export function labServer({ runs, pages, more = {} }: LabFolders): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    // A page elsewhere whose name was made to lead here must not read what lies here (DNS rebinding).
    const host = new URL(c.req.url).hostname; // as the Host header says it
    if (!["127.0.0.1", "localhost", "[::1]"].includes(host))
      return c.text(`The lab answers at 127.0.0.1 and localhost only, not at "${host}".\n`, 403);
    if (c.req.method !== "GET" && c.req.method !== "HEAD")
      return c.text(`The lab only shows: ${c.req.method} is not possible.\n`, 405);
    await next();
    c.header("X-Content-Type-Options", "nosniff");
    return undefined;
  });

  const shelf = new LogShelf();
  app.get("/api/runs", async (c) => {
    const all = await listed(runs);
    // While the list is looked at: who then draws a hundred of them does not wait until they have been read.
    const names = all.flatMap(({ name }) => LOGS.map((log) => [name, `${log}.jsonl`] as const));
    void shelf.readAhead(names.map((parts) => () => inside(runs, ...parts)));
    return c.json(all);
  });
  // Several runs in one answer, read and by columns: a browser takes longer to receive a hundred texts than it takes to read them here.
  app.get("/api/logs", async (c) => {
    const parts = (c.req.queries("run") ?? []).flatMap((name) =>
      LOGS.map(async (log): Promise<ReadLog> => {
        const file = await inside(runs, name, `${log}.jsonl`);
        return { name: log, ...(file ? await shelf.read(file) : { log: new GrowingLog(), size: 0 }) };
      }),
    );
    return c.body(Readable.toWeb(Readable.from(packLogs(await Promise.all(parts)))) as ReadableStream, 200, {
      "Content-Type": "application/octet-stream",
    });
  });
  app.get("/api/samples", async (c) =>
    c.json(
      await Promise.all(
        (c.req.queries("run") ?? []).map(async (name) => {
          const folder = await inside(runs, name, "samples");
          return folder ? (await readdir(folder)).filter((file) => !file.startsWith(".")).sort() : [];
        }),
      ),
    ),
  );
  // One connection for all runs that are drawn: a browser opens no more than six to a server.
  app.get("/api/watch", (c) =>
    streamSSE(c, async (stream) => {
      const [names, ...from] = ["run", ...LOGS].map((key) => c.req.queries(key) ?? []);
      const watched = names!.flatMap((name, run) =>
        LOGS.map((log, l) => ({ name, run, log, at: Number(from[l]![run] ?? 0) })),
      );
      while (!stream.aborted) {
        for (const one of watched) {
          const file = await inside(runs, one.name, `${one.log}.jsonl`);
          if (!file || stream.aborted) continue;
          const { text, size } = await readFrom(file, one.at);
          // A run that went on from an earlier step was cut: all is sent again.
          const again = size < one.at;
          const { run, log } = one;
          if (again || text !== "")
            await stream.writeSSE({ data: JSON.stringify({ run, log, text, again, size }) });
          one.at = size;
        }
        await stream.sleep(LOOK);
      }
    }),
  );
  app.get("/api/runs/:name/samples/:file", async (c) =>
    send(await inside(runs, c.req.param("name"), "samples", c.req.param("file"))),
  );
  app.all("/api/*", (c) => c.text("There is nothing at this address.\n", 404));
  for (const [address, folder] of Object.entries(more))
    app.get(`${address}/*`, async (c) => send(await inside(folder, tail(c.req.path, address))));
  app.get("*", async (c) => {
    const path = tail(c.req.path, "");
    return send(await inside(pages, path === "" ? "index.html" : path));
  });
  return app;
}

/** What follows an address; nothing that exists, where it is no text. */
function tail(path: string, address: string): string {
  try {
    return decodeURIComponent(path.slice(address.length + 1));
  } catch {
    return ".";
  }
}

const roots = new Map<string, Promise<string>>();

/** Where a folder that is served lies: asked once, since a hundred runs' logs ask for it. */
function rootOf(folder: string): Promise<string> {
  const root = roots.get(folder) ?? realpath(folder);
  roots.set(folder, root);
  // One that is not there yet may come.
  root.catch(() => roots.delete(folder));
  return root;
}

/** Where a path below a folder leads, links followed; nowhere, if that is outside, hidden, or not there. */
async function inside(folder: string, ...parts: readonly string[]): Promise<string | undefined> {
  const path = join(...parts);
  if (path.split(sep).some((part) => part.startsWith(".") && part !== ".")) return undefined;
  try {
    const root = await rootOf(folder);
    const found = await realpath(join(root, path));
    return found === root || found.startsWith(root + sep) ? found : undefined;
  } catch {
    return undefined;
  }
}

async function send(path: string | undefined): Promise<Response> {
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || !found?.isFile())
    return new Response("There is nothing at this address.\n", { status: 404 });
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream;
  return new Response(body, { headers: { "Content-Type": type, "Content-Length": String(found.size) } });
}

/** The text of a file from a byte on, and its size. */
async function readFrom(
  path: string,
  from: number,
): Promise<{ readonly text: string; readonly size: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const begin = Number.isInteger(from) && from >= 0 && from <= size ? from : 0;
    const bytes = Buffer.alloc(size - begin);
    // Fewer bytes come where the run was set back in this moment.
    const { bytesRead } = await file.read(bytes, 0, bytes.length, begin);
    return { text: bytes.toString("utf8", 0, bytesRead), size: begin + bytesRead };
  } finally {
    await file.close();
  }
}

/** All runs below a folder, or the one that it is. */
async function listed(root: string): Promise<ListedRun[]> {
  const found: ListedRun[] = [];
  const look = async (folder: string, depth: number): Promise<void> => {
    const file = join(folder, "config.json");
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) {
      const name = relative(root, folder) || ".";
      found.push({ name, ...(await progressOf(folder)), ...configOf(text, file) } as ListedRun);
    } else if (depth > 0)
      for (const name of await subfolders(folder)) await look(join(folder, name), depth - 1);
  };
  await look(root, DEPTH);
  return found.sort((a, b) => b.changed - a.changed);
}

const subfolders = async (folder: string): Promise<string[]> => {
  const names = (await namesIn(folder)).filter((name) => !name.startsWith(".") && name !== "node_modules");
  const are = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return names.filter((_, i) => are[i]?.isDirectory());
};

/** When its log last grew, and the last value of each metric. */
async function progressOf(folder: string): Promise<Pick<ListedRun, "changed" | "last">> {
  const path = join(folder, "metrics.jsonl");
  const found = await stat(path).catch(() => undefined);
  if (!found) return { changed: 0 };
  const { text } = await readFrom(path, Math.max(0, found.size - TAIL));
  return { changed: found.mtimeMs, last: lastOf(parseLog(text).rows) };
}
