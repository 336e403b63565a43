import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { nodeEngine } from "../../src/engine/onnx/node.ts";
import { grad } from "../../src/tensor/grad.ts";
import { type Graph, nodesOf } from "../../src/tensor/graph.ts";
import type { NdArray } from "../../src/tensor/ndarray.ts";
import * as o from "../../src/tensor/ops.ts";
import { Key } from "../../src/tensor/random.ts";
import { simplify } from "../../src/tensor/simplify.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { decode, encode } from "./check.ts";
import { floats, Rng } from "./reference.ts";

const engine = await nodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const leaf = (index: number, shape: number[]): Tensor =>
  new Tensor("input", [], { name: `x${index}`, index }, shape, "float32");

const SHAPE = [2, 3, 3] as const;

/** One step of growth: each is chosen so that some rewrite, or sharing, has a chance. Values stay of order one. */
const STEPS: readonly ((r: Rng, pick: () => Tensor) => Tensor)[] = [
  (_, p) => o.add(p(), p()),
  (_, p) => o.sub(p(), p()),
  (_, p) => o.mul(p(), o.sigmoid(p())),
  (_, p) => o.neg(p()),
  (_, p) => o.tanh(p()),
  (_, p) => o.stopGradient(p()),
  (r, p) => o.add(p(), r.pick([0, -0, 0.5])),
  (r, p) => o.add(r.pick([0, 0.25]), p()),
  (r, p) => o.sub(p(), r.pick([0, 0.5])),
  (r, p) => o.mul(p(), r.pick([1, 0.5, -1, 0])),
  (r, p) => o.mul(r.pick([1, 0.5, 2]), o.mul(p(), 0.25)),
  (_, p) => o.mul(o.add(o.constant(0.5), o.constant(0.25)), p()),
  (r, p) => o.pow(o.add(o.abs(p()), 0.5), r.pick([1, 2, 0.5])),
  (_, p) => o.reshape(o.reshape(p(), [18]), SHAPE),
  (_, p) => o.reshape(o.reshape(o.reshape(p(), [6, 3]), [3, 6]), SHAPE),
  (r, p) => {
    const twice = o.transpose(
      o.transpose(
        p(),
        r.pick([
          [0, 2, 1],
          [1, 2, 0],
        ]),
      ),
      r.pick([
        [0, 2, 1],
        [2, 0, 1],
      ]),
    );
    return twice.shape.join() === SHAPE.join() ? twice : o.reshape(twice, SHAPE);
  },
  (_, p) => o.add(p(), o.broadcastTo(o.sum(p(), { axes: 1, keepDims: true }), SHAPE)),
  (_, p) => o.mul(o.broadcastTo(o.broadcastTo(o.mean(p()), [3]), SHAPE), p()),
  (r, p) => o.mul(o.matmul(p(), o.transpose(p(), [0, 2, 1]), { alpha: 0.5 }), r.pick([0.25, 1, -1])),
  (r, p) => o.matmul(o.transpose(p(), [0, 2, 1]), o.tanh(p()), { transB: r.bool(), alpha: 0.3 }),
  // Rows against a matrix, plus a bias: the engine adds it inside the product.
  (_, p) => o.add(o.matmul(p(), o.mean(p(), { axes: 0 })), o.mean(p(), { axes: [0, 1] })),
  // The pieces of a cut, and the gradient of cutting.
  (r, p) => {
    const x = p();
    const axis = r.pick([1, 2]);
    const pieces = o.chunk(x, 3, axis);
    const some = r.order(3).slice(0, r.int(1, 3));
    const loss = some.map((i) => o.sum(o.tanh(pieces[i]!))).reduce((a, b) => o.add(a, b));
    return grad(loss, [x])[0]!;
  },
  (r, p) => {
    const pieces = o.chunk(p(), 3, 1);
    return o.concat(r.bool() ? pieces : r.order(3).map((i) => pieces[i]!), 1);
  },
  (_, p) => o.where(o.less(p(), 0), o.broadcastTo(o.constant(0.5), SHAPE), p()),
  (r, p) =>
    o.pad(o.slice(p(), { starts: [0, 1, 0], lengths: [2, 2, 3] }), {
      low: [0, 1, 0],
      high: [0, 0, 0],
      value: r.pick([0, 1]),
    }),
];

function grow(seed: number): { feeds: Tensor[]; outputs: Tensor[] } {
  const r = new Rng(seed);
  const feeds = [leaf(0, [...SHAPE]), leaf(1, [...SHAPE])];
  const pool = [...feeds];
  // Newest most often, so that chains form.
  const pick = (): Tensor => (r.bool() ? pool.at(-1)! : r.pick(pool));
  for (let i = 0; i < 14; i++) pool.push(r.pick(STEPS)(r, pick));
  const last = pool.at(-1)!;
  return {
    feeds,
    outputs: [last, ...grad(o.sum(last), feeds, { unused: "zero" }), o.neg(r.pick(pool)), r.pick(pool)],
  };
}

async function results(graph: Graph, values: NdArray[]): Promise<number[][]> {
  const program = await engine.compile(graph);
  const order = graph.feeds.map((t) => values[(t as Tensor<"input">).attrs.index]!);
  const out = await program.run(order);
  await program.dispose();
  return out.map(decode);
}

