import type { Series } from "galatea/train/growing-log.ts";
import { type Axis, type Curve, curveOf, notFinite, pauses, smoothed, thinned } from "./curves.ts";
import type { Logs, RunSource } from "./source.ts";

/** Milliseconds in which what comes of all runs is gathered before it is drawn; and while some have not come at all. */
const [GATHER, BEGIN] = [20, 1000] as const;
const waiting = new Set<() => void>();
/** Runs of which nothing has come yet. */
const awaited = new Set<FollowedRun>();
let due = Number.POSITIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Once in a while for all who ask: a hundred runs that arrive are not drawn a hundred times. */
function soon(show: () => void): void {
  waiting.add(show);
  const at = performance.now() + (awaited.size > 0 ? BEGIN : GATHER);
  if (at >= due) return;
  due = at;
  clearTimeout(timer);
  timer = setTimeout(draw, at - performance.now());
}

function draw(): void {
  due = Number.POSITIVE_INFINITY;
  const all = [...waiting];
  waiting.clear();
  for (const one of all) one();
}

/** What is known of a run by now. */
export class ReadRun {
  readonly name: string;
  readonly timing: ReadonlyMap<string, Series>;
  /** What is wrong: lines that are none, values that are not finite, long pauses. */
  readonly damaged: readonly number[];
  readonly notFinite: ReturnType<typeof notFinite>;
  readonly pauses: readonly number[];
  readonly series: ReadonlyMap<string, Series>;
  readonly #curves = new Map<string, Curve>();

  constructor(name: string, { metrics, timing }: Logs) {
    this.name = name;
    this.timing = timing.series();
    this.damaged = [...metrics.damaged];
    this.series = metrics.series();
    this.notFinite = notFinite(this.series);
    this.pauses = pauses(this.timing.get("time")?.values);
  }

  /** A metric's curve; undefined where the run has none. */
  curve(metric: string, axis: Axis): Curve | undefined {
    const series = this.series.get(metric);
    return (
      series &&
      this.#once(`${axis} ${metric}`, () =>
        curveOf(series, axis, { epoch: this.series.get("epoch"), time: this.timing.get("time") }),
      )
    );
  }

  /** The same in as many points as can be seen. */
  drawn(metric: string, axis: Axis, smoothing: number, points: number): Curve | undefined {
    const curve = this.curve(metric, axis);
    return (
      curve &&
      this.#once(`${axis} ${smoothing} ${points} ${metric}`, () =>
        smoothed(thinned(curve, points), smoothing),
      )
    );
  }

  #once(key: string, make: () => Curve): Curve {
    const known = this.#curves.get(key) ?? make();
    this.#curves.set(key, known);
    return known;
  }
}

/** The logs of a run as they grow. */
export class FollowedRun {
  readonly name: string;
  read = $state.raw<ReadRun>();
  readonly #stop: () => void;

  constructor(name: string, source: RunSource) {
    this.name = name;
    awaited.add(this);
    let known: Logs;
    const show = (): void => {
      this.read = new ReadRun(name, known);
    };
    this.#stop = source.follow(name, (logs) => {
      awaited.delete(this);
      known = logs;
      soon(show);
    });
  }

  stop(): void {
    awaited.delete(this);
    this.#stop();
  }
}
