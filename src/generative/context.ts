import { type Compiled, compile } from "../engine/compile.ts";
import { UserError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { substitute } from "../tensor/trace.ts";
import type { Variable } from "../tensor/variable.ts";
import type { HookContext } from "./model.ts";

export interface ContextParts<C> extends Omit<HookContext<C>, "compile" | "progress" | "ruler"> {
  /** Of a run that trains: values in the place of weights, made while tracing (its moving averages, or none). */
  readonly averages?: (() => ReadonlyMap<Variable, Tensor>) | undefined;
  readonly progress?: HookContext<C>["progress"] | undefined;
  /** Who gives it also disposes of it: one ruler serves many jobs. */
  readonly ruler?: HookContext<C>["ruler"] | undefined;
}

/** Do something with a model: the context's programs live as long as the job. */
export async function withModel<C, T>(
  { averages, progress, ruler, ...parts }: ContextParts<C>,
  job: (context: HookContext<C>) => Promise<T>,
): Promise<T> {
  const programs: { dispose(): Promise<void> }[] = [];
  const context: HookContext<C> = {
    ...parts,
    compile: <A extends readonly unknown[], R>(fn: (...args: A) => R, name?: string): Compiled<A, R> => {
      const traced = averages ? (...args: A): R => substitute(averages(), () => fn(...args)) : fn;
      // Weights that do not move are constants: engines compute faster with those.
      const freeze = averages ? [] : parts.task.module.variables().map(([, variable]) => variable);
      const program = compile(traced, { engine: parts.engine, name: name ?? (fn.name || "model"), freeze });
      programs.push(program);
      return program;
    },
    progress: progress ?? (() => undefined),
    ruler: ruler ?? noRuler,
  };
  try {
    return await job(context);
  } finally {
    for (const program of programs) await program.dispose();
  }
}

const noRuler = async (): Promise<never> => {
  throw new UserError("images cannot be measured here: no classifier was given to measure by");
};
