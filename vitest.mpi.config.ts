import { defineConfig } from "vitest/config";

/** Needs mpirun and an MPI library: on Debian, apt-get install openmpi-bin. */
export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/mpi/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Each test has two processes.
    fileParallelism: false,
  },
});
