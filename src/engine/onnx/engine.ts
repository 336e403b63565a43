import type { InferenceSession } from "onnxruntime-common";
import { type Graph, nodesOf, rootsOf } from "../../tensor/graph.ts";
import type { NdArray } from "../../tensor/ndarray.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variable } from "../../tensor/variable.ts";
import type { Engine, Program } from "../engine.ts";
import { Arena } from "../fused/arena.ts";
import { networkOf } from "../fused/network.ts";
import { Pass } from "../fused/pass.ts";
import { bytesOf, planOf } from "../fused/plan.ts";
import { Executable } from "./executable.ts";
import { type Lowered, lower } from "./lower.ts";
import type { OrtModule, OrtSetup } from "./ort.ts";
import { State } from "./state.ts";

export { CPU, WEBGPU } from "./lowering/context.ts";

/** More than this is not updated in place: with what else there is, it might not find room in 4 GiB. */
const MOST_IN_PLACE = 3.5 * 2 ** 30;

/** Milliseconds. */
const BREATH = 10;

/** An engine on ONNX Runtime, of either package. */
export class OrtEngine implements Engine {
  readonly #ort: OrtModule;
  readonly #setup: OrtSetup;
  readonly #arena = new Arena();
  readonly #state: State;
  readonly #programs = new Set<Executable>();
  /** Runs follow one another: two programs may share state. */
  #queue: Promise<unknown> = Promise.resolve();
  #open = true;
  #breathed = 0;
  /** The net under dispose: what a dropped program holds is freed. */
  readonly #dropped = new FinalizationRegistry<Executable>((executable) => {
    void this.#inTurn(() => this.#close(executable));
  });

  constructor(ort: OrtModule, setup: OrtSetup) {
    this.#ort = ort;
    this.#setup = setup;
    this.#state = new State(this, ort, setup, this.#arena, (job) => void this.#inTurn(job));
  }

  get name(): string {
    return this.#setup.name;
  }

  readonly state = {
    read: async (variable: Variable): Promise<NdArray> => {
      const here = await this.#inTurn(async () =>
        variable.home === this ? this.#state.read(variable) : undefined,
      );
      return here ?? variable.read();
    },
    // In turn: a run may be using it. What is called after this comes after it.
    release: (variable: Variable): void => void this.#inTurn(async () => this.#state.release(variable)),
  };

  async compile(graph: Graph): Promise<Program> {
    this.#requireOpen();
    const executable = await this.#executableOf(graph);
    this.#programs.add(executable);
    const away = (variable: Variable): boolean => variable.home !== undefined && variable.home !== this;
    /** Nothing, where another engine has a newer value of what is read. */
    const run = async (feeds: readonly NdArray[]): Promise<NdArray[] | undefined> => {
      this.#requireOpen();
      if (!this.#programs.has(executable)) throw new Error("this program was disposed and cannot run again");
      return executable.reads.some(away) ? undefined : executable.run(feeds);
    };
    const program: Program = {
      run: async (feeds) => {
        for (;;) {
          const results = await this.#inTurn(() => run(feeds));
          if (results) {
            if (!executable.session) await this.#breath();
            return results;
          }
          // Not in turn: the other engine may be waiting for this one.
          for (const variable of executable.reads.filter(away)) await variable.toHost();
        }
      },
      dispose: () => this.#inTurn(() => this.#close(executable)),
    };
    this.#dropped.register(program, executable);
    return program;
  }

  async dispose(): Promise<void> {
    await this.#inTurn(async () => {
      this.#open = false;
      await this.#state.dispose();
      for (const { session } of this.#programs) await session?.release();
      this.#programs.clear();
    });
  }

  /** Elementwise updates of state become a pass where this engine runs them in place; the rest is ONNX Runtime's. */
  async #executableOf(graph: Graph): Promise<Executable> {
    const plan = this.#setup.inPlace ? (networkOf(graph) ?? planOf(graph)) : undefined;
    const pass = plan && bytesOf(plan) < MOST_IN_PLACE ? await Pass.make(plan, this.#arena) : undefined;
    const rest = pass?.plan.rest ?? graph;
    const lowered = lower(rest, this.#setup.target);
    const session =
      rootsOf(rest).length > 0 ? await this.#sessionOf(lowered, workOf(rootsOf(rest))) : undefined;
    return new Executable({ graph, lowered, session, pass }, this.#ort, this.#setup, this.#state);
  }

  #sessionOf(lowered: Lowered, work: number): Promise<InferenceSession> {
    const { stateLocation } = this.#setup;
    return this.#ort.InferenceSession.create(lowered.bytes, {
      ...this.#setup.options(work),
      ...(stateLocation && {
        preferredOutputLocation: Object.fromEntries(lowered.updates.map((u) => [u.name, stateLocation])),
      }),
    });
  }

  async #close(executable: Executable): Promise<void> {
    if (!this.#programs.delete(executable) || !executable.session) return;
    await this.#state.evacuate(executable.session);
    await executable.session.release();
  }

  #requireOpen(): void {
    if (!this.#open)
      throw new Error(`the engine (${this.name}) was disposed and cannot run again; create another`);
  }

  /**
   * Where no session runs, nothing waits: in Node a loop of such calls would keep timers, signals and the network waiting for
   * ever. It lets them in now and then, as every session does.
   */
  async #breath(): Promise<void> {
    if (typeof setImmediate !== "function" || performance.now() - this.#breathed < BREATH) return;
    await new Promise<void>((done) => setImmediate(done));
    this.#breathed = performance.now();
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(job);
    this.#queue = turn.then(nothing, nothing);
    return turn;
  }
}

const nothing = (): void => {};

/** Multiply–adds of one operator below which sharing it among threads costs more than it brings. */
const SHARED_FROM = 1e6;

/** About how many multiply–adds one run costs: what decides on the number of threads. Many small ones are no reason for two. */
function workOf(roots: readonly Tensor[]): number {
  const each = worksOf(roots);
  return each.some((work) => work >= SHARED_FROM) ? each.reduce((sum, work) => sum + work, 0) : 0;
}

function worksOf(roots: readonly Tensor[]): number[] {
  const nodes = nodesOf(roots);
  return nodes.flatMap((t) => {
    const [a, b] = t.inputs;
    if (t.is("matmul")) return [t.size * (t.attrs.transA ? a!.shape.at(-2)! : a!.shape.at(-1)!)];
    if (t.is("conv2d")) return [t.size * (sizeOf(b!.shape) / b!.shape[0]!)];
    if (t.is("conv2dInputGrad") || t.is("conv2dWeightGrad"))
      return [a!.size * (sizeOf(t.shape) / t.shape[0]!)];
    if (!t.is("scan")) return [t.size];
    const values = nodes.flatMap((p) => (p.is("stacked") && p.inputs[0] === t ? [p.attrs.value] : []));
    const body = worksOf([...t.attrs.body.ends, ...values]);
    return Array.from({ length: t.attrs.length }, () => body).flat();
  });
}
