import { promotions } from "./asha.ts";
import { rungsOf, type Sweep, type Trial } from "./plan.ts";
import { statesOf, type TrialState } from "./state.node.ts";

/** Where runs of a sweep are carried out. */
export interface Backend {
  /** Runs that it takes at a time. */
  readonly capacity: number;
  /** Whether whatever runs is known to it, so that a lock left on another machine is of a process that is gone. */
  readonly knowsAll: boolean;
  /** Names of the runs that wait there or run. */
  running(): Promise<ReadonlySet<string>>;
  start(names: readonly string[]): Promise<void>;
  /** Resolves when something may have changed. */
  wait(signal: AbortSignal): Promise<void>;
  /** What becomes of the runs when this process ends. */
  close(): Promise<void>;
}

export interface SweepRun {
  readonly sweep: Sweep;
  readonly trials: readonly Trial[];
  readonly folder: string;
}

/** The runs to start next, the most wanted first. Nothing runs twice; what failed is tried again, so often as the sweep says. */
export function nextOf(
  sweep: Sweep,
  all: readonly TrialState[],
  running: ReadonlySet<string>,
  knowsAll = false,
): string[] {
  const states = knowsAll
    ? all.map((one) => (one.state === "running" ? { ...one, state: "failed" as const } : one))
    : all;
  const free = states.filter(
    ({ state, name }) => state !== "finished" && state !== "running" && !running.has(name),
  );
  const able = free.filter(({ failures }) => failures <= sweep.retries);
  if (!sweep.asha) return able.map(({ name }) => name);
  const { asha } = sweep;
  const known = states.find(({ steps }) => steps !== undefined)?.steps;
  const levels = known === undefined ? 2 : rungsOf(asha, known).length;
  // Sent on, and not arrived: it was stopped or has failed on its way.
  const onWay = ({ steps, until, rungs }: TrialState): boolean =>
    steps !== undefined && until !== undefined && rungs.length < rungsOf(asha, steps).indexOf(until) + 1;
  const contenders = states.map((one) => ({
    name: one.name,
    values: one.rungs,
    underWay: one.state === "running" || running.has(one.name) || onWay(one),
  }));
  const names = new Set(able.map(({ name }) => name));
  const again = able.filter((one) => onWay(one)).map(({ name }) => name);
  return [...again, ...promotions(contenders, asha, levels).filter((name) => names.has(name))];
}

export interface Progress {
  readonly states: readonly TrialState[];
  readonly running: ReadonlySet<string>;
}

/** Carry a sweep out on a backend, yielding how far it has come. It can be stopped and started again at any time. */
export async function* coordinate(
  { sweep, trials, folder }: SweepRun,
  backend: Backend,
  signal: AbortSignal,
): AsyncGenerator<Progress, void, undefined> {
  try {
    while (!signal.aborted) {
      // What runs is asked first: a run that ends in between is seen as ended, and not as lost.
      const running = await backend.running();
      const states = await statesOf(folder, trials, sweep);
      const next = nextOf(sweep, states, running, backend.knowsAll);
      const room = backend.capacity - running.size;
      const started = next.slice(0, Math.max(0, room));
      if (started.length > 0) await backend.start(started);
      yield { states, running: new Set([...running, ...started]) };
      if (running.size === 0 && started.length === 0) return;
      await backend.wait(signal);
    }
  } finally {
    await backend.close();
  }
}
