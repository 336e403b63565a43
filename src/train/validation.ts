import type { Examples } from "../data/data.ts";
import { type Compiled, compile } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { holding, substitute } from "../tensor/trace.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Checkpoint, Metrics } from "./checkpoint.ts";
import { ALONE, addUp, type Communicator } from "./parallel/communicator.ts";
import type { Batch, Player, Task } from "./task.ts";

export interface ValidationOptions {
  /** Examples that training does not see. */
  readonly examples: Examples;
  readonly batchSize: number;
  /** Validations without improvement after which training ends; when left out, it never does. */
  readonly patience?: number | undefined;
}

interface ValidatorWorld {
  readonly engine: Engine;
  readonly key: Key;
  readonly from?: Checkpoint | undefined;
  /** Processes that measure a part of the batches each. */
  readonly ranks?: Communicator | undefined;
}

interface Progress {
  readonly best: number;
  readonly bestStep: number;
  readonly looks: number;
}

/** At most this many examples are used: more would cost time and hardly change the mean. */
const LIMIT = 10_000;

/**
 * The loss of the players on held-out examples, with the weights that will be used (averages where there are any);
 * nothing is updated. Noise is the same each time, so that losses can be compared. The first player's loss decides.
 */
export class Validator {
  readonly #options: ValidationOptions;
  readonly #key: Key;
  readonly #players: readonly Player[];
  readonly #engine: Engine;
  readonly #task: Task;
  readonly #ranks: Communicator;
  #programs: readonly Compiled<[Batch, Key, Tensor], Record<string, Tensor>>[] | undefined;
  #best: Progress;

  constructor(task: Task, options: ValidationOptions, { engine, key, from, ranks = ALONE }: ValidatorWorld) {
    this.#task = task;
    this.#options = options;
    this.#players = task.players;
    this.#key = key;
    this.#engine = engine;
    this.#ranks = ranks;
    // JSON has no infinity; before the first validation there is no best.
    const saved = from?.progress.validation as Progress | undefined;
    this.#best = saved ?? { best: Number.MAX_VALUE, bestStep: 0, looks: 0 };
  }

  /** For the checkpoint. */
  get progress(): { readonly validation: Progress } {
    return { validation: this.#best };
  }

  /** Whether training should continue. */
  get patient(): boolean {
    const { patience } = this.#options;
    return patience === undefined || this.#best.looks < patience;
  }

  async look(
    step: number,
    averages: () => ReadonlyMap<Variable, Tensor>,
  ): Promise<{ readonly metrics: Metrics; readonly best: boolean }> {
    const { examples, batchSize } = this.#options;
    const state = this.#task.module.variables().map(([, variable]) => variable);
    this.#programs ??= this.#players.map((player) =>
      compile(
        (batch: Batch, key: Key, at: Tensor): Record<string, Tensor> =>
          holding(state, () =>
            substitute(averages(), () => (player.validate ?? player.loss)(batch, key, at)),
          ),
        { engine: this.#engine, name: `validation of ${player.name}` },
      ),
    );
    const size = Math.min(batchSize, examples.length);
    const count = Math.min(examples.length, LIMIT);
    const batches = Math.max(1, Math.floor(count / size));
    const sums: Record<string, number> = {};
    const { rank, size: ranks } = this.#ranks;
    for (let b = rank; b < batches; b += ranks) {
      const batch = await examples.batch(Int32Array.from({ length: size }, (_, i) => b * size + i));
      for (const [i, { name }] of this.#players.entries()) {
        const prefix = this.#players.length > 1 ? `${name}/` : "";
        const out: Readonly<Record<string, NdArray>> = await this.#programs[i]!(
          batch,
          this.#key.split(name).split(b),
          step,
        );
        for (const [metric, value] of Object.entries(out)) {
          const key = `val_${prefix}${metric}`;
          sums[key] = (sums[key] ?? 0) + Number(value.data[0]) / batches;
        }
      }
    }
    const metrics = await addUp(this.#ranks, sums);
    const loss = Object.values(metrics)[0]!;
    const best = loss < this.#best.best;
    this.#best = best
      ? { best: loss, bestStep: step, looks: 0 }
      : { ...this.#best, looks: this.#best.looks + 1 };
    return { metrics, best };
  }

  async dispose(): Promise<void> {
    for (const program of this.#programs ?? []) await program.dispose();
  }
}
