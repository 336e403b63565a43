#!/usr/bin/env node
import { runCli } from "./program.ts";
import { interruptOf } from "./signals.ts";

const signal = interruptOf(process);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `galatea … | head` closes the pipe early: that is no error.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`the output could not be written: ${error.message}\n`);
  process.exit(1);
});

const { stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), { stdout, stderr, signal });
