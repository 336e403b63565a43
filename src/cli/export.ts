import { join } from "node:path";
import { z } from "zod";
import { exportOnnx } from "../engine/onnx/export.ts";
import { lookup, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files/node.ts";
import type { ExportPart } from "../generative/model.ts";
import { writeSafeTensors } from "../nn/safetensors.ts";
import { showShape } from "../tensor/shape.ts";
import { openRun, type RunFolder } from "../train/node.ts";
import { Cli } from "./command.ts";
import { type Built, RuntimeOptions } from "./common.ts";
import { loadRun, WeightOptions } from "./hook.ts";
import { type Io, Printer } from "./io.ts";
import { addOptions, pickOptions } from "./options.ts";

const ExportOptions = z.strictObject({
  format: z
    .enum(["onnx", "safetensors"])
    .default("onnx")
    .describe("a program that runs anywhere, or the weights alone"),
  part: z.string().optional().describe("which function of the model, for onnx (default: the first it has)"),
  batch: z.int().min(1).default(1).describe("examples the onnx file takes at once"),
  out: z.string().optional().describe("the file to write (default: inside the run)"),
});

export function exportCommand(io: Io): Cli {
  const command = new Cli("export")
    .summary("write a trained model as a file for other programs")
    .description(
      "Write a trained model as a file that other programs read: onnx is a function of the model with its weights, made\n" +
        "of standard operators, for any ONNX runtime; safetensors is the weights by name, for PyTorch and others.",
    )
    .argument("<run>", "the run's folder, or its name under runs/")
    .examples(
      ["galatea export vae-mnist", "the decoder as ONNX"],
      ["galatea export vae-mnist --part encoder --batch 16", "another function, for 16 images at once"],
      ["galatea export vae-mnist --format safetensors --out vae.safetensors", "the weights"],
    ) as Cli;
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
    const target = (file: string): string => out ?? join(run.path, "export", file);
    if (format === "safetensors") {
      const path = target(`${run.config.model}-${step}.safetensors`);
      const metadata = { model: run.config.model, data: run.config.data, step: String(step) };
      await writeFileAtomic(path, writeSafeTensors(await built.task.module.stateDict(), metadata));
      printer.line(path);
      printer.object({ command: "export", run: run.path, step, format, file: path });
      return;
    }
    const parts = partsOf(run, built, data, batch);
    const chosen = part ?? Object.keys(parts)[0]!;
    const { inputs, description, ...chosenPart } = lookup("part", parts, chosen);
    const file = await exportOnnx((feeds) => chosenPart.run(feeds), inputs, {
      engine,
      freeze: built.task.module.variables().map(([, v]) => v),
    });
    const path = target(`${run.config.model}-${chosen}-${step}.onnx`);
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

function partsOf(
  run: RunFolder,
  { definition, task, config }: Built,
  data: Parameters<Built["definition"]["build"]>[1],
  batch: number,
): Readonly<Record<string, ExportPart>> {
  const parts = definition.exports?.({ task, config, data }, batch);
  if (!parts) throw new UserError(`${run.path} is a ${definition.name}: it has no part to export as onnx`);
  return parts;
}
