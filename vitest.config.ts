import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A generous limit against hangs; how fast things are is measured in bench/.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
