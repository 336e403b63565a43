import { type Compiled, compile } from "../engine/compile.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { substitute } from "../tensor/trace.ts";
import type { Variable } from "../tensor/variable.ts";
import type { Context, World } from "./contract.ts";

export interface ContextParts<O, M extends Module>
  extends Omit<Context<O, M>, "compile" | "progress" | "write" | "signal" | keyof World> {
  /** During training: what stands in for the weights, made while tracing (their moving averages, or nothing). */
  readonly averages?: (() => ReadonlyMap<Variable, Tensor>) | undefined;
  readonly progress?: Context["progress"] | undefined;
  readonly write?: Context["write"] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Run a job with a model's context, and dispose of the programs it compiled. */
export async function withModel<O, M extends Module, T>(
  { averages, progress, write, signal, ...parts }: ContextParts<O, M>,
  job: (context: Context<O, M>) => Promise<T>,
): Promise<T> {
  const { engine, module, world } = parts;
  const programs: { dispose(): Promise<void> }[] = [];
  const context: Context<O, M> = {
    ...parts,
    data: () => world.data(),
    asset: (name) => world.asset(name),
    file: (path) => world.file(path),
    run: (name) => world.run(name),
    compile: <A extends readonly unknown[], R>(fn: (...args: A) => R, name?: string): Compiled<A, R> => {
      const traced = averages ? (...args: A): R => substitute(averages(), () => fn(...args)) : fn;
      // Weights that do not change are constants, with which engines compute faster.
      const freeze = averages ? [] : module.variables().map(([, variable]) => variable);
      const program = compile(traced, { engine, name: name ?? (fn.name || "model"), freeze });
      programs.push(program);
      return program;
    },
    progress: progress ?? (() => undefined),
    write: write ?? (() => undefined),
    signal,
  };
  try {
    return await job(context);
  } finally {
    for (const program of programs) await program.dispose();
  }
}
