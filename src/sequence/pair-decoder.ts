import type { ExportPart } from "../model/contract.ts";
import { type NdArray, ndarray } from "../tensor/ndarray.ts";
import { cast, gather, zeros } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { assign, readVariable, withTrace } from "../tensor/trace.ts";
import { Variable } from "../tensor/variable.ts";
import type { Compile, Decoder } from "./decoder.ts";
import type { EncoderDecoder, Named } from "./encoder-decoder.ts";
import { padded } from "./pairs.ts";

/** A decoder that writes a target for each of its rows' sources. */
export interface PairDecoder extends Decoder {
  /** Begin anew with these sources, one a row; the encoder runs once. */
  read(sources: readonly ArrayLike<number>[]): Promise<void>;
}

export interface PairDecoderOptions {
  readonly rows: number;
  /** The most tokens of a source. */
  readonly sourceLength: number;
  /** The most tokens of a target. */
  readonly capacity: number;
}

type Variables = Readonly<Record<string, Variable>>;

/**
 * An encoder–decoder model as a decoder. What was read of the sources and the state of each step (recurrent states, or keys and
 * values) stay in the engine; one program serves every step.
 */
export function pairDecoder(
  model: EncoderDecoder,
  { rows, sourceLength, capacity }: PairDecoderOptions,
  compile: Compile,
): PairDecoder {
  let [source, state]: Variables[] = [{}, {}];
  const encode = compile((tokens: Tensor) => model.encode(tokens, capacity), "encoder");
  const values = (variables: Variables): Named => mapped(variables, readVariable);
  const step = compile((tokens: Tensor, at: Tensor, from: Tensor | undefined) => {
    const before = values(state!);
    const now = from ? mapped(before, (value) => gather(value, from)) : before;
    const { logits, state: next } = model.step(tokens, at, { source: values(source!), state: now });
    for (const [name, value] of Object.entries(next)) assign(state![name]!, value);
    return logits;
  }, "decoding step");
  return {
    vocabSize: model.vocabSize,
    rows,
    capacity,
    read: async (sources) => {
      const tokens = ndarray(padded(sources, sourceLength), [rows, sourceLength]);
      const encoded = await encode(tokens);
      source = held(source!, encoded.source as unknown as Arrays, "source");
      state = held(state!, encoded.state as unknown as Arrays, "state");
    },
    step: async (tokens, position, from) =>
      (await step(tokens, Int32Array.of(position), from)).data as Float32Array,
    dispose: async () => {
      await Promise.all([encode.dispose(), step.dispose()]);
      for (const variable of [...Object.values(source!), ...Object.values(state!)]) variable.dispose();
    },
  };
}

type Arrays = Readonly<Record<string, NdArray>>;

const mapped = <T, U>(all: Readonly<Record<string, T>>, to: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, to(value)]));

/** These values in variables, made at the first time. */
function held(variables: Variables, values: Arrays, what: string): Variables {
  const made = Object.entries(values).map(([name, value]) => {
    const known = variables[name];
    if (!known) return [name, new Variable(value.shape, { name: `${what}.${name}`, value })] as const;
    known.set(value);
    return [name, known] as const;
  });
  return Object.fromEntries(made);
}

/**
 * The encoder, and one step of decoding, as functions that other programs run. What the encoder gives goes into every step:
 * "source.…" as it is, and "state.…", of which a step gives the next ("next.…").
 */
export function pairParts(
  model: EncoderDecoder,
  { rows, sourceLength, capacity }: PairDecoderOptions,
): { readonly encoder: ExportPart; readonly step: ExportPart } {
  const source = { source: { shape: [rows, sourceLength], dtype: "int32" } } as const;
  const prefixed = (prefix: string, all: Named): [string, Tensor][] =>
    Object.entries(all).map(([name, value]) => [`${prefix}.${name}`, value]);
  const encoded = (tokens: Tensor): [string, Tensor][] => {
    const { source: read, state } = model.encode(tokens, capacity);
    return [...prefixed("source", read), ...prefixed("state", state)];
  };
  const { result } = withTrace(() => encoded(cast(zeros([rows, sourceLength]), "int32")));
  const shapes = result.map(([name, { shape, dtype }]) => [name, { shape, dtype }] as const);
  const part = (all: Named, prefix: string): Named =>
    Object.fromEntries(
      Object.entries(all)
        .filter(([name]) => name.startsWith(`${prefix}.`))
        .map(([name, value]) => [name.slice(prefix.length + 1), value]),
    );
  return {
    encoder: {
      description: "source tokens, padded with -1, to what decoding begins with",
      inputs: source,
      run: ({ source: tokens }) => Object.fromEntries(encoded(tokens!)),
    },
    step: {
      description:
        "one step of decoding: tokens, their position and what the encoder gave to logits and the next state",
      inputs: {
        tokens: { shape: [rows], dtype: "int32" },
        position: { shape: [1], dtype: "int32" },
        ...Object.fromEntries(shapes),
      },
      run: ({ tokens, position, ...all }) => {
        const now = { source: part(all, "source"), state: part(all, "state") };
        const { logits, state } = model.step(tokens!, position!, now);
        return { logits, ...Object.fromEntries(prefixed("next", state)) };
      },
    },
  };
}
