import { setTimeout } from "node:timers/promises";
import { UserError } from "../errors.ts";
import type { Backend } from "./coordinate.node.ts";
import { indicesOf, jobManifest, LABEL, labelOf, tasksOf } from "./kubernetes.ts";
import type { Sweep } from "./plan.ts";

const EVERY = 10_000;

/** The choice of Kubernetes in a sweep. @throws UserError where the file has none */
export function kubernetesOf({ kubernetes }: Sweep): NonNullable<Sweep["kubernetes"]> {
  if (kubernetes) return kubernetes;
  throw new UserError(
    "option `on` kubernetes needs a part `kubernetes` in the sweep's file, with the `image` and the `claim` of the storage that holds the runs",
  );
}

/** Runs as indices of Indexed Jobs, by the user's own kubeconfig ($KUBECONFIG, ~/.kube/config, or the pod's account). */
export async function kubernetesBackend(
  args: readonly string[],
  name: string,
  sweep: Sweep,
): Promise<Backend> {
  const kubernetes = kubernetesOf(sweep);
  const { namespace } = kubernetes;
  const { KubeConfig, BatchV1Api } = await import("@kubernetes/client-node").catch(() => {
    throw new UserError(
      "option `on` kubernetes needs the npm package @kubernetes/client-node, which is not installed here: npm install @kubernetes/client-node@1",
    );
  });
  const config = new KubeConfig();
  config.loadFromDefault();
  const api = config.makeApiClient(BatchV1Api);
  const said = (error: unknown): never => {
    const { body, message } = error as { body?: string; message: string };
    const reason = /"message":"((?:[^"\\]|\\.)*)"/.exec(String(body))?.[1] ?? message;
    throw new UserError(`Kubernetes (${config.getCurrentCluster()?.server ?? "no cluster"}) says: ${reason}`);
  };
  const jobs = async () =>
    (await api.listNamespacedJob({ namespace, labelSelector: `${LABEL}=${labelOf(name)}` }).catch(said))
      .items;
  return {
    capacity: Number.POSITIVE_INFINITY,
    knowsAll: true,
    async running() {
      const names = (await jobs()).flatMap((job) => {
        const { conditions = [], completedIndexes, failedIndexes } = job.status ?? {};
        if (conditions.some(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === "True"))
          return [];
        const over = new Set([...indicesOf(completedIndexes), ...indicesOf(failedIndexes)]);
        return tasksOf(job).filter((_, i) => !over.has(i));
      });
      return new Set(names);
    },
    async start(tasks) {
      const body = jobManifest({
        name: `${labelOf(name)}-${(await jobs()).length}`,
        sweep: name,
        tasks,
        args,
        parallel: sweep.parallel,
        retries: sweep.retries,
        kubernetes,
      });
      await api.createNamespacedJob({ namespace, body }).catch(said);
    },
    wait: (signal) => setTimeout(EVERY, undefined, { signal }).catch(() => undefined),
    close: async () => undefined,
  };
}
