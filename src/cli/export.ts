import { join } from "node:path";
import { z } from "zod";
import { START } from "../data/batches.ts";
import { exportOnnx } from "../engine/onnx/export.ts";
import { lookup, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/node.ts";
import { withModel } from "../generative/context.ts";
import type { AnyModel, ExportPart } from "../generative/model.ts";
import { writeSafeTensors } from "../nn/safetensors.ts";
import { Key } from "../tensor/random.ts";
import { showShape } from "../tensor/shape.ts";
import {
  createRun,
  openRun,
  outputsOf,
  type RunConfig,
  type RunFolder,
  readCheckpoint,
  writeCheckpoint,
} from "../train/node.ts";
import { Cli } from "./command.ts";
import { type Built, RuntimeOptions } from "./common.ts";
import { freeName, loadRun, WeightOptions } from "./hook.ts";
import { type Io, Printer } from "./io.ts";
import { addOptions, kebab, pickOptions } from "./options.ts";

const ExportOptions = z.strictObject({
  format: z
    .enum(["onnx", "safetensors", "run"])
    .default("onnx")
    .describe("a program that runs anywhere, the weights alone, or a small run folder to pass on"),
  part: z.string().optional().describe("which function of the model, for onnx (default: the first it has)"),
  batch: z.int().min(1).default(1).describe("examples the onnx file takes at once"),
  out: z.string().optional().describe("the file to write (default: inside the run)"),
});

/** `model`: that of the run on the command line, whose parts have options of their own. */
export function exportCommand(model: AnyModel | undefined, io: Io): Cli {
  const command = new Cli("export")
    .summary("write a trained model as a file for other programs")
    .description(
      "Write a trained model as a file that other programs read: onnx is a function of the model with its weights, made\n" +
        "of standard operators, for any ONNX runtime; safetensors is the weights by name, for PyTorch and others; run is a\n" +
        "run folder with the weights in use and nothing else: others can sample and measure it, but not train it on.",
    )
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(
      ["galatea export vae-mnist", "the decoder as ONNX"],
      ["galatea export vae-mnist --part encoder --batch 16", "another function, for 16 images at once"],
      [
        "galatea export ddpm-mnist --steps 20 --guidance 2",
        "a whole sampler: noise and labels in, images out",
      ],
      ["galatea export vae-mnist --format safetensors --out vae.safetensors", "the weights"],
    ) as Cli;
  if (!model) command.addHelpText("after", "\nA model's own options: galatea export <run> --help");
  else if (model.exports) addOptions(command, model.exports.options, `For ${model.name}:`);
  addOptions(command, ExportOptions, "Output:");
  addOptions(command, WeightOptions, "Weights:");
  addOptions(command, RuntimeOptions, "Running:");
  return command.action((name: string, parsed: Record<string, unknown>) =>
    exportRun(name, parsed, io),
  ) as Cli;
}

async function exportRun(name: string, parsed: Record<string, unknown>, io: Io): Promise<void> {
  const { format, part, batch, out } = pickOptions(ExportOptions, parsed);
  const runtime = pickOptions(RuntimeOptions, parsed);
  const printer = new Printer(io, runtime.json);
  const run = await openRun(name);
  const { built, data, engine, step } = await loadRun(
    run,
    pickOptions(WeightOptions, parsed),
    runtime,
    printer,
  );
  try {
    const folder = join(outputsOf(run), "export");
    const target = (name: string, extension = ""): string =>
      out ?? join(folder, `${freeName(folder, name, extension)}${extension}`);
    if (format === "run") {
      const path = target(`${run.config.model}-${step}`);
      const { seed } = run.config;
      const { seconds } = (await readCheckpoint(run, step))!;
      const weights = await built.task.module.stateDict();
      const slim = await createRun(path, run.config);
      await writeCheckpoint(slim, {
        step,
        seed,
        position: START,
        seconds,
        weights,
        ema: undefined,
        optimizer: undefined,
      });
      printer.line(path);
      printer.object({ command: "export", run: run.path, step, format, folder: path });
      return;
    }
    if (format === "safetensors") {
      const path = target(`${run.config.model}-${step}`, ".safetensors");
      const parts = printer.parts("export");
      const { task, config, definition } = built;
      const context = { task, config, data, engine, key: Key.seed(0), progress: parts.report };
      const more = await withModel(context, async (ctx) => definition.metadata?.(ctx));
      parts.stop();
      const text = { ...originOf(run.config, definition), step: String(step), ...more };
      await writeFileAtomic(path, writeSafeTensors(await task.module.stateDict(), text));
      printer.line(path);
      printer.object({ command: "export", run: run.path, step, format, file: path });
      return;
    }
    const parts = partsOf(run, built, data, batch, parsed);
    const chosen = part ?? Object.keys(parts)[0]!;
    const { inputs, description, run: traced } = lookup("part", parts, chosen);
    const file = await exportOnnx(traced, inputs, {
      engine,
      freeze: built.task.module.variables().map(([, v]) => v),
    });
    const path = target(`${run.config.model}-${chosen}-${step}`, ".onnx");
    await writeFileAtomic(path, file.bytes);
    const ports = (list: typeof file.inputs): string =>
      list.map((p) => `${p.name} ${p.dtype}${showShape(p.shape)}`).join(", ");
    printer.line(
      `${chosen}: ${description}\n  in   ${ports(file.inputs)}\n  out  ${ports(file.outputs)}\n${path}`,
    );
    const { inputs: feeds, outputs } = file;
    printer.object({
      command: "export",
      run: run.path,
      step,
      format,
      part: chosen,
      inputs: feeds,
      outputs,
      file: path,
    });
  } finally {
    await engine.dispose();
  }
}

/** What an exported file says of where its weights are from. */
function originOf(
  { model, data, config, galatea, recipe, ...run }: RunConfig,
  definition: AnyModel,
): Record<string, string> {
  const usual = definition.config.parse({}) as Readonly<Record<string, unknown>>;
  const own = Object.entries(config).filter(([name, value]) => String(value) !== String(usual[name]));
  const training = (["steps", "batchSize", "accumulate", "lr", "seed", "threads"] as const).map(
    (n) => [n, run[n]] as const,
  );
  const said = [...own, ["data", data] as const, ...training].filter(([, value]) => value !== undefined);
  const flags = said.map(([name, value]) =>
    typeof value === "boolean"
      ? `--${value ? "" : "no-"}${kebab(name)}`
      : `--${kebab(name)} ${String(value)}`,
  );
  const command = `galatea train ${model} ${flags.join(" ")}`;
  return { galatea, model, data, config: JSON.stringify(config), command, ...(recipe && { recipe }) };
}

function partsOf(
  run: RunFolder,
  { definition, task, config }: Built,
  data: Parameters<Built["definition"]["build"]>[1],
  batch: number,
  parsed: Record<string, unknown>,
): Readonly<Record<string, ExportPart>> {
  const { exports } = definition;
  if (!exports) throw new UserError(`${run.path} is a ${definition.name}: it has no part to export as onnx`);
  return exports.parts({ task, config, data }, batch, pickOptions(exports.options, parsed));
}
