/** Advice for programs in pages: where the kernels are, how much memory they have, what a task trains on. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { vi } from "vitest";
import { memorySource } from "../../src/data/index.ts";
import { createReferenceBackend, createWasmBackend, loadWasmBackend, zeros } from "../../src/index.ts";
import { TASKS, trainInMemory } from "../../src/tasks/index.ts";
import type { Entries } from "./harness.ts";

/** Where a page finds the kernels. */
const KERNELS = "https://example.org/kernels/";

/** From a server that has the kernels in that folder. */
async function loadFromServer(): Promise<void> {
  const folder = join(import.meta.dirname, "../../dist/backend/wasm");
  vi.stubGlobal(
    "fetch",
    async (url: URL) => new Response(readFileSync(join(folder, basename(url.pathname)))),
  );
  await loadWasmBackend({ folder: KERNELS });
}

export const PAGES: Entries = {
  "data/memory-source.ts": [
    { hint: "* CRLF line end* became LF", explains: "it says what was changed in the text that was read" },
  ],
  "backend/wasm/wasm.ts": [
    {
      hint: "build it again: npm run build:wasm",
      async follow(met) {
        const empty = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
        vi.stubGlobal("fetch", async () => new Response(empty));
        await met.code(() => loadWasmBackend({ folder: KERNELS }));
        // Building needs a compiler; test/kernels/build.test.ts does it where there is one.
        const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
        if (!String(scripts["build:wasm"]).includes("kernels/build.ts"))
          throw new Error("there is no such script");
        if (createWasmBackend() === undefined) throw new Error("no kernels");
      },
    },
    {
      hint: "put both .wasm files of dist/backend/wasm/ at that address, or name their folder: loadWasmBackend({ folder })",
      async follow(met) {
        vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
        await met.code(() => loadWasmBackend({ folder: KERNELS }));
        await loadFromServer();
      },
    },
    {
      hint: 'Vite before 8 moves scripts away from their .wasm files: set optimizeDeps: { exclude: ["unrolled"] } in vite.config.js',
      elsewhere: ["browser/template.test.ts", "in the development server of Vite"],
    },
    {
      hint: "allow it in the page's Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'",
      elsewhere: ["browser/loading.test.ts", "run under a policy that allows WebAssembly"],
    },
    {
      hint: "give a whole address, as https://example.org/kernels/",
      async follow(met) {
        vi.stubGlobal("location", { href: "blob:https://example.org/1" });
        await met.code(() => loadWasmBackend({ folder: "kernels" }));
        await loadFromServer();
      },
    },
    {
      hint: "use a newer browser or leave its lockdown mode; createReferenceBackend() needs neither, and is slow",
      async follow(met) {
        vi.stubGlobal("WebAssembly", undefined);
        await met.code(() => loadWasmBackend());
        if (zeros([2], createReferenceBackend()).size !== 2) throw new Error("no tensor");
      },
    },
  ],
  "backend/wasm-memory.ts": [
    {
      hint: "close other pages and programs, or load the kernels with a smaller maximumBytes",
      elsewhere: [
        "backend/heap-maximum.test.ts",
        "that an engine refuses gives an error that says what to do",
      ],
    },
  ],
  "backend/heap.ts": [
    {
      hint: "give a larger *, or make the model, the batch or the sequence length smaller",
      async follow(met) {
        const bytes = 2 ** 23;
        await met.code(() => zeros([bytes / 4], createWasmBackend({ maximumBytes: bytes })));
        zeros([bytes / 4], createWasmBackend({ maximumBytes: 2 * bytes })).dispose();
        zeros([bytes / 8], createWasmBackend({ maximumBytes: bytes })).dispose();
      },
    },
  ],
  "tasks/train-in-memory.ts": [
    {
      hint: "give data: { source: memorySource([{ name, content }]) }",
      async follow(met) {
        const task = await TASKS.text();
        await met.code(() => trainInMemory({ task }));
        const content = "What goes on and on goes on. ".repeat(100);
        const source = memorySource([{ name: "a.txt", content }]);
        const settings = { hidden: 4, batchSize: 2, seqLength: 8 };
        const training = await trainInMemory({ task, source, settings, limits: { steps: 1 } });
        for await (const { event } of training.events) if (event === "end") return;
        throw new Error("no end");
      },
    },
  ],
};
