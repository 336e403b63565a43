/** The controls of the pages' experiments, made from schemas while building: the page needs no schema library for them. */
import { z } from "zod";
import { MODELS } from "../../src/models.ts";
import { DEEP_AGENTS } from "../../src/rl/deep/agents.ts";
import { OFFERED as AGENTS } from "../src/agents/algorithms.ts";
import { OFFERED } from "../src/alignment/setup.ts";
import { CODERS } from "../src/digits/latent.ts";
import type { Control, Value } from "../src/experiment/controls.ts";
import { PLANE_MODELS } from "../src/plane/models.ts";
import { GPT, VARIANTS } from "../src/sequence/variants.ts";
import { exporting, virtual } from "./virtual.ts";

/** A model or an agent, by its name in the catalogue, as a page offers it. */
type Offered = ({ readonly model: keyof typeof MODELS } | { readonly agent: string }) & {
  /** Which of its options are controls, and what they begin with. */
  readonly controls: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
};

async function schemaOf(offered: Offered): Promise<z.ZodObject> {
  if ("model" in offered) return (await MODELS[offered.model].load()).options;
  return DEEP_AGENTS.find(({ name }) => name === offered.agent)!.options as z.ZodObject;
}

const PAGES: Readonly<Record<string, Readonly<Record<string, Offered>>>> = {
  plane: Object.fromEntries(
    Object.entries(PLANE_MODELS).map(([model, of]) => [
      model,
      { ...of, model: model as keyof typeof MODELS },
    ]),
  ),
  alignment: OFFERED,
  digits: CODERS,
  sequence: { ...VARIANTS, gpt: GPT },
  agents: AGENTS,
};

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: Value;
  readonly description?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

const KINDS: Readonly<Record<string, Control["kind"]>> = {
  integer: "whole",
  number: "number",
  boolean: "switch",
};

async function controlsOf(offered: Offered): Promise<Control[]> {
  const { controls, options: own } = offered;
  const schema = z.toJSONSchema(await schemaOf(offered), { io: "input" });
  const properties = schema.properties as Record<string, Property>;
  return controls.map((name) => {
    const of = properties[name];
    const usual = (own[name] as Value | undefined) ?? of?.default;
    if (!of || usual === undefined)
      throw new Error(`${JSON.stringify(offered)} has no option ${name} with a value to begin with`);
    const min = of.minimum ?? of.exclusiveMinimum;
    return {
      name,
      about: of.description ?? "",
      usual,
      kind: of.enum ? "choice" : KINDS[of.type ?? ""]!,
      ...(min !== undefined && { min }),
      ...(of.maximum !== undefined && of.maximum < 1e6 && { max: of.maximum }),
      ...(of.enum && { choices: of.enum }),
    };
  });
}

/** `virtual:controls/plane`: the controls of a page by what it offers them for. */
export const controls = () =>
  virtual("controls", async (page) => {
    const all = Object.entries(PAGES[page] ?? {}).map(
      async ([name, offered]) => [name, await controlsOf(offered)] as const,
    );
    return { code: exporting(Object.fromEntries(await Promise.all(all))) };
  });
