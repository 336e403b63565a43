import { defineConfig } from "vitest/config";

/** Needs a Chromium: /usr/bin/chromium, or the one that CHROMIUM names. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/browser/lab-folder.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // One page at a time: each uses all cores.
    fileParallelism: false,
  },
});
