import type { FunctionalEnv } from "../env.ts";
import { fastRandom, type Generator } from "../random.ts";
import { show } from "../show.ts";
import type { Layouts } from "../vector-kernels.ts";
import { demand } from "./finding.ts";

// biome-ignore lint/suspicious/noExplicitAny: the checker knows nothing of states and actions
export type AnyFunctional = FunctionalEnv<any, any, any>;

/** Calls f twice: both results must be equal and the arguments unchanged. */
function twice<T>(name: string, given: Readonly<Record<string, unknown>>, f: () => T): T {
  const before = Object.entries(given).map(([what, x]) => [what, x, show(x)] as const);
  const first = f();
  const firstSeen = show(first);
  const second = show(f());
  for (const [what, x, seen] of before) {
    demand(
      show(x) === seen,
      () => `${name}() is not pure: it changes its argument ${what}, from ${seen} to ${show(x)}.`,
    );
  }
  demand(
    firstSeen === second,
    () =>
      `${name}() is not pure: for the same ${Object.keys(given).join(", ") || "random numbers"} it gives ${firstSeen} and then ${second}.`,
  );
  return first;
}

/** The same with random numbers: each call gets the same ones, and `rng` is left as after one call. */
function twiceWith<T>(
  name: string,
  given: Readonly<Record<string, unknown>>,
  rng: Generator,
  f: (rng: Generator) => T,
): T {
  const copies = [rng.clone(), rng];
  let call = 0;
  const out = twice(name, given, () => f(copies[call++]!));
  return out;
}

/** Checks the functions at one state. */
function checkAt(f: AnyFunctional, state: unknown, lastAction: unknown): void {
  const given = { state };
  twice("observation", given, () => f.observation(state));
  twice("terminal", given, () => f.terminal(state));
  if (f.info !== undefined) twice("info", given, () => f.info!(state));
  if (f.indexOf !== undefined) twice("indexOf", given, () => f.indexOf!(state));
  twice("render", given, () => f.render(state, lastAction));
  if (f.renderSvg !== undefined) twice("renderSvg", given, () => f.renderSvg!(state, lastAction));
}

/** The mask must agree with the actions that the functions refuse. */
function checkMask(f: AnyFunctional, state: unknown): void {
  const mask = f.info?.(state).action_mask as ArrayLike<number> | undefined;
  if (f.unavailable === undefined || mask === undefined) return;
  const { start = 0 } = f.actionSpace as { start?: number };
  for (let i = 0; i < mask.length; i++) {
    const why = f.unavailable(state, start + i);
    demand(
      (mask[i] === 1) === (why === undefined),
      () =>
        `info.action_mask is wrong: it ${mask[i] === 1 ? "allows" : "forbids"} ${f.actionNames?.[i] ?? start + i}, which unavailable() ${why === undefined ? "does not object to" : `refuses (${why})`}.`,
    );
  }
}

/** Walks through a functional environment and calls each function twice. */
export function checkPurity(f: AnyFunctional, steps: number): void {
  const rng = fastRandom(5);
  f.actionSpace.seed(5);
  let state: unknown;
  for (let t = 0; t < steps; t++) {
    if (state === undefined) {
      state = twiceWith("initial", {}, rng, (r) => f.initial(r));
      checkAt(f, state, undefined);
    }
    const now = state;
    checkMask(f, now);
    const mask = f.info?.(now).action_mask;
    const action: unknown = f.actionSpace.sample(mask);
    if (f.unavailable?.(now, action) !== undefined) return;
    const given = { state: now, action };
    const next = twiceWith("transition", given, rng, (r) => f.transition(now, action, r));
    twice("reward", { ...given, next }, () => f.reward(now, action, next));
    checkAt(f, next, action);
    state = f.terminal(next) ? undefined : next;
  }
}

/** Checks that a kernel agrees with the functions, number for number. */
export function checkKernel(f: AnyFunctional, steps: number, rows: Layouts): void {
  if (f.kernel === undefined) return;
  const [n, at] = [3, 1];
  const kernel = f.kernel(n);
  const [rng, kernelRng] = [fastRandom(8), fastRandom(8)];
  const { observations, actions } = rows;
  f.actionSpace.seed(8);
  const [seen, given] = [observations.make(n), actions.make(n)];
  const rewards = new Float64Array(n);
  const differs = (what: string, mine: unknown, its: unknown): void =>
    demand(
      show(mine) === show(its),
      () => `The kernel's ${what} is ${show(its)} where the functions give ${show(mine)}.`,
    );
  const observe = (state: unknown): void => {
    const row = observations.make(1);
    observations.write(f.observation(state), row, 0);
    kernel.observe(at, seen);
    differs("observation", row, seen.slice(at * observations.width, (at + 1) * observations.width));
  };
  let state: unknown;
  for (let t = 0; t < steps; t++) {
    if (state === undefined) {
      state = f.initial(rng);
      kernel.initial(at, kernelRng, undefined, 0);
      observe(state);
    }
    const action: unknown = f.actionSpace.sample(f.info?.(state).action_mask);
    if (f.unavailable?.(state, action) !== undefined) return;
    actions.write(action, given, at * actions.width);
    const next: unknown = f.transition(state, action, rng);
    kernel.step(at, given, kernelRng, rewards);
    differs("reward", f.reward(state, action, next), rewards[at]);
    differs("end of the episode", f.terminal(next), kernel.terminal(at));
    observe(next);
    differs("info", f.info?.(next) ?? {}, kernel.info(at));
    state = f.terminal(next) ? undefined : next;
  }
}
