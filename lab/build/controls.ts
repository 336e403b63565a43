/** The controls of the plane's models, made from their schemas while building: the page needs no schema library for them. */
import { z } from "zod";
import { MODELS } from "../../src/models.ts";
import { MODEL_NAMES, type ModelName, PLANE_MODELS, type Value } from "../src/plane/models.ts";
import { exporting, virtual } from "./virtual.ts";

export interface Control {
  readonly name: string;
  /** The help of the command line, in English. */
  readonly about: string;
  /** What the plane begins with. */
  readonly usual: Value;
  readonly kind: "whole" | "number" | "choice" | "switch";
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
}

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: Value;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

const KINDS: Readonly<Record<string, Control["kind"]>> = {
  integer: "whole",
  number: "number",
  boolean: "switch",
};

async function controlsOf(model: ModelName): Promise<Control[]> {
  const { options } = await MODELS[model].load();
  const { controls, options: own } = PLANE_MODELS[model];
  const properties = z.toJSONSchema(options, { io: "input" }).properties as Record<string, Property>;
  return controls.map((name) => {
    const of = properties[name];
    const usual = own[name] ?? of?.default;
    if (!of || usual === undefined)
      throw new Error(`${model} has no option ${name} with a value to begin with`);
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

export const controls = () =>
  virtual("controls", async () => {
    const all = await Promise.all(MODEL_NAMES.map(async (name) => [name, await controlsOf(name)] as const));
    return { code: exporting(Object.fromEntries(all)) };
  });