test("a simplified graph computes what the graph computes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1e6), async (seed) => {
      const { feeds, outputs } = grow(seed);
      const graph: Graph = { feeds, outputs, reads: [], updates: [] };
      const short = simplify(graph);
      const r = new Rng(seed);
      const values = feeds.map((t) => encode(floats(r, t.shape, -1, 1)));
      const [plain, simple] = [await results(graph, values), await results(short, values)];
      plain.forEach((want, k) => {
        const scale = 1 + Math.max(...want.map(Math.abs));
        want.forEach((v, i) => {
          expect(Math.abs(simple[k]![i]! - v) / scale, `seed ${seed}, output ${k}[${i}]`).toBeLessThan(2e-5);
        });
      });
      expect(nodesOf(short.outputs).length).toBeLessThanOrEqual(nodesOf(outputs).length);
    }),
    { numRuns: 100, seed: 7, endOnFailure: true },
  );
});

/** Ops of the simplified graph, leaves and constants left out. */
function opsOf(...outputs: Tensor[]): string[] {
  const feeds = nodesOf(outputs).filter((t) => t.is("input"));
  const graph = simplify({ feeds, outputs, reads: [], updates: [] });
  return nodesOf(graph.outputs).flatMap((t) => (t.inputs.length > 0 ? [t.op] : []));
}

describe("what becomes of", () => {
  const x = leaf(0, [2, 3]);
  const y = leaf(1, [2, 3]);
  const table: [string, Tensor[], string[]][] = [
    ["common subexpressions", [o.exp(x), o.neg(o.exp(x))], ["exp", "neg"]],
    ["+ 0 and · 1", [o.exp(o.add(o.mul(x, 1), 0))], ["exp"]],
    ["stopGradient", [o.exp(o.stopGradient(x))], ["exp"]],
    ["a + (−b)", [o.add(x, o.neg(y))], ["sub"]],
    ["a − (−b)", [o.sub(x, o.neg(y))], ["add"]],
    ["factors in a row", [o.mul(o.mul(o.mul(x, 2), 3), 4)], ["mul"]],
    ["x²", [o.pow(x, 2)], ["mul"]],
    ["√x as a power", [o.pow(x, 0.5)], ["sqrt"]],
    ["a reshape there and back", [o.exp(o.reshape(o.reshape(x, [6]), [2, 3]))], ["exp"]],
    ["a transposition there and back", [o.exp(o.transpose(o.transpose(x)))], ["exp"]],
    ["transposed factors", [o.matmul(o.transpose(x), y)], ["matmul"]],
    ["a scaled product", [o.mul(o.matmul(x, o.transpose(y)), 0.5)], ["matmul"]],
    ["a cut put together again", [o.exp(o.concat(o.chunk(x, 3, 1), 1))], ["exp"]],
    ["a part of a cut", [o.exp(o.concat(o.chunk(x, 3, 1).slice(1), 1))], ["slice", "exp"]],
    [
      "a cut in another order",
      [o.concat(o.chunk(x, 3, 1).reverse(), 1)],
      ["slice", "slice", "slice", "concat"],
    ],
    ["an operand spread out first", [o.add(x, o.broadcastTo(o.constant(2), [2, 3]))], ["add"]],
  ];
  test.each(table)("%s", (_, outputs, want) => {
    expect(opsOf(...outputs)).toEqual(want);
  });

  test("the gradient of a cut: one concatenation, no padding", () => {
    const whole = leaf(0, [2, 6]);
    const [q, k, v] = o.chunk(whole, 3, 1) as [Tensor, Tensor, Tensor];
    const [g] = grad(o.sum(o.mul(o.mul(q, k), v)), [whole]);
    const ops = opsOf(g!);
    expect(ops).toContain("concat");
    expect(ops).not.toContain("pad");
  });

  test("a scalar with more dimensions keeps the result's shape", () => {
    const wide = (v: number): Tensor => o.reshape(o.constant(v), [1, 1, 1]);
    for (const f of [o.add, o.sub, o.mul, o.pow])
      for (const v of [0, 1, 2, 0.5]) {
        const graph = simplify({ feeds: [x], outputs: [f(x, wide(v))], reads: [], updates: [] });
        expect(graph.outputs[0]!.shape).toEqual([1, 2, 3]);
      }
  });

  test("constants that JSON cannot tell apart", async () => {
    const paddings = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const padded = paddings.map((value) => o.pad(o.tensor([1]), { low: [1], high: [0], value }));
    const zeros = [0, -0].map((v) => o.div(o.tensor([1]), o.tensor([v])));
    const out = await compile(() => [...padded, ...zeros], { engine })();
    expect(out.map((a) => a.data[0])).toEqual([...paddings, ...paddings]);
  });

  test("equal random leaves, and dead ones", async () => {
    const key = Key.seed(1);
    const f = compile(() => o.add(o.normal(key.split("a"), [4]), o.normal(key.split("a"), [4])), { engine });
    expect((await f.graph()).feeds).toHaveLength(1);
    const dead = compile(
      (a: Tensor, b: Tensor) => {
        o.exp(b);
        return o.neg(a);
      },
      { engine },
    );
    const one = { data: Float32Array.of(1), shape: [1], dtype: "float32" } as const;
    expect((await dead.graph(one, one)).feeds).toHaveLength(1);
    expect(decode(await dead(one, one))).toEqual([-1]);
    await Promise.all([f.dispose(), dead.dispose()]);
  });
});
