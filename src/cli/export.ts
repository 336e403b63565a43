import { join } from "node:path";
import { z } from "zod";
import { exportFreeBatch, exportOnnx } from "../engine/onnx/export.ts";
import { lookup, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/node.ts";
import type { AnyModel, Exports } from "../model/contract.ts";
import { saveRun } from "../model/node.ts";
import type { OpenedRun } from "../model/opened.ts";
import { writeSafeTensors } from "../nn/safetensors.ts";
import { LEARNING } from "../train/learning.ts";
import { openRunFolder, outputsOf } from "../train/node.ts";
import { Cli } from "./command.ts";
import { RuntimeOptions, type Shell } from "./common.ts";
import { kebab } from "./flags.ts";
import { Printer } from "./io.ts";
import { freeName, openWithWeights, WeightOptions } from "./model-command.ts";
import { addOptions, pickOptions } from "./options.ts";

const ExportOptions = z.strictObject({
  format: z
    .enum(["onnx", "safetensors", "run"])
    .default("onnx")
    .describe("a function for any ONNX runtime, the weights alone, or a small run folder to pass on"),
  part: z.string().optional().describe("which function of the model, for onnx (default: its first)"),
  batch: z
    .int()
    .min(1)
    .optional()
    .describe("examples the onnx file takes at once (default: any number, a free dimension)"),
  out: z.string().optional().describe("the file to write (default: inside the run)"),
});

/** `model`: that of the run on the command line, whose parts have their own options. */
export function exportCommand(model: AnyModel | undefined, shell: Shell): Cli {
  const command = new Cli("export")
    .description(
      "Write a trained model as a file that other programs read: onnx is a function of the model with its weights, made " +
        "of standard operators, for any ONNX runtime; safetensors is the weights by name, for PyTorch and others; run is a " +
        "run folder with the weights in use and nothing else: others can sample and measure it, but not train it further.",
    )
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(
      ["galatea export vae-mnist", "the decoder as ONNX"],
      [
        "galatea export vae-mnist --part encoder --batch 16",
        "another function, for exactly 16 images at once",
      ],
      [
        "galatea export ddpm-mnist --steps 20 --guidance 2",
        "a whole sampler: noise and labels in, images out",
      ],
      ["galatea export vae-mnist --format safetensors --out vae.safetensors", "the weights"],
    ) as Cli;
  if (!model) command.addHelpText("after", "\nA model's own options: galatea export <run> --help");
  else if (model.exports) addOptions(command, model.exports.options as z.ZodObject, `For ${model.name}:`);
  addOptions(command, ExportOptions, "Output:");
  addOptions(command, WeightOptions, "Weights:");
  addOptions(command, RuntimeOptions, "Running:");
  return command.action((name: string, parsed: Record<string, unknown>) =>
    exportRun(name, parsed, shell),
  ) as Cli;
}

async function exportRun(name: string, parsed: Record<string, unknown>, shell: Shell): Promise<void> {
  const { format, out } = pickOptions(ExportOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const printer = new Printer(shell.io, runtime.json);
  const run = await openRunFolder(name);
  const opened = await openWithWeights(run, pickOptions(WeightOptions, parsed), runtime, printer, shell);
  try {
    const folder = join(outputsOf(run), "export");
    const target = (base: string, extension = ""): string =>
      out ?? join(folder, `${freeName(folder, base, extension)}${extension}`);
    await FORMATS[format]({ opened, printer, target, parsed });
  } finally {
    await opened.engine.dispose();
  }
}

interface Export {
  readonly opened: OpenedRun;
  readonly printer: Printer;
  /** The path to write to. */
  readonly target: (base: string, extension?: string) => string;
  readonly parsed: Readonly<Record<string, unknown>>;
}

const FORMATS: Readonly<Record<z.output<typeof ExportOptions>["format"], (job: Export) => Promise<void>>> = {
  run: async ({ opened, printer, target }) => {
    const { model, step, path: from } = opened;
    const { path } = await saveRun(target(`${model.name}-${step}`), opened);
    printer.line(path);
    printer.object({ command: "export", run: from, step, format: "run", folder: path });
  },

  safetensors: async ({ opened, printer, target }) => {
    const { model, module, step, path: from } = opened;
    const path = target(`${model.name}-${step}`, ".safetensors");
    const parts = printer.parts("export");
    const more = await opened.use(async (context) => model.metadata?.(context), { progress: parts.report });
    parts.stop();
    const text = { ...originOf(opened), step: String(step), ...more };
    await writeFileAtomic(path, writeSafeTensors(await module.stateDict(), text));
    printer.line(path);
    printer.object({ command: "export", run: from, step, format: "safetensors", file: path });
  },

  onnx: async ({ opened, printer, target, parsed }) => {
    const { model, module, options, spec, step, engine, path: from } = opened;
    const exports: Exports<unknown, never> | undefined = model.exports;
    if (!exports) throw new UserError(`${from} is a ${model.name}: it has no part to export as onnx`);
    const { batch, part } = pickOptions(ExportOptions, parsed);
    const context = { module: module as never, options, spec };
    const own = pickOptions(exports.options, parsed);
    const parts = (size: number) => exports.parts(context, size, own);
    const chosen = part ?? Object.keys(parts(1))[0]!;
    const at = (size: number) => lookup("part", parts(size), chosen);
    const { description } = at(1);
    const how = { engine, freeze: module.variables().map(([, v]) => v) };
    const fixed = batch === undefined ? undefined : at(batch);
    const file = await (fixed ? exportOnnx(fixed.run, fixed.inputs, how) : exportFreeBatch(at, how));
    const path = target(`${model.name}-${chosen}-${step}`, ".onnx");
    await writeFileAtomic(path, file.bytes);
    const ports = (list: typeof file.inputs): string =>
      list.map((p) => `${p.name} ${p.dtype}[${p.shape.join(", ")}]`).join(", ");
    printer.line(
      `${chosen}: ${description}\n  in   ${ports(file.inputs)}\n  out  ${ports(file.outputs)}\n${path}`,
    );
    const { inputs: feeds, outputs } = file;
    const about = { part: chosen, inputs: feeds, outputs, file: path };
    printer.object({ command: "export", run: from, step, format: "onnx", ...about });
  },
};

/** The metadata of an exported file that say how its weights were trained. */
function originOf({ config, model: definition }: OpenedRun): Record<string, string> {
  const { model, data, options, training, galatea, recipe, steps, seed, threads } = config;
  const usual: Record<string, unknown> = {
    ...(definition.options.parse({}) as object),
    ...LEARNING,
    ...definition.training,
    validation: 0,
  };
  const { batchSize, accumulate, lr, ...learning } = training;
  const own = Object.entries({ ...options, ...learning }).filter(
    ([name, value]) => String(value) !== String(usual[name]),
  );
  const run = { ...Object.fromEntries(own), data, steps, batchSize, accumulate, lr, seed, threads };
  const said = Object.entries(run).filter(([, value]) => value !== undefined);
  const flags = said.map(([name, value]) =>
    typeof value === "boolean"
      ? `--${value ? "" : "no-"}${kebab(name)}`
      : `--${kebab(name)} ${String(value)}`,
  );
  const command = `galatea train ${model} ${flags.join(" ")}`;
  return { galatea, model, data, config: JSON.stringify(options), command, ...(recipe && { recipe }) };
}
