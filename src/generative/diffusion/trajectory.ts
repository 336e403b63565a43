/**
 * The steps of a sampler as explicit pairs of times, so that no update rule has to work out the next time.
 * Song et al. (2021, DDIM), section 4.2 and appendix D.2.
 */
import { UserError, unknownName } from "../../errors.ts";

/** From time t to the earlier time `prev`; −1 is the image. */
export interface Step {
  readonly t: number;
  readonly prev: number;
}

export interface Trajectory {
  /** In the order they run: from noise to image. */
  readonly steps: readonly Step[];
  /** The spacing and the steps, for people. */
  readonly description: string;
}

export type Spacing = "linear" | "quadratic";
/** As the DDIM paper writes the subsequences, or as its official code runs them. */
export type Convention = "paper" | "official";

export interface TrajectoryOptions {
  /** Steps of the noise schedule. */
  readonly T: number;
  /** Steps to take. */
  readonly S: number;
  readonly spacing?: Spacing;
  readonly convention?: Convention;
}

const range = <R>(count: number, at: (i: number) => R): R[] => Array.from({ length: count }, (_, i) => at(i));

/** numpy's linspace(0, end, count), bit for bit: i·step, and `end` itself at the end. */
function linspace(end: number, count: number): number[] {
  const step = end / (count - 1);
  return range(count, (i) => (i === 0 ? 0 : i === count - 1 ? end : i * step));
}

/**
 * Times to visit, ascending; some may repeat. The paper counts from 1: τ_i = ⌊c·i⌋ or ⌊c·i²⌋ for i = 1 … S, with the
 * last near T; here c is T/S or T/S², so the last is T itself. The official code counts from 0.
 */
const TIMES: Readonly<Record<Convention, Readonly<Record<Spacing, (T: number, S: number) => number[]>>>> = {
  paper: {
    linear: (T, S) => range(S, (i) => Math.floor(((i + 1) * T) / S) - 1),
    quadratic: (T, S) => range(S, (i) => Math.max(1, Math.floor(((i + 1) ** 2 * T) / S ** 2)) - 1),
  },
  official: {
    linear: (T, S) => {
      const stride = Math.floor(T / S);
      return range(Math.ceil(T / stride), (i) => i * stride);
    },
    quadratic: (T, S) => linspace(Math.sqrt(T * 0.8), S).map((root) => Math.floor(root * root)),
  },
};

/**
 * A subsequence of the T steps. A repeated time is visited once: a step from t to t changes nothing, so the result is
 * that of the formula.
 * @throws UserError where S is not a whole number from 1 to T.
 */
export function trajectory({
  T,
  S,
  spacing = "linear",
  convention = "paper",
}: TrajectoryOptions): Trajectory {
  if (!Number.isSafeInteger(S) || S < 1)
    throw new UserError(`a sampler takes a whole number of steps, 1 or more, not ${S}`);
  if (S > T)
    throw new UserError(
      `${S} sampling steps were asked for, but the noise schedule has ${T}: ask for ${T} or fewer`,
    );
  if (!Object.hasOwn(TIMES, convention)) throw unknownName("convention", convention, Object.keys(TIMES));
  if (!Object.hasOwn(TIMES[convention], spacing))
    throw unknownName("spacing", spacing, Object.keys(TIMES[convention]));
  return visiting(TIMES[convention][spacing](T, S), `${spacing}, as in the ${WHERE[convention]}, S = ${S}`);
}

const WHERE: Readonly<Record<Convention, string>> = { paper: "DDIM paper", official: "official DDIM code" };

/** Every step: T−1, T−2, … 0, and the image. */
export const fullTrajectory = (T: number): Trajectory =>
  visiting(
    range(T, (t) => t),
    "every step",
  );

/** The trajectory over given times (in any order, repeats dropped), ending at the image. */
export function visiting(times: readonly number[], what = "chosen steps"): Trajectory {
  const visited = [...new Set(times)].sort((a, b) => a - b);
  const bad = visited.find((t) => !Number.isSafeInteger(t) || t < 0);
  if (bad !== undefined || visited.length === 0)
    throw new UserError(
      `a trajectory needs at least one time, and times are whole numbers from 0; it was given ${bad ?? "none"}`,
    );
  const steps = visited.map((t, i) => ({ t, prev: i === 0 ? -1 : visited[i - 1]! })).reverse();
  return { steps, description: `${what}: ${count(visited.length)} at t = ${shown(visited.toReversed())}` };
}

const count = (n: number): string => `${n} step${n === 1 ? "" : "s"}`;

const shown = (times: readonly number[]): string =>
  (times.length <= 12 ? times : [...times.slice(0, 6), "…", ...times.slice(-5)]).join(", ");
