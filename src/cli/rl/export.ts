import { join } from "node:path";
import { z } from "zod";
import { exportFreeBatch } from "../../engine/onnx/export.ts";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import type { Checkpoint } from "../../train/checkpoint.ts";
import { createRun, openRunFolder, outputsOf, type RunFolder } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { Cli } from "../command.ts";
import { newEngine, type Shell } from "../common.ts";
import { Printer } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { agentCheckpoint, agentOf, settingOf } from "./session.ts";

const ExportOptions = z.strictObject({
  format: z
    .enum(["onnx", "run"])
    .default("onnx")
    .describe("a function for any ONNX runtime, or a small run folder to pass on"),
  best: z.boolean().default(false).describe("the best checkpoint by evaluation, not the newest"),
  out: z.string().optional().describe("the file or folder to write (default: inside the run)"),
  json: z.boolean().default(false).describe("print one JSON object instead of text"),
});

export function exportCommand(shell: Shell): Cli {
  const command = new Cli("export")
    .summary("write a trained policy as an ONNX file, or as a small run")
    .description(
      "Write the policy of a deep agent, acting without exploring, as an ONNX file for any runtime: observations in, any " +
        "number at once, actions out. Normalisation of observations is part of it. Or write a run folder with the weights and " +
        "nothing else: others can play and evaluate it, but not train it further.",
    )
    .argument("<run>", "folder of the run, or its name under runs/")
    .action((name: string, parsed: Record<string, unknown>) => run(name, parsed, shell)) as Cli;
  addOptions(command, ExportOptions, "Options:");
  return command.examples(
    ["galatea rl export ppo-CartPole-v1 --best", "the best policy of the run"],
    ["galatea rl export ppo-CartPole-v1 --out policy.onnx", "to a file of your choice"],
    ["galatea rl export ppo-CartPole-v1 --format run --out pole", "a folder to pass on"],
  );
}

async function run(name: string, parsed: Record<string, unknown>, { catalog, io }: Shell): Promise<void> {
  const { best, format, out, json } = pickOptions(ExportOptions, parsed);
  const folder = await openRunFolder(name);
  const agent = await agentOf({ catalog }, folder);
  const agentRun = folder as RunFolder<AgentRun>;
  const checkpoint = await agentCheckpoint(agentRun, best ? "best" : undefined);
  if (!agent.graph)
    throw new UserError(
      `${folder.path} is a run of ${agent.name}, which has a table and no network to export`,
    );
  if (!checkpoint) throw new UserError(`${folder.path} has no checkpoint yet: train it first`);
  const printer = new Printer(io, json);
  if (format === "run") {
    const path = out ?? join(outputsOf(folder), "export", `${agent.name}-${checkpoint.step}`);
    await saveWeights(path, agentRun.config, checkpoint);
    printer.line(path);
    printer.object({ command: "export", run: folder.path, step: checkpoint.step, format, folder: path });
    return;
  }
  const options: unknown = agent.options.parse(agentRun.config.options);
  const engine = await newEngine(agentRun.config);
  try {
    const { module, at } = agent.graph(checkpoint, { options, ...settingOf(agentRun.config) });
    const file = await exportFreeBatch(at, { engine, freeze: module.variables().map(([, v]) => v) });
    const path = out ?? join(outputsOf(folder), "export", `policy-${checkpoint.step}.onnx`);
    await writeFileAtomic(path, file.bytes);
    const ports = (list: typeof file.inputs): string =>
      list.map((p) => `${p.name} ${p.dtype}[${p.shape.join(", ")}]`).join(", ");
    printer.line(`in   ${ports(file.inputs)}\nout  ${ports(file.outputs)}\n${path}`);
    printer.object({ command: "export", run: folder.path, step: checkpoint.step, format, file: path });
  } finally {
    await engine.dispose();
  }
}

/** A run of the weights alone, and of the spaces that they were learned in. */
async function saveWeights(
  path: string,
  config: AgentRun,
  { step, seed, seconds, tensors: { weights }, progress: { spaces } }: Checkpoint,
): Promise<void> {
  const run = await createRun(path, config);
  await run.writeCheckpoint({ step, seed, seconds, tensors: { weights }, progress: { spaces } });
}
