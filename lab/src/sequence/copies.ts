/** An experiment with a sequence model as what runs outside the page. */
import { commandOf } from "../experiment/command.ts";
import type { Value } from "../experiment/controls.ts";
import { programOf } from "../experiment/program.ts";
import type { Variant } from "./variants.ts";

export interface Copied {
  readonly data: string;
  /** Only what differs from those of the variant. */
  readonly options: Readonly<Record<string, Value>>;
  readonly seed: number;
  readonly steps: number;
}

/** Switches of these models are on by themselves, and a command can but switch them off. */
const asFlags = (options: Copied["options"]): Copied["options"] =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== true));

export function copiesOf(variant: Variant, copied: Copied) {
  const { model, training } = variant;
  const options = { ...variant.options, ...copied.options };
  return {
    command: commandOf({ model, training, options: asFlags(options) }, { ...copied, options: {} }),
    program: programOf({ ...copied, model, from: "galatea/sequence", options, training }),
  };
}
