import { type Compiled, compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { Module } from "../../nn/module.ts";
import { type NdArray, ndarray } from "../../tensor/ndarray.ts";
import { add, mul, where } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Policy } from "../agent.ts";
import type { Env } from "../env.ts";
import { type Rows, rowLayout } from "../rows.ts";
import type { Space } from "../spaces.ts";
import type { VectorEnvLike } from "../vector.ts";
import { type Actions, actionsOf, type Features, featuresOf } from "./features.ts";

/** What a network must know of an environment. */
export interface Spaces {
  /** For messages. */
  readonly id: string;
  readonly observation: Space<unknown>;
  readonly action: Space<unknown>;
  readonly features: Features;
  readonly actions: Actions;
  /** Whether the environment says which actions are available. */
  readonly masked: boolean;
}

/** @throws UserError where `algorithm` cannot learn in these spaces */
export function spacesOf(
  id: string,
  { observation, action, masked }: Pick<Spaces, "observation" | "action" | "masked">,
  algorithm: string,
): Spaces {
  const features = featuresOf(observation);
  return { id, observation, action, masked, features, actions: actionsOf(action, id, algorithm) };
}

/** The action that a network takes for good, while tracing: x [n, ...shape], mask [n, actions] of 0 and 1 → [n] or [n, size]. */
export type Greedy = (x: Tensor, mask: Tensor | undefined) => Tensor;

/**
 * What a network says of states beside the action, by name, while tracing: `probabilities` or values `q` of n actions, or an
 * `action` of numbers and its `deviation` [n, size]; and the `value` of the state, [n].
 */
export type Says = (x: Tensor, mask: Tensor | undefined) => Readonly<Record<string, Tensor>>;

/** Values or logits [n, actions] where the mask is 1, and a number that no softmax or maximum takes elsewhere. */
export const masked = (values: Tensor, mask: Tensor | undefined): Tensor =>
  mask ? where(mask.greater(0.5), values, -1e8) : values;

/** a in [−1, 1] → [low, high], and back. */
export function rescale(a: Tensor, { low, high }: Extract<Actions, { kind: "continuous" }>): Tensor {
  const half = Float32Array.from(low, (l, j) => (high[j]! - l) / 2);
  const middle = Float32Array.from(low, (l, j) => (high[j]! + l) / 2);
  return add(mul(a, ndarray(half)), ndarray(middle));
}

/** Acts without exploring, in many environments at once. */
export class GreedyPolicy implements Policy {
  readonly #program: Compiled<[Tensor, Tensor | undefined], Tensor>;
  readonly #says: Compiled<[Tensor, Tensor | undefined], Readonly<Record<string, Tensor>>> | undefined;
  readonly #spaces: Spaces;
  #inputs = new Float32Array(0);
  #masks = new Float32Array(0);

  constructor(greedy: Greedy, spaces: Spaces, engine: Engine, says?: Says) {
    this.#spaces = spaces;
    this.#program = compile(greedy, { engine, name: "policy" }) as never;
    this.#says = says && (compile(says, { engine, name: "what the policy says" }) as never);
  }

  /** Fills `actions` for n rows of observations. */
  async choose(observations: Rows, masks: Uint8Array | undefined, actions: Rows): Promise<void> {
    const { data } = await (this.#program as (x: NdArray, mask?: NdArray) => Promise<NdArray>)(
      ...this.#seen(observations, masks),
    );
    writeActions(data as Float32Array | Int32Array, this.#spaces.actions, actions);
  }

  async says(observations: Rows, masks?: Uint8Array): Promise<Readonly<Record<string, NdArray>>> {
    const says = this.#says as
      | ((x: NdArray, mask?: NdArray) => Promise<Readonly<Record<string, NdArray>>>)
      | undefined;
    return (await says?.(...this.#seen(observations, masks))) ?? {};
  }

  /** Rows as a network takes them. */
  #seen(observations: Rows, masks: Uint8Array | undefined): [x: NdArray, mask: NdArray | undefined] {
    const { features } = this.#spaces;
    const width = rowLayout(this.#spaces.observation).width;
    const n = observations.length / width;
    if (this.#inputs.length !== n * features.size) this.#inputs = new Float32Array(n * features.size);
    for (let i = 0; i < n; i++) features.write(observations, i, this.#inputs, i);
    if (masks && this.#masks.length !== masks.length) this.#masks = new Float32Array(masks.length);
    if (masks) this.#masks.set(masks);
    return [
      ndarray(this.#inputs, [n, ...features.shape]),
      masks && ndarray(this.#masks, [n, masks.length / n]),
    ];
  }

  async act(observation: unknown, info: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { observation: seen, action } = this.#spaces;
    if (!seen.contains(observation)) {
      // Numbers may lie a rounding beyond their bounds; another shape is another matter.
      const length = (observation as { length?: number } | null)?.length;
      if (length !== rowLayout(seen).width)
        throw new UserError(`the policy sees ${String(seen)}; this observation is none of it`);
    }
    const rows = rowLayout(seen).make(1);
    rowLayout(seen).write(observation, rows, 0);
    const actions = rowLayout(action).make(1);
    const mask = info.action_mask as ArrayLike<number> | undefined;
    await this.choose(rows, mask && Uint8Array.from(mask), actions);
    return rowLayout(action).read(actions, 0);
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
    await this.#says?.dispose();
  }
}

/** What a network says, as rows that environments take: numbers of actions from `start` on, or numbers within bounds. */
export function writeActions(from: ArrayLike<number>, space: Actions, to: Rows): void {
  for (let k = 0; k < to.length; k++) {
    if (space.kind === "discrete") to[k] = from[k]! + space.start;
    else if (space.kind === "multi") to[k] = from[k]! + space.start[k % space.start.length]!;
    else {
      const j = k % space.size;
      to[k] = Math.min(Math.max(from[k]!, space.low[j]!), space.high[j]!);
    }
  }
}

/** The spaces of an environment by itself. */
export function spacesOfEnv(env: Env, algorithm: string): Spaces {
  const { info } = env.reset();
  const { observationSpace: observation, actionSpace: action, id } = env;
  return spacesOf(id, { observation, action, masked: info.action_mask !== undefined }, algorithm);
}

export function spacesOfVector(env: VectorEnvLike, algorithm: string): Spaces {
  const { singleObservationSpace: observation, singleActionSpace: action, id } = env;
  return spacesOf(id, { observation, action, masked: env.actionMasks() !== undefined }, algorithm);
}

/** A module and what of it acts. */
export interface Acting<M extends Module> {
  readonly module: M;
  readonly greedy: Greedy;
}
