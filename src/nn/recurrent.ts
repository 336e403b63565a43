import { UserError } from "../errors.ts";
import { add, asTensor, chunk, concat, mul, type Operand, relu, reshape, scan, sigmoid, slice, stack, sub, tanh, transpose, where, zeros } from "../tensor/ops.ts"; // biome-ignore format: a list of names
import type { Key } from "../tensor/random.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { dropout } from "./dropout.ts";
import * as init from "./init.ts";
import { linear } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

/** What a cell carries from step to step: [h], or [h, c] for an LSTM; each [B, hiddenSize]. */
export type CellState = readonly Tensor[];

export interface CellOptions {
  readonly bias?: boolean;
}

/**
 * A recurrent cell: weight_ih [gates·H, I], weight_hh [gates·H, H], bias_ih and bias_hh [gates·H], all first
 * U(±1/√H). `step` takes x [B, I] and the state to the next state, whose first part is the output.
 */
export abstract class RecurrentCell extends Module {
  readonly weight_ih: Parameter;
  readonly weight_hh: Parameter;
  readonly bias_ih: Parameter | undefined;
  readonly bias_hh: Parameter | undefined;
  readonly #hidden: number;
  readonly #parts: number;

  constructor(
    gates: number,
    parts: number,
    inputSize: number,
    hiddenSize: number,
    { bias = true }: CellOptions,
  ) {
    super();
    const first = init.fanUniform(hiddenSize);
    this.weight_ih = new Parameter([gates * hiddenSize, inputSize], first);
    this.weight_hh = new Parameter([gates * hiddenSize, hiddenSize], first);
    this.bias_ih = bias ? new Parameter([gates * hiddenSize], first) : undefined;
    this.bias_hh = bias ? new Parameter([gates * hiddenSize], first) : undefined;
    this.#hidden = hiddenSize;
    this.#parts = parts;
  }

  /** The step, given what the input brings: W_ih·x + b_ih, [B, gates·H]. */
  abstract advance(fromInput: Tensor, state: CellState): CellState;

  step(x: Tensor, state: CellState): CellState {
    return this.advance(this.fromInput(x), state);
  }

  /** The state before the first step: zeros. */
  initial(batch: number): CellState {
    return Array.from({ length: this.#parts }, () => zeros([batch, this.#hidden]));
  }

  /** x [..., I] to W_ih·x + b_ih [..., gates·H]. */
  fromInput(x: Tensor): Tensor {
    return linear(x, this.weight_ih, this.bias_ih);
  }

  protected fromHidden(h: Tensor): Tensor {
    return linear(h, this.weight_hh, this.bias_hh);
  }
}

export interface RNNOptions extends CellOptions {
  readonly nonlinearity?: "tanh" | "relu";
}

/** Elman (1990): h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh). */
export class RNNCell extends RecurrentCell {
  readonly #nonlinearity: (x: Operand) => Tensor;

  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    super(1, 1, inputSize, hiddenSize, options);
    this.#nonlinearity = options.nonlinearity === "relu" ? relu : tanh;
  }

  /** x [B, I], h [B, H] (zeros when left out) → h'. */
  forward(x: Operand, h?: Tensor): Tensor {
    const t = asTensor(x);
    return this.step(t, h ? [h] : this.initial(t.shape[0]!))[0]!;
  }

  override advance(fromInput: Tensor, [h]: CellState): CellState {
    return [this.#nonlinearity(add(fromInput, this.fromHidden(h!)))];
  }
}

/** Hochreiter and Schmidhuber (1997), with forget gates: gates i, f, g, o; c' = σ(f)·c + σ(i)·tanh(g), h' = σ(o)·tanh(c'). */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(4, 2, inputSize, hiddenSize, options);
  }

  /** x [B, I], [h, c] (zeros when left out) → [h', c']. */
  forward(x: Operand, state?: CellState): [h: Tensor, c: Tensor] {
    const t = asTensor(x);
    return this.step(t, state ?? this.initial(t.shape[0]!)) as [Tensor, Tensor];
  }

  override advance(fromInput: Tensor, [h, c]: CellState): CellState {
    const [i, f, g, o] = chunk(add(fromInput, this.fromHidden(h!)), 4, 1) as Tensor[];
    const next = add(mul(sigmoid(f!), c!), mul(sigmoid(i!), tanh(g!)));
    return [mul(sigmoid(o!), tanh(next)), next];
  }
}

/** Cho et al. (2014) as in cuDNN: gates r, z, n; n = tanh(W_n·x + r·(W_hn·h + b_hn)), h' = n + z·(h − n). */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(3, 1, inputSize, hiddenSize, options);
  }

  /** x [B, I], h [B, H] (zeros when left out) → h'. */
  forward(x: Operand, h?: Tensor): Tensor {
    const t = asTensor(x);
    return this.step(t, h ? [h] : this.initial(t.shape[0]!))[0]!;
  }

  override advance(fromInput: Tensor, [h]: CellState): CellState {
    const [xr, xz, xn] = chunk(fromInput, 3, 1) as Tensor[];
    const [hr, hz, hn] = chunk(this.fromHidden(h!), 3, 1) as Tensor[];
    const r = sigmoid(add(xr!, hr!));
    const z = sigmoid(add(xz!, hz!));
    const n = tanh(add(xn!, mul(r, hn!)));
    return [add(n, mul(z, sub(h!, n)))];
  }
}

