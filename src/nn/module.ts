import { UserError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { NdArray } from "../tensor/ndarray.ts";
import type { Key } from "../tensor/random.ts";
import { type Shape, sameShape, showShape } from "../tensor/shape.ts";
import { Variable } from "../tensor/variable.ts";

/** Initial values of a parameter: a pure function of a key and its shape. */
export type Initializer = (key: Key, shape: Shape) => Float32Array;

/** A trained value. Nothing is allocated until its module is initialised or loaded. */
export class Parameter extends Variable {
  readonly init: Initializer;
  constructor(shape: Shape, init: Initializer) {
    super(shape);
    this.init = init;
  }
}

/** A value that belongs to a module's state but is not trained: running statistics, fixed positions. */
export class Buffer extends Variable {
  readonly init: (shape: Shape) => NdArray;
  constructor(shape: Shape, init: (shape: Shape) => NdArray, dtype: DType = "float32") {
    super(shape, { dtype });
    this.init = init;
  }
}

export type StateDict = Record<string, NdArray>;

/**
 * A network part: a class whose fields are parameters, buffers, modules and arrays of modules. A parameter's
 * name is its field path ("encoder.0.weight"), as in PyTorch.
 *
 * A forward method takes an optional key as its last argument: with a key it is a training pass (dropout
 * drops, batch statistics are used and recorded), without one it is evaluation, and deterministic.
 */
export abstract class Module {
  /** Name and value of each field that may hold state; override it where names should differ from the fields. */
  children(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }

  /** Every variable with its path, in field order. A shared one is listed once, under its first path. */
  variables(): [string, Variable][] {
    const found = new Map<Variable, string>();
    const visit = (path: string, value: unknown): void => {
      const at = (name: string): string => (path ? `${path}.${name}` : name);
      if (value instanceof Variable) {
        if (!found.has(value)) found.set(value, path);
      } else if (value instanceof Module)
        for (const [name, child] of value.children()) visit(at(name), child);
      else if (Array.isArray(value)) for (const [i, child] of value.entries()) visit(at(String(i)), child);
    };
    visit("", this);
    return [...found].map(([variable, name]) => [name, variable]);
  }

  namedParameters(): [string, Parameter][] {
    return this.variables().filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter);
  }

  parameters(): Parameter[] {
    return this.namedParameters().map(([, p]) => p);
  }

  /** The number of trained values, known without allocating them. */
  get parameterCount(): number {
    return this.parameters().reduce((n, p) => n + p.size, 0);
  }

  /** Give every variable its name and initial value. The values depend only on the key and the names. */
  initialize(key: Key): this {
    for (const [name, variable] of this.variables()) {
      variable.name = name;
      const { shape } = variable;
      if (variable instanceof Parameter)
        variable.set({ data: variable.init(key.split(name), shape), shape, dtype: "float32" });
      else if (variable instanceof Buffer) variable.set(variable.init(shape));
    }
    return this;
  }

  /** Current values by name, read from the engine that holds them, or from the host. */
  async stateDict(): Promise<StateDict> {
    const out: StateDict = {};
    for (const [name, variable] of this.variables()) {
      if (!variable.home && !variable.value)
        throw new UserError(`${name} has no value yet: initialise the module, or load a state dict`);
      define(out, name, await variable.read());
    }
    return out;
  }

  /**
   * Free all values, on the host and in the engines that hold them: the module must be initialised or loaded before it
   * is used again. Without it, the memory is freed when the module is garbage-collected.
   */
  dispose(): void {
    for (const [, variable] of this.variables()) variable.dispose();
  }

  /** Load values by name. @throws UserError for a missing, unknown or misshapen entry, before anything changes. */
  loadStateDict(dict: Readonly<StateDict>, { source = "the state dict" } = {}): this {
    const own = new Map(this.variables());
    const missing = [...own.keys()].filter((name) => !Object.hasOwn(dict, name));
    const unknown = Object.keys(dict).filter((name) => !own.has(name));
    if (missing.length > 0 || unknown.length > 0)
      throw new UserError(
        `${source} is of another architecture:${list(" missing", missing)}${list(" unknown", unknown)}`,
      );
    for (const [name, variable] of own) {
      const { shape, dtype } = dict[name]!;
      if (!sameShape(shape, variable.shape) || dtype !== variable.dtype)
        throw new UserError(
          `${source} is of another architecture: ${name} is ${dtype}${showShape(shape)}, expected ${variable.dtype}${showShape(variable.shape)}`,
        );
    }
    for (const [name, variable] of own) {
      variable.name = name;
      variable.set(dict[name]!);
    }
    return this;
  }
}

/** Define an own property even under names such as "__proto__". */
const define = (dict: StateDict, name: string, value: NdArray): void => {
  Object.defineProperty(dict, name, { value, enumerable: true, writable: true, configurable: true });
};

function list(label: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, 4).join(", ");
  return `${label} ${shown}${names.length > 4 ? ` and ${names.length - 4} more` : ""};`;
}
