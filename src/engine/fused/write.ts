import { type Code, copyMemory, Func, i32 } from "../../wasm/assembler.ts";

/**
 * A row of `inner` numbers written at a position below `extent`, in each of so many blocks of `extent` rows. Its operands: the
 * position (an integer), the rows, and where they go.
 */
export interface Write {
  readonly extent: number;
  readonly inner: number;
}

const FLOAT = 4;

/** The kernel of a write, for as many blocks as it is called with; nothing is written where there is no such position. */
export function writeOf({ extent, inner }: Write): Func {
  const f = new Func(4);
  const [blocks, position, rows, target] = f.params as [I, I, I, I];
  const bytes = i32.const(FLOAT * inner);
  const at = f.variable("i32", i32.load(position)).get;
  f.when(i32.ltU(at, i32.const(extent)), () => {
    const from = f.variable("i32", rows);
    const to = f.variable("i32", i32.add(target, i32.mul(at, bytes)));
    const end = f.variable("i32", i32.add(rows, i32.mul(blocks, bytes))).get;
    f.repeat(() => {
      f.emit(copyMemory(to.get, from.get, bytes));
      f.emit(from.set(i32.add(from.get, bytes)), to.set(i32.add(to.get, i32.const(FLOAT * inner * extent))));
      return i32.ltU(from.get, end);
    });
  });
  return f;
}

type I = Code<"i32">;
