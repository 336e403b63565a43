/** Seconds that a program which was told to terminate may take to save. */
const GRACE = 10;

type Program = Pick<NodeJS.Process, "on" | "kill" | "exit" | "pid" | "stderr">;

/**
 * Ctrl-C and SIGTERM ask for a stop after this step; the second time they end the program at once. SIGTERM ends it
 * after ten seconds whatever it waits for: a file system that hangs would keep `exit` waiting as well.
 */
export function interruptOf(program: Program): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    program.on(signal, () => {
      if (interrupt.signal.aborted) program.exit(130);
      interrupt.abort();
      if (signal === "SIGTERM") setTimeout(() => program.kill(program.pid, "SIGKILL"), 1000 * GRACE).unref();
      program.stderr.write("\nstopping after this step; once more to stop at once\n");
    });
  return interrupt.signal;
}
