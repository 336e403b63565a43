import type { Kinds } from "../experiment/protocol.ts";
import type { Answer, Chain } from "./chain.ts";

export interface ChainKinds extends Kinds {
  /** Where the trained model is. */
  readonly setting: { readonly run: string };
  readonly opened: { readonly step: number };
  /** Chains of equally many steps, which go on side by side; without any, what was asked before is given up. */
  readonly ask: readonly Chain[];
  readonly answer: Answer;
}
