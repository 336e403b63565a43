import { ndarray } from "../tensor/ndarray.ts";
import { asTensor, concat, narrow, type Operand, reshape } from "../tensor/ops.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Variable } from "../tensor/variable.ts";

/** From this many elements on, a tensor is updated by itself; smaller ones lie in one flat vector. */
export const LARGE = 64 * 1024;

/** Variables that are updated together: one alone in its own shape, or several end to end in one vector. */
export interface Group<V extends Variable = Variable> {
  readonly members: readonly V[];
  /** The member's shape, or the vector's length. */
  readonly shape: readonly number[];
  /** The member's name, or "flat" (with the part, where there are several). */
  readonly name: string;
}

/** The large tensors as they are, and all small ones end to end in one vector; `unpack` cuts what was made of them. */
export function packTensors(tensors: readonly Tensor[]): {
  readonly packed: Tensor[];
  readonly unpack: (packed: readonly Tensor[]) => Tensor[];
} {
  const small = tensors.filter((t) => t.size < LARGE);
  const rest = tensors.filter((t) => t.size >= LARGE);
  if (small.length < 2) return { packed: [...tensors], unpack: (packed) => [...packed] };
  const flat = concat(
    small.map((t) => reshape(t, [t.size])),
    0,
  );
  return {
    packed: [flat, ...rest],
    unpack: ([vector, ...others]) => {
      let at = 0;
      return tensors.map((t) =>
        t.size >= LARGE ? others.shift()! : reshape(narrow(vector!, 0, at, (at += t.size)), t.shape),
      );
    },
  };
}

/**
 * How a list of variables is cut into groups. Updating small tensors one by one costs more in dispatch than in
 * arithmetic, so all small ones of one part share a vector. `partOf` keeps variables apart that are treated
 * differently.
 */
export class Packing<V extends Variable = Variable> {
  readonly variables: readonly V[];
  readonly #members: readonly (readonly V[])[];
  readonly #indices: ReadonlyMap<V, number>;

  constructor(variables: readonly V[], partOf: (variable: V) => string = () => "") {
    this.variables = variables;
    this.#indices = new Map(variables.map((v, i) => [v, i]));
    const parts = new Map<string, V[]>();
    for (const variable of variables) {
      const part =
        variable.size >= LARGE ? `alone ${this.#indices.get(variable)}` : `flat ${partOf(variable)}`;
      parts.set(part, [...(parts.get(part) ?? []), variable]);
    }
    this.#members = [...parts.values()];
  }

  /** Names are read each time: a module gives them when it is initialised. */
  get groups(): readonly Group<V>[] {
    let flats = 0;
    return this.#members.map((members) => {
      const [only] = members;
      return members.length === 1
        ? { members, shape: only!.shape, name: only!.name }
        : { members, shape: [members.reduce((n, v) => n + v.size, 0)], name: `flat${flats++ || ""}` };
    });
  }

  /** One value for each variable, in their order → one for each group. */
  pack(values: readonly Operand[]): Tensor[] {
    return this.#members.map((members) => {
      const own = members.map((v) => asTensor(values[this.#indices.get(v)!]!));
      return own.length === 1
        ? own[0]!
        : concat(
            own.map((t) => reshape(t, [t.size])),
            0,
          );
    });
  }

  /** The inverse of pack. */
  unpack(packed: readonly Tensor[]): Map<V, Tensor> {
    const out = new Map<V, Tensor>();
    this.#members.forEach((members, g) => {
      const value = packed[g]!;
      if (members.length === 1) out.set(members[0]!, value);
      else {
        let at = 0;
        for (const v of members) out.set(v, reshape(narrow(value, 0, at, (at += v.size)), v.shape));
      }
    });
    return out;
  }

  /** A variable for each group, zeros at first. */
  zeros(): Variable[] {
    return this.groups.map(
      ({ shape }) => new Variable(shape, { value: ndarray(new Float32Array(sizeOf(shape)), shape) }),
    );
  }
}
