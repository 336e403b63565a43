import type { Info } from "../env.ts";
import { show } from "../show.ts";
import { type Any, demand } from "./finding.ts";
import { checkStep, randomStep, reset } from "./steps.ts";

/** The record of an episode, as texts that can be compared. */
interface Trace {
  /** Observations, rewards and ends. */
  readonly path: string;
  readonly resetInfo: string;
  readonly stepInfos: string;
}

/** Only the seconds of `info.episode.t` may differ from run to run. */
function told(info: Info): string {
  const { episode, ...rest } = info as { episode?: { t?: unknown } };
  return show(episode?.t === undefined ? info : { ...rest, episode: { ...episode, t: "seconds" } });
}

/** Runs an episode, cut after `steps`, and checks every step. */
function run(env: Any, steps: number, seed: number | undefined, look?: () => void): Trace {
  let { observation, info } = reset(env, seed === undefined ? {} : { seed });
  const path = [show(observation)];
  const resetInfo = told(info);
  const stepInfos: string[] = [];
  for (let t = 0; t < steps; t++) {
    look?.();
    const observationBefore = show(observation);
    const { action, result } = randomStep(env, info);
    checkStep(env, result);
    demand(
      show(observation) === observationBefore,
      () => "step() changes an observation that it returned before: it must return a new array, or a copy.",
    );
    ({ observation, info } = result);
    path.push(
      `${show(action)} ${show(observation)} ${result.reward} ${result.terminated} ${result.truncated}`,
    );
    stepInfos.push(told(info));
    if (result.terminated || result.truncated) break;
  }
  return { path: path.join("\n"), resetInfo, stepInfos: stepInfos.join("\n") };
}

/** Records some episodes from one seed; looking at the state between steps must change nothing. */
function episodes(env: Any, seed: number, steps: number, count: number, look?: () => void): Trace[] {
  env.actionSpace.seed(seed);
  return Array.from({ length: count }, (_, i) => run(env, steps, i === 0 ? seed : undefined, look));
}

const paths = (traces: readonly Trace[]): string => traces.map((trace) => trace.path).join("\n\n");
const infos = (traces: readonly Trace[], of: "resetInfo" | "stepInfos"): string =>
  traces.map((trace) => trace[of]).join("\n\n");

/** Checks that the same seed and actions repeat everything: again, in another instance, and with pictures in between. */
export function checkRepeats(env: Any, twin: Any, steps: number): void {
  const first = episodes(env, 11, steps, 3);
  const again = episodes(env, 11, steps, 3);
  demand(
    paths(first) === paths(again),
    () =>
      "The same seed and the same actions give a different trajectory: all chance must come from the seeded random numbers.",
  );
  for (const [call, of] of [
    ["reset()", "resetInfo"],
    ["step()", "stepInfos"],
  ] as const) {
    demand(
      infos(first, of) === infos(again, of),
      () =>
        `The same seed and the same actions give a different info in ${call}: it must follow from the state.`,
    );
  }
  demand(
    paths(first) === paths(episodes(twin, 11, steps, 3)),
    () =>
      "Two environments from the same make give different trajectories for the same seed: they must share nothing.",
  );
  const looks = ["render", "renderSvg"] as const;
  for (const look of looks) {
    demand(
      paths(first) === paths(episodes(env, 11, steps, 3, () => env[look]())),
      () => `${look}() changes what happens next: a picture must leave the state as it is.`,
    );
  }
}

/** Checks that seeds matter where there is chance, and that random numbers continue from one episode to the next. */
export function checkSeeds(make: () => Any, steps: number): void {
  const env = make();
  const act = (seed: number | undefined, of: Any = env): string => {
    of.actionSpace.seed(5);
    return run(of, steps, seed).path;
  };
  const bySeed = new Set([1, 2, 3, 4, 5, 6].map((seed) => act(seed)));
  act(1);
  const unseeded = new Set([1, 2, 3, 4, 5, 6].map(() => act(undefined)));
  demand(
    bySeed.size === 1 || unseeded.size > 1,
    () => "reset() without a seed repeats the last seed's random numbers: it must continue them.",
  );
  if (bySeed.size > 1) return;
  // Fresh instances without a seed show whether there is chance at all; a few lucky seeds do not prove the contrary.
  const fresh = new Set(Array.from({ length: 8 }, () => act(undefined, make())));
  if (fresh.size < 3) return;
  for (let seed = 7; seed < 107 && bySeed.size === 1; seed++) bySeed.add(act(seed));
  demand(
    bySeed.size > 1,
    () =>
      "Every seed gives the same episode, though there is chance: reset({ seed }) must use the seed it is given.",
  );
}
