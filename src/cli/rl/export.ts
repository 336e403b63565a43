import { join } from "node:path";
import { z } from "zod";
import { exportFreeBatch } from "../../engine/onnx/export.ts";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/node.ts";
import { openRunFolder, outputsOf, type RunFolder } from "../../train/node.ts";
import type { AgentRun } from "../../train/run-config.ts";
import { Cli } from "../command.ts";
import { newEngine, type Shell } from "../common.ts";
import { Printer } from "../io.ts";
import { addOptions, pickOptions } from "../options.ts";
import { agentCheckpoint, agentOf, settingOf } from "./session.ts";

const ExportOptions = z.strictObject({
  best: z.boolean().default(false).describe("the best checkpoint by evaluation, not the newest"),
  out: z.string().optional().describe("the file to write (default: inside the run)"),
  json: z.boolean().default(false).describe("print one JSON object instead of text"),
});

export function exportCommand(shell: Shell): Cli {
  const command = new Cli("export")
    .summary("write a trained policy as an ONNX file")
    .description(
      "Write the policy of a deep agent, acting without exploring, as an ONNX file for any runtime: observations in, any " +
        "number at once, actions out. Normalisation of observations is part of it.",
    )
    .argument("<run>", "folder of the run, or its name under runs/")
    .action((name: string, parsed: Record<string, unknown>) => run(name, parsed, shell)) as Cli;
  addOptions(command, ExportOptions, "Options:");
  return command.examples(
    ["galatea rl export ppo-CartPole-v1 --best", "the best policy of the run"],
    ["galatea rl export ppo-CartPole-v1 --out policy.onnx", "to a file of your choice"],
  );
}

async function run(name: string, parsed: Record<string, unknown>, { catalog, io }: Shell): Promise<void> {
  const { best, out, json } = pickOptions(ExportOptions, parsed);
  const folder = await openRunFolder(name);
  const agent = await agentOf({ catalog }, folder);
  const agentRun = folder as RunFolder<AgentRun>;
  const checkpoint = await agentCheckpoint(agentRun, best ? "best" : undefined);
  if (!agent.graph)
    throw new UserError(
      `${folder.path} is a run of ${agent.name}, which has a table and no network to export`,
    );
  if (!checkpoint) throw new UserError(`${folder.path} has no checkpoint yet: train it first`);
  const options: unknown = agent.options.parse(agentRun.config.options);
  const engine = await newEngine(agentRun.config);
  try {
    const { module, at } = agent.graph(checkpoint, { options, ...settingOf(agentRun.config) });
    const file = await exportFreeBatch(at, { engine, freeze: module.variables().map(([, v]) => v) });
    const path = out ?? join(outputsOf(folder), "export", `policy-${checkpoint.step}.onnx`);
    await writeFileAtomic(path, file.bytes);
    const printer = new Printer(io, json);
    const ports = (list: typeof file.inputs): string =>
      list.map((p) => `${p.name} ${p.dtype}[${p.shape.join(", ")}]`).join(", ");
    printer.line(`in   ${ports(file.inputs)}\nout  ${ports(file.outputs)}\n${path}`);
    printer.object({ command: "export", run: folder.path, step: checkpoint.step, file: path });
  } finally {
    await engine.dispose();
  }
}
