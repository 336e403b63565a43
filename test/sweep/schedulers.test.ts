import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { Job } from "kubernetes-models/batch/v1/Job";
import { afterEach, describe, expect, test, vi } from "vitest";
import { kubernetesBackend } from "../../src/sweep/kubernetes.node.ts";
import { indicesOf, jobManifest, tasksOf } from "../../src/sweep/kubernetes.ts";
import { SweepSchema } from "../../src/sweep/plan.ts";
import { slurmBackend } from "../../src/sweep/slurm.node.ts";
import { queuedTasks, slurmScript } from "../../src/sweep/slurm.ts";
import { scratch } from "../cli/helpers.ts";

const folder = scratch();
afterEach(() => vi.unstubAllEnvs());

const kubernetes = { image: "registry.example/galatea:1", claim: "runs" };
const sweep = SweepSchema.parse({ train: "vae", seeds: [0, 1], kubernetes, parallel: 2 });

describe("Slurm", () => {
  const script = slurmScript({
    name: "galatea-try",
    tasks: ["lr-0.1", "lr-it's"],
    call: ["/usr/bin/node", "/a b/main.js", "sweep", "runs/try"],
    cwd: "/work",
    log: "/work/%A_%a.log",
    parallel: 2,
    slurm: { ...sweep.slurm, time: "01:00:00", options: ["--qos=low"] },
  });
  test("the script of a job array", () => {
    expect(script).toContain("#SBATCH --array=0-1%2\n");
    expect(script).toContain("#SBATCH --time=01:00:00\n#SBATCH --qos=low\n");
    expect(script).toContain(String.raw`tasks=('lr-0.1' 'lr-it'\''s')`);
    expect(script).toContain(
      `exec '/usr/bin/node' '/a b/main.js' 'sweep' 'runs/try' --task "\${tasks[$SLURM_ARRAY_TASK_ID]}"`,
    );
  });
  test("what squeue answers", () => {
    expect(queuedTasks("12 0 RUNNING\n12 1 PENDING\n13 4 COMPLETED\n14 N/A RUNNING\n")).toEqual([
      { job: "12", index: 0 },
      { job: "12", index: 1 },
    ]);
  });
  test("submits, and knows again later which task is which run; what Slurm says is passed on", async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const put = (name: string, text: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    vi.stubEnv("PATH", `${bin}${delimiter}${process.env.PATH}`);
    put("sbatch", `cp "$2" ${folder}/submitted.sh; echo "41;cluster"`);
    put("squeue", 'echo "41 1 RUNNING"');
    const open = () => slurmBackend(["galatea", "sweep", "runs/try"], join(folder, "try"), "try", sweep);
    await (await open()).start(["first", "second"]);
    expect(readFileSync(join(folder, "submitted.sh"), "utf8")).toContain("tasks=('first' 'second')");
    expect(await (await open()).running()).toEqual(new Set(["second"]));
    put("sbatch", "echo 'invalid partition' >&2; exit 1");
    await expect((await open()).start(["first"])).rejects.toThrow("sbatch says: invalid partition");
    vi.stubEnv("PATH", join(folder, "nothing"));
    await expect((await open()).running()).rejects.toThrow(
      /^squeue is not here: .* where Slurm's commands are/,
    );
  });
});

describe("Kubernetes", () => {
  const manifest = jobManifest({
    name: "try-0",
    sweep: "try",
    tasks: ["a", "b", "c"],
    args: ["sweep", "runs/try"],
    parallel: 2,
    retries: 2,
    kubernetes: sweep.kubernetes!,
  });
  test("the manifest is one by the published schema, of batch/v1", () => {
    new Job(manifest as never).validate();
    const wrong = JSON.parse(JSON.stringify(manifest)) as { spec: Record<string, unknown> };
    wrong.spec.completionMode = 1;
    expect(() => new Job(wrong as never).validate()).toThrow(/completionMode must be string/);
    expect(manifest.spec).toMatchObject({
      completions: 3,
      parallelism: 2,
      completionMode: "Indexed",
      backoffLimitPerIndex: 2,
    });
  });
  test("index i does task i", async () => {
    const { execFileSync } = await import("node:child_process");
    const { command, args } = manifest.spec!.template.spec!.containers[0]!;
    const said = [0, 1, 2].map((i) => {
      const [program, ...rest] = [...command!, args![0]!, "echo", ...args!.slice(2)];
      return execFileSync(program!, rest, {
        encoding: "utf8",
        env: { ...process.env, JOB_COMPLETION_INDEX: `${i}` },
      });
    });
    expect(said).toEqual(["a", "b", "c"].map((task) => `sweep runs/try --task ${task}\n`));
    expect(tasksOf(manifest)).toEqual(["a", "b", "c"]);
    expect(indicesOf("1,3-5,7")).toEqual([1, 3, 4, 5, 7]);
  });
  test("applied by the kubeconfig of the user; what runs is what no index has done", async () => {
    const items: { spec: unknown; status?: object }[] = [];
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        response.setHeader("content-type", "application/json");
        if (request.method === "POST") {
          if (items.length > 0) {
            response.statusCode = 403;
            response.end(JSON.stringify({ kind: "Status", message: "jobs.batch is forbidden", code: 403 }));
            return;
          }
          const body = JSON.parse(text) as { spec: unknown };
          items.push({ ...body, status: { completedIndexes: "0" } });
          response.end(text);
        } else response.end(JSON.stringify({ apiVersion: "batch/v1", kind: "JobList", metadata: {}, items }));
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const config = join(folder, "kubeconfig");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      writeFileSync(
        config,
        JSON.stringify({
          clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true } }],
          users: [{ name: "u", user: {} }],
          contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
          "current-context": "x",
        }),
      );
      expect(existsSync(config)).toBe(true);
      vi.stubEnv("KUBECONFIG", config);
      const backend = await kubernetesBackend(["sweep", "runs/try"], "try", sweep);
      expect(await backend.running()).toEqual(new Set());
      await backend.start(["a", "b"]);
      expect(await backend.running()).toEqual(new Set(["b"]));
      await expect(backend.start(["c"])).rejects.toThrow(`Kubernetes (${url}) says: jobs.batch is forbidden`);
    } finally {
      server.close();
    }
  });
});
