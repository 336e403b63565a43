import { type Compiled, compile } from "../../engine/compile.ts";
import type { Engine } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import type { StateDict } from "../../nn/module.ts";
import { clipGradNorm } from "../../optim/clip.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import { grad } from "../../tensor/grad.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { acrossPeers } from "../../tensor/ops.ts";
import type { Peers } from "../../tensor/primitive.ts";
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Metrics } from "../../train/checkpoint.ts";
import type { Batch, HostBatch, Player } from "../../train/task.ts";

type Outputs = Record<string, Tensor>;

export interface UpdateOptions {
  readonly engine: Engine;
  readonly players: readonly Player[];
  /** Processes whose gradients, and numbers, are averaged. */
  readonly peers?: Peers | undefined;
  /** While tracing, when all have moved: averages that follow them. `moved`: who did. */
  readonly after?: (moved: readonly string[]) => void;
}

/**
 * The players of an agent (critic, actor, temperature) and their optimizers: a move of any of them is one call of one
 * program. All see the weights from before the call.
 */
export class Update {
  readonly #players: readonly Player[];
  readonly #optimizers: ReadonlyMap<string, Optimizer>;
  readonly #program: Compiled<[Batch, Key, Tensor, string], Outputs>;

  constructor({ engine, players, peers, after }: UpdateOptions) {
    this.#players = players;
    this.#optimizers = new Map(players.map((p) => [p.name, p.optimizer(p.module.parameters())]));
    this.#program = compile(
      (batch: Batch, key: Key, step: Tensor, names: string): Outputs => {
        const moved = names.split(" ");
        const moves = players
          .filter(({ name }) => moved.includes(name))
          .map((player) => gradientsOf(player, batch, key.split(player.name), step, peers));
        // All gradients first: the updates that follow are elementwise, and run in place in one pass.
        for (const { player, gradients } of moves)
          this.#optimizers.get(player.name)!.step(gradients, player.schedule(step));
        after?.(moved);
        return Object.assign({}, ...moves.map(({ outputs }) => outputs)) as Outputs;
      },
      { engine, name: `update of ${players.map(({ name }) => name).join(", ")}` },
    );
  }

  /**
   * Moves these players, all when left out, in their order.
   * @param step what schedules and annealing go by: environment steps done
   * @returns losses ("critic_loss") and whatever else the losses give, scalars and arrays
   * @throws UserError where a loss is not finite
   */
  async step(
    batch: HostBatch,
    key: Key,
    step: number,
    names?: readonly string[],
  ): Promise<Readonly<Record<string, NdArray>>> {
    const moving = (names ?? this.#players.map(({ name }) => name)).join(" ");
    const out = (await this.#program(batch, key, step, moving)) as Readonly<Record<string, NdArray>>;
    for (const [name, { data, shape }] of Object.entries(out))
      if (shape.length === 0 && !Number.isFinite(data[0]))
        throw new UserError(
          `after ${step} steps, ${name} is ${data[0]}: the weights have run away. Try a smaller learning rate (option \`lr\`), or clip the gradients (option \`maxGradNorm\`)`,
        );
    return out;
  }

  /** What the optimizers remember. */
  get variables(): ReadonlyMap<string, Variable> {
    return new Map(
      [...this.#optimizers].flatMap(([player, { variables }]) =>
        [...variables].map(([name, variable]) => [`${player}.${name}`, variable] as const),
      ),
    );
  }

  async save(): Promise<StateDict> {
    const dict: StateDict = {};
    for (const [name, variable] of this.variables) dict[name] = await variable.read();
    return dict;
  }

  /** @throws UserError where the checkpoint is of another optimizer */
  load(dict: Readonly<StateDict>): void {
    const { variables } = this;
    const stranger = [...variables.keys()].find((name) => !Object.hasOwn(dict, name));
    if (stranger !== undefined || Object.keys(dict).length !== variables.size)
      throw new UserError(
        `the checkpoint has another optimizer's state: it holds ${Object.keys(dict).sort().join(", ")}; expected is ${[...variables.keys()].sort().join(", ")}`,
      );
    for (const [name, variable] of variables) variable.set(dict[name]!);
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}

function gradientsOf(player: Player, batch: Batch, key: Key, step: Tensor, peers?: Peers) {
  const together = (t: Tensor): Tensor => (peers ? acrossPeers(t, peers) : t);
  const { module, maxGradNorm, name } = player;
  const { loss, ...others } = player.loss(batch, key, step);
  const raw = grad(loss, module.parameters()).map(together);
  const gradients = maxGradNorm === undefined ? raw : clipGradNorm(raw, maxGradNorm).gradients;
  const named: Outputs = { [`${name}_loss`]: loss, ...others };
  const outputs = Object.fromEntries(Object.entries(named).map(([of, value]) => [of, together(value)]));
  return { player, gradients, outputs };
}

/** The scalars among the outputs of an update. */
export const scalarsOf = (outputs: Readonly<Record<string, NdArray>>): Metrics =>
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, { data, shape }]) =>
      shape.length === 0 ? [[name, Number(data[0])]] : [],
    ),
  );
