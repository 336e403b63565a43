import type { V1Job } from "@kubernetes/client-node";
import type { KubernetesChoice } from "./plan.ts";

export const LABEL = "galatea-sweep";

export interface IndexedJob {
  /** Name of the job, of lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly sweep: string;
  /** Names of the runs, one an index. */
  readonly tasks: readonly string[];
  /** Arguments of galatea, before `--task NAME`. */
  readonly args: readonly string[];
  readonly parallel: number | undefined;
  readonly retries: number;
  readonly kubernetes: KubernetesChoice;
}

/** The manifest of an Indexed Job (batch/v1): index i does the i-th task; one that fails is tried again by itself. */
export function jobManifest(job: IndexedJob): V1Job {
  const { name, sweep, tasks, args, parallel = job.tasks.length, retries, kubernetes } = job;
  const { image, claim, mount, namespace, command, cpus, memory } = kubernetes;
  const labels = { "app.kubernetes.io/name": "galatea", [LABEL]: labelOf(sweep) };
  const resources = { cpu: `${cpus}`, memory };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, labels },
    spec: {
      completions: tasks.length,
      parallelism: Math.min(parallel, tasks.length),
      completionMode: "Indexed",
      backoffLimitPerIndex: retries,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          // Time for a run to save.
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              name: "galatea",
              image,
              workingDir: mount,
              // The shell picks the task; exec, so that signals reach the program.
              command: [
                "sh",
                "-c",
                'tasks=$1; shift; exec "$@" --task "$(echo "$tasks" | sed -n "$((JOB_COMPLETION_INDEX + 1))p")"',
                "task",
              ],
              args: [tasks.join("\n"), ...command, ...args],
              resources: { requests: resources, limits: { memory } },
              volumeMounts: [{ name: "runs", mountPath: mount }],
            },
          ],
          volumes: [{ name: "runs", persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
}

/** The tasks of a job that this made, by index. */
export const tasksOf = (job: V1Job): string[] =>
  job.spec?.template.spec?.containers[0]?.args?.[0]?.split("\n") ?? [];

/** A name as Kubernetes allows it: at most 63 of a-z, 0-9 and hyphens, a letter or digit at both ends. */
export const labelOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 50)
    .replace(/^-+|-+$/g, "");

/** Indices as Kubernetes writes them: "1,3-5" is 1, 3, 4, 5. */
export const indicesOf = (text = ""): number[] =>
  text
    .split(",")
    .filter(Boolean)
    .flatMap((part) => {
      const [from, to = from] = part.split("-").map(Number) as [number, number?];
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
