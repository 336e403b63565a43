/** Recorded runs, which play while the engine loads; made by scripts/record-agents.ts. */
import type { AgentName, EnvName } from "./algorithms.ts";
import { PLACES, type Place, taken } from "./envs.ts";
import type { Episode, Said } from "./episode.ts";
import type { Map2 } from "./plane.ts";

/** As in the file: whole numbers, thousandths where they are not actions. */
export interface Recording {
  readonly curve: { readonly steps: readonly number[]; readonly values: readonly number[] };
  readonly episodes: readonly {
    readonly learned: number;
    readonly states: readonly number[];
    readonly actions: readonly number[];
    readonly said: Readonly<Record<string, readonly number[]>>;
    /** Where it pushes, over the plane of states. */
    readonly push: readonly number[];
  }[];
}

export interface Recorded {
  readonly curve: Recording["curve"];
  readonly episodes: readonly (Episode & { readonly map: Map2 })[];
}

const files = import.meta.glob<{ default: Recording }>("./recorded/*.json");

const back = (values: readonly number[]): number[] => values.map((value) => value / 1000);

/** The numbers of one of `count` moments. */
const part = (values: readonly number[], count: number, t: number): number[] => {
  const size = values.length / count;
  return back(values.slice(t * size, (t + 1) * size));
};

function episodeOf(
  place: Place,
  { learned, states, actions, said, push }: Recording["episodes"][number],
): Recorded["episodes"][number] {
  const count = actions.length + 1;
  const seen = Array.from({ length: count }, (_, t) => Float64Array.from(part(states, count, t)));
  const own = place.actions > 0 ? [...actions] : back(actions);
  return {
    recorded: true,
    learned,
    states: seen,
    actions: own,
    rewards: own.map((action, t) => place.source.reward(seen[t]!, taken(place, action), seen[t + 1]!)),
    said: seen.map(
      (_, t): Said =>
        Object.fromEntries(Object.entries(said).map(([name, values]) => [name, part(values, count, t)])),
    ),
    map: { push: Float32Array.from(back(push)) },
  };
}

export async function recordedRun(name: AgentName, env: EnvName): Promise<Recorded | undefined> {
  const file = await files[`./recorded/${name}-${env}.json`]?.();
  if (!file) return undefined;
  const { curve, episodes } = file.default;
  return { curve, episodes: episodes.map((episode) => episodeOf(PLACES[env], episode)) };
}
