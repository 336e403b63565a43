import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../files/node.ts";
import type { Backend } from "./coordinate.node.ts";
import type { Call } from "./slurm.ts";

/** Runs as processes of this machine, `capacity` at a time; their output goes to `logs/NAME.log`. */
export async function localBackend(call: Call, folder: string, capacity: number): Promise<Backend> {
  const logs = join(folder, "logs");
  await makeFolder(logs);
  const children = new Map<string, ChildProcess>();
  let changed = (): void => undefined;
  const end = (name: string): void => {
    children.delete(name);
    changed();
  };
  return {
    capacity,
    knowsAll: false,
    running: async () => new Set(children.keys()),
    async start(names) {
      for (const name of names) {
        const log = openSync(join(logs, `${name}.log`), "a");
        const [command, ...args] = [...call, "--task", name];
        // Its own group, so that Ctrl-C reaches it from here alone, and once.
        const child = spawn(command!, args, { stdio: ["ignore", log, log], detached: true });
        children.set(name, child);
        child.on("exit", () => end(name));
        child.on("error", () => end(name));
      }
    },
    wait: (signal) =>
      new Promise((done) => {
        const timer = setTimeout(finish, 1000);
        function finish(): void {
          clearTimeout(timer);
          signal.removeEventListener("abort", finish);
          done();
        }
        changed = finish;
        signal.addEventListener("abort", finish);
      }),
    async close() {
      // They save and end.
      const ending = [...children.values()].map(
        (child) =>
          new Promise<void>((done) =>
            child.exitCode !== null || child.signalCode !== null ? done() : child.on("exit", () => done()),
          ),
      );
      for (const child of children.values()) child.kill("SIGTERM");
      await Promise.all(ending);
    },
  };
}
