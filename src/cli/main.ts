#!/usr/bin/env node
import { launchedRank } from "../train/parallel/launcher.node.ts";
import { runCli } from "./program.ts";
import { interruptOf } from "./signals.ts";

// Of several ranks one speaks.
const signal = interruptOf(process, (launchedRank() ?? 0) === 0);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `galatea … | head` closes the pipe early: that is no error.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`the output could not be written: ${error.message}\n`);
  process.exit(1);
});

const { stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), { stdout, stderr, signal });
