import { UserError } from "../errors.ts";
import type { Env, EnvSnapshot, FunctionalEnv, Info, VectorKernel } from "./env.ts";
import type { RowLayout } from "./rows.ts";

const NOTHING: Info = Object.freeze({});

/** Kernel of any functional environment without its own: calls its functions row by row. */
export function functionalKernel<S>(
  // biome-ignore lint/suspicious/noExplicitAny: observations and actions are the layouts' matter
  env: FunctionalEnv<S, any, any>,
  layouts: Layouts,
  n: number,
): VectorKernel {
  const { observations, actions } = layouts;
  let states: (S | undefined)[] = Array.from({ length: n });
  return {
    initial: (i, rng, options, seed) => {
      states[i] = env.initial(rng, options, seed === undefined ? states[i] : undefined);
    },
    step: (i, rows, rng, rewards) => {
      const state = states[i]!;
      const action = actions.read(rows, i * actions.width);
      const why = env.unavailable?.(state, action);
      if (why !== undefined) {
        throw new UserError(
          `${env.id}: action ${String(action)} is not available to environment ${i}: ${why}`,
        );
      }
      const next = env.transition(state, action, rng);
      states[i] = next;
      rewards[i] = env.reward(state, action, next);
    },
    terminal: (i) => env.terminal(states[i]!),
    observe: (i, out) => observations.write(env.observation(states[i]!), out, i * observations.width),
    info: (i) => env.info?.(states[i]!) ?? NOTHING,
    snapshot: () => [...states],
    restore: (saved) => {
      states = [...(saved as (S | undefined)[])];
    },
  };
}

/** Independent environments, such as users' objects and stacks of wrappers; each has its own random numbers and time limit. */
export function objectKernel(envs: readonly Env[], { observations, actions }: Layouts): VectorKernel {
  const n = envs.length;
  const terminated = new Uint8Array(n);
  const truncated = new Uint8Array(n);
  const now: unknown[] = Array.from({ length: n });
  const infos: Info[] = Array.from({ length: n }, () => NOTHING);
  return {
    initial: (i, _rng, options, seed) => {
      const result = envs[i]!.reset({
        ...(seed === undefined ? {} : { seed }),
        ...(options === undefined ? {} : { options }),
      });
      now[i] = result.observation;
      infos[i] = result.info;
      terminated[i] = 0;
      truncated[i] = 0;
    },
    step: (i, rows, _rng, rewards) => {
      const result = envs[i]!.step(actions.read(rows, i * actions.width));
      now[i] = result.observation;
      infos[i] = result.info;
      terminated[i] = result.terminated ? 1 : 0;
      truncated[i] = result.truncated ? 1 : 0;
      rewards[i] = result.reward;
    },
    terminal: (i) => terminated[i] === 1,
    truncated: (i) => truncated[i] === 1,
    observe: (i, out) => observations.write(now[i], out, i * observations.width),
    info: (i) => infos[i]!,
    snapshot: () => ({ envs: envs.map((env) => env.snapshot()), now: [...now], infos: [...infos] }),
    restore: (saved) => {
      const from = saved as { envs: EnvSnapshot[]; now: unknown[]; infos: Info[] };
      for (const [i, env] of envs.entries()) {
        env.restore(from.envs[i]!);
        now[i] = from.now[i];
        infos[i] = from.infos[i]!;
      }
    },
  };
}

/** The layout of observations and actions as rows. */
export interface Layouts {
  readonly observations: RowLayout;
  readonly actions: RowLayout;
}
