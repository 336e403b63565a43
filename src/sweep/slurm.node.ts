import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { UserError } from "../errors.ts";
import { makeFolder, writeFileAtomic } from "../files/node.ts";
import type { Backend } from "./coordinate.node.ts";
import type { Sweep } from "./plan.ts";
import { type Call, queuedTasks, slurmScript } from "./slurm.ts";

const run = promisify(execFile);

/** Milliseconds between questions to the scheduler. */
const EVERY = 5000;

async function ask(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, args)).stdout;
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    throw new UserError(
      code === "ENOENT"
        ? `${program} is not here: \`galatea sweep\` with option \`on\` slurm must run where Slurm's commands are, as on a login node`
        : `${program} says: ${(stderr || message).trim()}`,
    );
  }
}

/** Runs as tasks of job arrays. Scripts and logs are in `slurm/`, which also tells which task of which job is which run. */
export async function slurmBackend(call: Call, folder: string, name: string, sweep: Sweep): Promise<Backend> {
  const place = join(folder, "slurm");
  await makeFolder(place);
  const job = `galatea-${name}`;
  const tasks = new Map<string, readonly string[]>();
  const tasksOf = async (id: string): Promise<readonly string[]> => {
    const known =
      tasks.get(id) ??
      (JSON.parse(await readFile(join(place, `${id}.json`), "utf8").catch(() => "[]")) as string[]);
    tasks.set(id, known);
    return known;
  };
  return {
    capacity: Number.POSITIVE_INFINITY,
    knowsAll: true,
    async running() {
      const text = await ask("squeue", ["--noheader", "--array", `--name=${job}`, "--format=%F %K %T"]);
      const names = await Promise.all(
        queuedTasks(text).map(async ({ job: id, index }) => (await tasksOf(id))[index]),
      );
      return new Set(names.filter((one) => one !== undefined));
    },
    async start(names) {
      const script = slurmScript({
        name: job,
        tasks: names,
        call,
        cwd: process.cwd(),
        log: join(resolve(place), "%A_%a.log"),
        parallel: sweep.parallel,
        slurm: sweep.slurm,
      });
      const file = join(place, "last.sh");
      await writeFileAtomic(file, script);
      const id = (await ask("sbatch", ["--parsable", file])).trim().split(";")[0]!;
      tasks.set(id, names);
      await writeFileAtomic(join(place, `${id}.json`), `${JSON.stringify(names)}\n`);
    },
    wait: (signal) => setTimeout(EVERY, undefined, { signal }).catch(() => undefined),
    // The scheduler carries on.
    close: async () => undefined,
  };
}

/** What Slurm's accounting says of tasks that ended badly, by run; empty where it keeps no accounts. */
export async function slurmReasons(folder: string): Promise<Record<string, string>> {
  const { readdir } = await import("node:fs/promises");
  const files = (await readdir(join(folder, "slurm")).catch(() => [])).filter((file) =>
    /^\d+\.json$/.test(file),
  );
  const reasons: Record<string, string> = {};
  for (const file of files) {
    const id = file.replace(".json", "");
    const names = JSON.parse(await readFile(join(folder, "slurm", file), "utf8")) as string[];
    const text = await run("sacct", ["-n", "-X", "-P", "-j", id, "-o", "JobID,State"]).then(
      ({ stdout }) => stdout,
      () => "",
    );
    for (const line of text.split("\n")) {
      const [task, state] = line.split("|");
      const name = names[Number(task?.split("_")[1])];
      if (name !== undefined && state && !/^(COMPLETED|RUNNING|PENDING)/.test(state)) reasons[name] = state;
    }
  }
  return reasons;
}
