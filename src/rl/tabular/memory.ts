import type { StateDict } from "../../nn/module.ts";

const KINDS = { float64: Float64Array, int32: Int32Array } as const;
type Kind = keyof typeof KINDS;
type Table = Float64Array | Int32Array;

/**
 * Everything a tabular method keeps from one episode to the next, in named tables: Q and, if needed, counts, a
 * second table, a learned model. A method given the memory of an earlier run continues where that one stopped.
 */
export class Memory {
  readonly #tables = new Map<string, Table>();

  /** The memory in a checkpoint's tensors. */
  static from(dict: Readonly<StateDict>): Memory {
    const memory = new Memory();
    for (const [key, { data }] of Object.entries(dict)) {
      const [name, kind] = key.split(":") as [string, Kind];
      const bytes = Uint8Array.from(data as Uint8Array);
      memory.#tables.set(name, new KINDS[kind](bytes.buffer));
    }
    return memory;
  }

  /** The table of numbers of this name, made if missing. */
  floats(name: string, make: () => Float64Array): Float64Array {
    return this.#table(name, make) as Float64Array;
  }

  /** The same for whole numbers. */
  ints(name: string, make: () => Int32Array): Int32Array {
    return this.#table(name, make) as Int32Array;
  }

  #table(name: string, make: () => Table): Table {
    const table = this.#tables.get(name) ?? make();
    this.#tables.set(name, table);
    return table;
  }

  /** Its tables as bytes under "name:kind", because tensors have no float64. */
  dict(): StateDict {
    return Object.fromEntries(
      [...this.#tables].map(([name, table]) => {
        const kind: Kind = table instanceof Int32Array ? "int32" : "float64";
        const bytes = new Uint8Array(table.buffer.slice(0) as ArrayBuffer);
        return [`${name}:${kind}`, { data: bytes, shape: [bytes.length], dtype: "uint8" } as const];
      }),
    );
  }
}
