/** What is cut off a graph, and what is left in it. */
import { describe, expect, test } from "vitest";
import { compile } from "../../../src/engine/compile.ts";
import { type Plan, planOf } from "../../../src/engine/fused/plan.ts";
import { init, Parameter } from "../../../src/nn/index.ts";
import { adamW, clipGradNorm, Ema } from "../../../src/optim/index.ts";
import { type NdArray, ndarray } from "../../../src/tensor/ndarray.ts";
import * as o from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { assign } from "../../../src/tensor/trace.ts";
import { Variable } from "../../../src/tensor/variable.ts";

const variable = (name: string, ...shape: number[]): Variable => new Variable(shape, { name });
const array = (...shape: number[]) => ndarray(new Float32Array(shape.reduce((n, d) => n * d, 1)), shape);
const plan = async (fn: (...x: Tensor[]) => unknown, ...args: NdArray[]) =>
  planOf(await compile(fn).graph(...args));

/** "3: w[0], g[0] → w[0]": elements, what is read and what is written, of each job. */
function show({ jobs }: Plan): string[] {
  return jobs.map(({ length, operands, formula }) => {
    const name = (i: number): string => {
      const { source, offset } = operands[i]!;
      return `${source instanceof Variable ? source.name : source.op}[${offset}]`;
    };
    if ("extent" in formula)
      return `${length}: ${name(1)} at ${name(0)} of ${formula.extent} × ${formula.inner} → ${name(2)}`;
    if (!("steps" in formula)) return "a layer";
    const reads = formula.steps.flatMap((s) => ("operand" in s ? [name(s.operand)] : []));
    return `${length}: ${reads.join()} → ${formula.results.map((r) => name(r.operand)).join()}`;
  });
}

