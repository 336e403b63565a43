import type { NdArray } from "../../tensor/ndarray.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Arena } from "./arena.ts";
import type { Source } from "./elements.ts";
import { type Kernel, kernels, keyOf, type Work } from "./kernel.ts";
import type { Job, Plan } from "./plan.ts";

const BYTES = 4;
/** Values in the scratch room begin this many bytes apart, or a multiple. */
const ALIGNED = 64;

/** The part of a plan that runs in an arena: its jobs, and where what they read and write lies. */
export class Pass {
  readonly plan: Plan;
  readonly #arena: Arena;
  readonly #calls: readonly { readonly job: Job; readonly kernel: Kernel }[];
  readonly #passing: ReadonlyMap<Tensor, number>;
  readonly #bytes: number;
  readonly #places = new Map<Source, number>();
  #scratch = -1;
  #arguments: readonly (readonly number[])[] = [];
  #generation = -1;

  private constructor(plan: Plan, arena: Arena, kernelOf: (work: Work) => Kernel) {
    this.plan = plan;
    this.#arena = arena;
    this.#calls = plan.jobs.map((job) => ({ job, kernel: kernelOf(job.formula) }));
    const passing = new Map<Tensor, number>();
    let bytes = 0;
    for (const t of [...plan.computed, ...plan.fed]) {
      passing.set(t, bytes);
      bytes += Math.ceil((BYTES * t.size) / ALIGNED) * ALIGNED;
    }
    this.#passing = passing;
    this.#bytes = bytes;
  }

  static async make(plan: Plan, arena: Arena): Promise<Pass> {
    const formulas = new Map(plan.jobs.map(({ formula }) => [keyOf(formula), formula]));
    const made = await kernels([...formulas.values()], arena.memory);
    const byKey = new Map([...formulas.keys()].map((key, i) => [key, made[i]!]));
    return new Pass(plan, arena, (work) => byKey.get(keyOf(work))!);
  }

  /**
   * Before a run: find where everything lies. `place` gives the address of a variable, with its current value where that is
   * read. Says whether anything moved since the last run, so that views on it must be made anew.
   */
  settle(place: (variable: Variable, read: boolean) => number): boolean {
    let still = true;
    const put = (source: Source, at: number): void => {
      if (this.#places.get(source) === at) return;
      this.#places.set(source, at);
      still = false;
    };
    for (const variable of this.plan.written) put(variable, place(variable, false));
    for (const variable of this.plan.read) put(variable, place(variable, true));
    const scratch = this.#arena.scratch(this.#bytes);
    if (scratch !== this.#scratch) {
      this.#scratch = scratch;
      for (const [t, offset] of this.#passing) put(t, scratch + offset);
    }
    const { generation } = this.#arena;
    if (still && generation === this.#generation) return false;
    this.#generation = generation;
    this.#arguments = this.#calls.map(({ job }) =>
      job.operands.map(({ source, offset }) => this.#places.get(source)! + BYTES * offset),
    );
    return true;
  }

  /** The place of a value that is computed or fed. */
  view(t: Tensor): Float32Array {
    return this.#arena.view(this.#places.get(t)!, t.size);
  }

  /** A value that is fed: numbers, or one position. */
  feed(t: Tensor, { data }: NdArray): void {
    const room = this.view(t);
    if (data instanceof Int32Array) new Int32Array(room.buffer, room.byteOffset, room.length).set(data);
    else room.set(data as Float32Array);
  }

  /** All jobs, one after another. */
  run(): void {
    for (const [i, { job, kernel }] of this.#calls.entries()) kernel(job.length, ...this.#arguments[i]!);
  }
}
