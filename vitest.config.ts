import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // A test's own cell imports the package as a user's does, and must get the sources that are under test.
    alias: [
      {
        find: /^unrolled\/(\w+)$/,
        replacement: fileURLToPath(new URL("./src/$1/index.ts", import.meta.url)),
      },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/state-folder.ts", "test/support/build-emulated-amx.ts"],
    // A generous limit against hangs; how fast things are is measured in bench/.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