describe("a plan", () => {
  test("a packed optimizer has one job a parameter, with no concatenation or cut left, and one formula for all", async () => {
    const parameters = [[3, 4], [5], [], [256, 256]].map((shape, i) => {
      const p = new Parameter(shape, init.zeros);
      p.name = `p${i}`;
      p.set(array(...shape));
      return p;
    });
    const optimizer = adamW()(parameters);
    const ema = new Ema(parameters, 0.9);
    const made = await plan(
      (...gradients) => {
        optimizer.step(
          gradients.map((g) => o.matmul(o.reshape(g, [-1, 1]), o.tensor([[2]])).reshape(g.shape)),
          0.1,
        );
        ema.update();
      },
      ...parameters.map((p) => array(...p.shape)),
    );
    const names = new Map<object, string>([...optimizer.variables].map(([name, v]) => [v, name]));
    for (const job of made!.jobs)
      for (const { source } of job.operands)
        if (source instanceof Variable && names.has(source)) source.name = names.get(source)!;
    expect(show(made!).toSorted()).toEqual(
      [
        "12: p0[0],exp_avg.flat[0],matmul[0],exp_avg_sq.flat[0],step[0],ema.flat[0] → p0[0],exp_avg.flat[0],exp_avg_sq.flat[0],ema.flat[0]",
        "5: p1[0],exp_avg.flat[12],matmul[0],exp_avg_sq.flat[12],step[0],ema.flat[12] → p1[0],exp_avg.flat[12],exp_avg_sq.flat[12],ema.flat[12]",
        "1: step[0],p2[0],exp_avg.flat[17],matmul[0],exp_avg_sq.flat[17],ema.flat[17] → step[0],p2[0],exp_avg.flat[17],exp_avg_sq.flat[17],ema.flat[17]",
        "65536: p3[0],exp_avg.p3[0],matmul[0],exp_avg_sq.p3[0],step[0],ema.p3[0] → p3[0],exp_avg.p3[0],exp_avg_sq.p3[0],ema.p3[0]",
      ].toSorted(),
    );
    // The count of steps is read by all, and written by the last.
    expect(made!.jobs.at(-1)!.length).toBe(1);
    expect(new Set(made!.jobs.map((j) => JSON.stringify(j.formula))).size).toBe(2);
    expect(made!.rest.outputs.every((t) => t.is("matmul"))).toBe(true);
    expect([made!.rest.updates, made!.rest.reads]).toEqual([[], []]);
  });

  test("scalars of state, feeds and constants are part of it; others come from the graph, whole", async () => {
    const w = variable("w", 8);
    const made = await plan(
      (x, rate) => {
        const g = o.mul(o.matmul(x, x), 1);
        const { gradients } = clipGradNorm([o.reshape(g, [4])], 1);
        assign(w, o.sub(w, o.mul(o.concat([gradients[0]!, gradients[0]!], 0), o.mul(rate, 2))));
      },
      array(2, 2),
      array(),
    );
    expect(show(made!)).toEqual(["4: w[0],matmul[0],minimum[0],input[0],w[4] → w[0],w[4]"]);
    expect(made!.fed.map((t) => t.shape)).toEqual([[]]);
    expect(made!.rest.feeds.map((t) => t.shape)).toEqual([[2, 2]]);
  });

  test("jobs that read what others write come first", async () => {
    const [a, b, c] = [variable("a", 4), variable("b", 8), variable("c", 4)];
    const made = await plan(() => {
      const [x, y] = [o.asTensor(a), o.asTensor(b)];
      assign(a, o.narrow(y, 0, 0, 4));
      assign(b, o.add(y, 1));
      assign(c, x);
    });
    expect(show(made!)).toEqual(["4: a[0] → c[0]", "4: b[0] → a[0]", "8: b[0] → b[0]"]);
  });

  test("what no order serves stays in the graph", async () => {
    const [a, b, c, w] = [variable("a", 4), variable("b", 8), variable("c", 4), variable("w", 6)];
    const made = await plan(() => {
      const [x, y] = [o.asTensor(a), o.asTensor(b)];
      assign(a, o.add(o.narrow(y, 0, 0, 4), 1));
      assign(b, o.concat([x, x], 0));
      assign(c, o.neg(c));
      // A shift: every element becomes its neighbour.
      assign(w, o.concat([o.narrow(w, 0, 1, 6), o.narrow(w, 0, 0, 1)], 0));
    });
    expect(show(made!)).toEqual(["4: c[0] → c[0]"]);
    expect(made!.rest.updates.map(({ variable: v }) => v.name)).toEqual(["a", "b", "w"]);
  });

  test("products, other dtypes and what only the graph can do stay there; an elementwise part around it does not", async () => {
    const [v, n] = [variable("v", 2, 2), new Variable([2], { name: "n", dtype: "int32" })];
    expect(await plan((x) => assign(v, o.matmul(v, x)), array(2, 2))).toBeUndefined();
    expect(await plan(() => assign(n, o.add(n, 1)))).toBeUndefined();
    const made = await plan((x) => assign(v, o.add(o.mul(v, 0.9), o.mul(o.erf(x), 0.1))), array(2, 2));
    expect(show(made!)).toEqual(["4: v[0],erf[0] → v[0]"]);
  });

  test("a row is written in place at a position that is fed, after what reads the variable", async () => {
    const [cache, copy] = [variable("cache", 2, 5, 3), variable("copy", 30)];
    const made = await plan(
      (at, row) => {
        const before = o.asTensor(cache);
        assign(cache, o.writeAt(before, at, o.reshape(o.matmul(row, o.ones([3, 3])), [2, 1, 3]), 1));
        assign(copy, o.reshape(before, [30]));
        return o.sum(before);
      },
      ndarray(Int32Array.of(4)),
      array(2, 3),
    );
    expect(show(made!)).toEqual(["30: cache[0] → copy[0]", "2: matmul[0] at input[0] of 5 × 3 → cache[0]"]);
    expect(made!.rest.updates).toEqual([]);
  });

  test("a write at a position that is computed, of another variable, or of a value that moves, stays in the graph", async () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => variable(name, 4, 2)) as [Variable, Variable, Variable];
    const made = await plan(
      (at, row) => {
        assign(a, o.writeAt(a, o.add(at, 1), row, 0));
        assign(b, o.writeAt(c, at, row, 0));
        assign(c, o.writeAt(o.gather(c, o.tensor([1, 0, 3, 2], "int32")), at, row, 0));
      },
      ndarray(Int32Array.of(0)),
      array(1, 2),
    );
    expect(made).toBeUndefined();
  });

  test("its own value needs no job", async () => {
    const v = variable("v", 6);
    const made = await plan(() =>
      assign(v, o.concat([o.narrow(v, 0, 0, 4), o.mul(o.narrow(v, 0, 4, 6), 2)], 0)),
    );
    expect(show(made!)).toEqual(["2: v[4] → v[4]"]);
  });
});