export interface RecurrentOptions extends CellOptions {
  readonly numLayers?: number;
  readonly bidirectional?: boolean;
  /** Probability of dropping an output of every layer but the last, in a training pass; each step has its own mask. */
  readonly dropout?: number;
}

export interface RecurrentOutput {
  /** The last layer's h of each step: [B, T, directions·H]. */
  readonly output: Tensor;
  /** Parts of the last state of each layer and direction: [h] or [h, c], each [layers·directions, B, H]. */
  readonly state: CellState;
}

const MARKS = ["", "_reverse"];

/**
 * Layers of one kind of cell over x [B, T, I] (batch first, unlike PyTorch's default): a layer is one product for what the
 * input brings to all steps, and a scan. Beside the steps written out that is faster in training (docs/benchmarks.md), and it
 * is prepared in the same time for every T. State is named as in PyTorch: weight_ih_l0, weight_hh_l0, bias_ih_l0,
 * bias_hh_l0, … _l0_reverse.
 */
export class Recurrent extends Module {
  /** Layer by layer; forwards, then backwards. */
  readonly cells: readonly RecurrentCell[];
  readonly #directions: number;
  readonly #dropout: number;

  constructor(
    makeCell: (inputSize: number) => RecurrentCell,
    inputSize: number,
    hiddenSize: number,
    { numLayers = 1, bidirectional = false, dropout = 0 }: RecurrentOptions,
  ) {
    super();
    if (!(Number.isInteger(numLayers) && numLayers >= 1))
      throw new UserError(`a recurrent network has one layer or more, not ${numLayers}`);
    this.#directions = bidirectional ? 2 : 1;
    this.#dropout = dropout;
    this.cells = Array.from({ length: numLayers * this.#directions }, (_, i) =>
      makeCell(i < this.#directions ? inputSize : hiddenSize * this.#directions),
    );
  }

  override children(): Iterable<readonly [string, unknown]> {
    return this.cells.flatMap((cell, i) => {
      const suffix = `_l${Math.floor(i / this.#directions)}${MARKS[i % this.#directions]}`;
      return [...cell.children()].map(([name, child]) => [`${name}${suffix}`, child] as const);
    });
  }

  /**
   * `state`: as RecurrentOutput gives it; zeros when left out. `mask` (bool [B, T]): true where x is an example's own; where
   * it is padding, the state stays as it was, so that the last is that of the example's last step, in both directions.
   */
  forward(x: Operand, state?: CellState, key?: Key, mask?: Tensor): RecurrentOutput {
    const t = asTensor(x);
    const [batch, length] = t.shape as [number, number];
    if (t.rank !== 3)
      throw new UserError(`a recurrent network takes [B, T, features], but was given ${showShape(t.shape)}`);
    let h = transpose(t, [1, 0, 2]);
    const own = mask && reshape(transpose(mask), [length, batch, 1]);
    const last: CellState[] = [];
    for (let first = 0; first < this.cells.length; first += this.#directions) {
      if (first > 0) h = dropout(h, this.#dropout, key?.split(first));
      const directions = this.cells.slice(first, first + this.#directions).map((cell, d) => {
        const start = state ? state.map((part) => step(part, 0, first + d)) : cell.initial(batch);
        const advance = (now: CellState, { x, own }: Step): [CellState, Tensor] => {
          const next = cell.advance(x, now).map((part, i) => (own ? where(own, part, now[i]!) : part));
          return [next, next[0]!];
        };
        const [end, outputs] = scan(advance, start, { x: cell.fromInput(h), own }, { reverse: d === 1 });
        last.push(end);
        return outputs;
      });
      h = concat(directions, 2);
    }
    return {
      output: transpose(h, [1, 0, 2]),
      state: last[0]!.map((_, part) => stack(last.map((s) => s[part]!))),
    };
  }
}

/** What a step of a layer reads: what the input brings, and which rows it is of. */
type Step = { readonly x: Tensor; readonly own: Tensor | undefined };

/** Element i of an axis, which goes. */
function step(x: Tensor, axis: number, i: number): Tensor {
  const lengths = x.shape.map((d, a) => (a === axis ? 1 : d));
  const one = slice(x, { starts: x.shape.map((_, a) => (a === axis ? i : 0)), lengths });
  return reshape(
    one,
    x.shape.filter((_, a) => a !== axis),
  );
}

/** Layers of RNNCell. */
export class RNN extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions & RNNOptions = {}) {
    super((size) => new RNNCell(size, hiddenSize, options), inputSize, hiddenSize, options);
  }
}

/** Layers of LSTMCell; the state is [h, c]. */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super((size) => new LSTMCell(size, hiddenSize, options), inputSize, hiddenSize, options);
  }
}

/** Layers of GRUCell. */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super((size) => new GRUCell(size, hiddenSize, options), inputSize, hiddenSize, options);
  }
}
