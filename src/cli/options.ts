import { Option } from "commander";
import { z } from "zod";
import { lookup, UserError, unknownName } from "../errors.ts";
import { parseOptions, showValue } from "../model/opened.ts";
import type { Cli } from "./command.ts";
import { inFlags, kebab } from "./flags.ts";

/** The part of JSON Schema that the options of models use. */
interface Property {
  readonly type?: "integer" | "number" | "boolean" | "string" | "array";
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly items?: Property;
  readonly anyOf?: readonly Property[];
  readonly const?: string | number;
  /** An older name that still works. */
  readonly alias?: string;
}

const PLACEHOLDER = { integer: "n", number: "x", string: "text", array: "list", boolean: "" } as const;

function propertiesOf(schema: z.ZodObject): [string, Property][] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(properties) as [string, Property][];
}

/** The same schema with other defaults. */
export function withDefaults<S extends z.ZodObject>(schema: S, values: Readonly<Record<string, unknown>>): S {
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return schema.extend(
    Object.fromEntries(entries.map(([name, value]) => [name, lookup("option", shape, name).default(value)])),
  ) as unknown as S;
}

/** Give a command one flag for each key of a schema; `group` is its heading in the help. */
export function addOptions(command: Cli, schema: z.ZodObject, group: string): void {
  for (const [name, property] of propertiesOf(schema)) {
    command.addOption(option(name, property, group));
    const { alias } = property;
    // Commander would default an alias that turns a switch off to true; null lets the name itself decide.
    if (alias) command.addOption(option(alias, property, group).default(null).hideHelp());
  }
}

const aliasOf = (schema: z.ZodType): string | undefined => schema.meta()?.alias as string | undefined;

function option(name: string, property: Property, group: string): Option {
  const { description = "", default: fallback } = property;
  const flag = `--${kebab(name)}`;
  if (property.type === "boolean") {
    // A switch that is on by default gets only the flag that turns it off.
    const made = new Option(fallback === true ? `--no-${kebab(name)}` : flag, description);
    return made.helpGroup(group);
  }
  const { type = "string" } = property.anyOf?.[0] ?? property;
  const words = (property.anyOf ?? []).flatMap((p) => (p.const === undefined ? [] : [String(p.const)]));
  const placeholder = property.enum ? "<name>" : `<${[PLACEHOLDER[type], ...words].join("-or-")}>`;
  // What stands in the description for no value would contradict a model's own default.
  const about = fallback === undefined ? description : description.replace(/ \(default: [^()]*\)$/, "");
  const made = new Option(`${flag} ${placeholder}`, about).helpGroup(group);
  if (property.enum) made.choices(property.enum);
  if (fallback !== undefined) made.default(fallback, showValue(fallback));
  return made.argParser((text) => parse(flag, property, text));
}

/** A flag's text as the value its schema expects. */
function parse(flag: string, property: Property, text: string): unknown {
  const { type, items, enum: names, anyOf } = property;
  if (names && !names.includes(text)) throw unknownName(`value of ${flag}`, text, names);
  if (anyOf)
    return anyOf.some((p) => p.const === text || p.enum?.includes(text))
      ? text
      : parse(flag, anyOf[0]!, text);
  if (type === "array")
    return text === "" ? [] : text.split(",").map((part) => parse(flag, items ?? {}, part.trim()));
  if (type !== "number" && type !== "integer") return text;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || (type === "integer" && !Number.isSafeInteger(value)))
    throw new UserError(`${flag} ${text}: ${type === "integer" ? "a whole number" : "a number"} is expected`);
  return value;
}

/** A schema's options picked from all that were parsed, checked, with defaults filled in. */
export function pickOptions<S extends z.ZodObject>(
  schema: S,
  parsed: Readonly<Record<string, unknown>>,
): z.output<S> {
  const own = Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, type]) => {
    const alias = aliasOf(type);
    const value = (alias === undefined ? undefined : parsed[alias]) ?? parsed[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  try {
    return parseOptions(schema, Object.fromEntries(own));
  } catch (error) {
    throw error instanceof UserError ? new UserError(inFlags(error.message)) : error;
  }
}

/** The options of a schema that the user gave, without defaults. */
export function givenOptions(
  schema: z.ZodObject,
  command: Cli,
  parsed: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const own = Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, type]) => {
    const names = [key, aliasOf(type)].filter((name) => name !== undefined);
    const given = names.find((name) => command.getOptionValueSource(name) === "cli");
    return given === undefined ? [] : [[key, parsed[given]] as const];
  });
  return Object.fromEntries(own);
}
