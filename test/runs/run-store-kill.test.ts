import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { RunStore } from "../../src/runs/run-store.ts";

const url = (path: string) =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../src", path)).href);

test("a process killed while it saves leaves a run that opens, without temporary files, at a whole checkpoint", async () => {
  const root = await mkdtemp(join(tmpdir(), "run-store-kill-"));
  const folder = join(root, "run");
  const program = `
    const { RunStore } = await import(${url("runs/run-store.ts")});
    const { encodeCheckpoint } = await import(${url("io/index.ts")});
    const folder = ${JSON.stringify(folder)};
    const first = process.argv[1] === "0";
    const store = first ? await RunStore.create(folder) : await RunStore.open(folder, { mode: "write" });
    if (first) await store.writeRunJson({});
    const start = (await store.latestCheckpoint())?.step ?? 0;
    const data = new Float32Array(250_000);
    for (let step = start + 1; ; step++) {
      await store.appendMetrics({ event: "step", step });
      const best = step % 3 === 0 ? { loss: 1 / step } : undefined;
      const bytes = await encodeCheckpoint({ w: { dtype: "F32", shape: [250_000], data: data.fill(step) } });
      await store.saveCheckpoint(step, bytes, { best });
      if (step === start + 1) console.log("saving");
    }`;
  let before = 0;
  try {
    for (const [round, milliseconds] of [3, 11, 23, 40, 61].entries()) {
      const child = spawn(
        process.execPath,
        ["--input-type=module", "--no-warnings", "-e", program, `${round}`],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      await once(child.stdout, "data");
      await new Promise((done) => setTimeout(done, milliseconds));
      child.kill("SIGKILL");
      await once(child, "exit");
      const store = await RunStore.open(folder, { mode: "write" });
      const latest = (await store.latestCheckpoint())!;
      expect(latest.warnings).toEqual([]);
      expect(latest.step).toBeGreaterThan(before);
      expect(latest.tensors.get("w")!.toFloat32()[249_999]).toBe(latest.step);
      const best = await store.bestCheckpoint();
      if (best !== undefined) expect(best.tensors.get("w")!.toFloat32()[0]).toBe(best.step);
      const names = [...(await readdir(folder)), ...(await readdir(join(folder, "checkpoints")))];
      expect(names.filter((name) => name.startsWith(".tmp"))).toEqual([]);
      await store.rewindTo(latest.step);
      const steps = (await store.readMetrics()).map((event) => event.step);
      expect(steps).toEqual(Array.from({ length: latest.step }, (_, at) => at + 1));
      before = latest.step;
      await store.close();
    }
  } finally {
    await rm(root, { recursive: true });
  }
});
