/** Seconds that the program may take to save after SIGTERM. */
const GRACE = 10;

type Program = Pick<NodeJS.Process, "on" | "kill" | "exit" | "pid" | "stderr">;

/**
 * Ctrl-C and SIGTERM ask for a stop after this step; the second signal ends the program at once. SIGTERM kills it
 * after ten seconds in any case: a file system that hangs would keep `exit` waiting as well.
 * @param speaks whether it says so
 */
export function interruptOf(program: Program, speaks = true): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    program.on(signal, () => {
      if (interrupt.signal.aborted) program.exit(130);
      interrupt.abort();
      if (signal === "SIGTERM") setTimeout(() => program.kill(program.pid, "SIGKILL"), 1000 * GRACE).unref();
      if (speaks) program.stderr.write("\nstopping after this step; press again to stop at once\n");
    });
  return interrupt.signal;
}
