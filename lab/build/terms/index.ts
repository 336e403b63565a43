/** Which part of a node's formula is which part of its code. */
import type { NodeId } from "../../../src/map/index.ts";
import { deepTerms } from "./deep.ts";
import { diffusionTerms } from "./diffusion.ts";
import { generativeTerms } from "./generative.ts";
import { sequenceTerms } from "./sequence.ts";
import { tabularTerms } from "./tabular.ts";
import type { Linked } from "./term.ts";

export const TERMS: Readonly<Partial<Record<NodeId, Linked>>> = {
  ...generativeTerms,
  ...diffusionTerms,
  ...sequenceTerms,
  ...tabularTerms,
  ...deepTerms,
};
export * from "./term.ts";
