/** Below this many multiply–adds a run, waking a second thread costs more than it brings. */
export const ONE_THREAD_BELOW = 4e6;

export const showThreads = (count: number): string => `${count} thread${count > 1 ? "s" : ""}`;
