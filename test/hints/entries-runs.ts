/** Advice about runs: resuming, opening, storing, locking. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { vi } from "vitest";
import { encodeCheckpoint } from "../../src/io/index.ts";
import { acquireLock } from "../../src/runs/lock.ts";
import { startNodeWorker } from "../../src/runs/node-workers.ts";
import { RunStore } from "../../src/runs/run-store.ts";
import { stateFolder } from "../../src/runs/state-folder.ts";
import { ReplicaGroup, type ReplicaOptions } from "../../src/train/replica-group.ts";
import { emptyFolder, fresh } from "../cli/unrolled.ts";
import { FaultyFileSystem } from "../io/faulty-file-system.ts";
import { createLearner, sourceOf, specOf } from "../train/faulty-learner.ts";
import { type Entries, type Entry, SHORT, works } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A copy of the run that all entries share. */
export function copy(): string {
  const folder = fresh();
  cpSync("runs/mine", folder, { recursive: true });
  return folder;
}

export const trainTo = (out: string, more = "") => `train text mybook.txt ${SHORT} --out ${out} ${more}`;
export const resume = (out: string, more = "") => `train text --resume --out ${out} --steps 3 ${more}`;

/** A disk that fails with a code, and works again when what the hint says is done. */
const disk = (code: string, hint: string): Entry => ({
  hint,
  async follow(met) {
    const files = new FaultyFileSystem();
    files.failAt("mkdir", /run/, code);
    await met.code(() => RunStore.create(fresh(), files));
    files.mend();
    await (await RunStore.create(fresh(), files)).close();
  },
});

const aRunIs = "a run is the folder that `npx unrolled train` names at its start and end, as runs/text-...";

/** Trains, and takes the folder that the training names. */
async function namedFolder(): Promise<string> {
  const text = await works(`train text mybook.txt ${SHORT} --out ${fresh()}`);
  return /^run +(.*)$/m.exec(text)![1];
}

export const RUNS: Entries = {
  "tasks/engine.ts": [
    { hint: "--precision high runs the f32 kernels here: *", explains: "what runs on this machine, and why" },
    {
      hint: "--backend wasm does the same, more slowly",
      async follow(met) {
        // A machine that there is no addon for.
        const elsewhere = (backend: string) => {
          const args = [
            "train",
            "text",
            "mybook.txt",
            ...SHORT.split(" "),
            "--out",
            fresh(),
            "--backend",
            backend,
          ];
          const program = `Object.defineProperty(process, "arch", { value: "mips" });
            process.argv.push("unrolled", ...${JSON.stringify(args)});
            await import(${JSON.stringify(pathToFileURL(join(ROOT, "bin/unrolled.js")).href)});`;
          return spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
        };
        await met.text(elsewhere("native").stderr);
        if (elsewhere("wasm").status !== 0) throw new Error("wasm does not do the same");
      },
    },
    { hint: "on WebAssembly, which is slower: *", explains: "what runs on this machine, and why" },
  ],
  "runs/run-list.ts": [
    {
      hint: "npx unrolled train text makes a run",
      async follow(met) {
        await met.command("runs nowhere");
        await works(`npx unrolled train text mybook.txt ${SHORT} --out nowhere/first`);
        await works("runs nowhere");
      },
    },
    { hint: "left out: *", explains: "what is not in the list, and why" },
    { hint: "left out: *", explains: "what is not in the comparison, and why" },
    { hint: "the best loss of * is not known: *", explains: "what is not shown, and why" },
    {
      hint: "name the folder that it leads to",
      async follow(met) {
        const folder = copy();
        symlinkSync(folder, "link-to-run");
        await met.command("runs --delete link-to-run --yes");
        await works(`runs --delete ${folder} --yes`);
      },
    },
  ],
  "runs/code-choice.ts": [
    {
      hint: "the * * has to be named again the next time: *",
      elsewhere: ["cli/foreign-code.test.ts", "a state folder that cannot be written is a note"],
    },
    {
      hint: "if you trust that file, repeat * *",
      elsewhere: ["cli/foreign-code.test.ts", "and the hint that the error gives works"],
    },
  ],
  "runs/state-folder.ts": [
    {
      hint: "set UNROLLED_STATE to a folder for it",
      async follow(met) {
        const homeless = (env: Record<string, string>) =>
          stateFolder({ platform: "linux", env, home: () => "" });
        await met.code(() => homeless({}));
        if (homeless({ UNROLLED_STATE: "/mine" }) !== "/mine") throw new Error("another folder");
      },
    },
  ],
  "runs/file-system.ts": [
    disk("ENOSPC", "free some space on that disk, then try again"),
    disk("EDQUOT", "free some space, then try again"),
    disk("EROFS", "choose a folder that can be written to"),
    disk("EACCES", "change the permissions of the folder, or choose another"),
    disk("EPERM", "change the permissions of the folder, or choose another"),
    disk("ENOENT", "check the path"),
    disk("ENOTDIR", "check the path"),
    disk("EISDIR", "check the path"),
    disk("EEXIST", "move it away, or choose another folder"),
    disk("EIO", "check the disk"),
    disk("EFBIG", "choose a folder on another disk"),
    disk("EMFILE", "raise the limit on open files (ulimit -n)"),
    disk("ENFILE", "close other programs"),
    disk("ENAMETOOLONG", "choose a shorter path"),
    disk("ELOOP", "check the path"),
    {
      hint: "a run consists of files and folders: do not trust this one",
      elsewhere: ["tasks/hostile-runs.test.ts", "is no regular file, but a pipe or a device"],
    },
  ],
  "runs/lock.ts": [
    {
      hint: "try again; if it stays so, remove *",
      async follow(met) {
        const folder = emptyFolder();
        const path = join(folder, ".lock");
        const owner = {
          id: "a".repeat(32),
          pid: 2 ** 30,
          host: hostname(),
          since: "",
          started: null,
          boot: null,
        };
        // A dead owner who has been followed by himself: nobody can take over.
        for (const name of [path, `${path}.after-${owner.id}`]) writeFileSync(name, JSON.stringify(owner));
        await met.code(() => acquireLock(folder));
        rmSync(path);
        (await acquireLock(folder)).release();
      },
    },
    {
      hint: "if that process no longer runs, remove *",
      async follow(met) {
        const folder = emptyFolder();
        const owner = { id: "a".repeat(32), pid: 7, host: "elsewhere", since: "", started: null, boot: null };
        writeFileSync(join(folder, ".lock"), JSON.stringify(owner));
        const hint = await met.code(() => acquireLock(folder));
        rmSync(hint.replace(/^.* remove /, ""));
        (await acquireLock(folder)).release();
      },
    },
    {
      hint: "wait for it to end or stop it, or choose another folder with --out",
      async follow(met) {
        const folder = copy();
        const lock = await acquireLock(folder);
        await met.command(resume(folder));
        await works(trainTo(fresh()));
        lock.release();
        await works(resume(folder));
      },
    },
  ],
  "train/replica-group.ts": [
    {
      hint: "give { source, startWorker: startNodeWorker } in Node, or leave replicas at 1",
      async follow(met) {
        const spec = specOf("wasm", 4);
        const start = (options: ReplicaOptions) =>
          ReplicaGroup.start(createLearner(spec, 0, options.replicas ?? 1), options);
        await met.code(() => start({ replicas: 2 }));
        await (await start({ replicas: 2, source: sourceOf(spec), startWorker: startNodeWorker })).dispose();
        await (await start({})).dispose();
      },
    },
    {
      hint: "give numbers, texts, lists, typed arrays and plain objects of these",
      async follow(met) {
        const spec = specOf("wasm", 4);
        const start = (extra: object) =>
          ReplicaGroup.start(createLearner(spec, 0, 2), {
            ...{ replicas: 2, source: sourceOf({ ...spec, ...extra }), startWorker: startNodeWorker },
          });
        await met.code(() => start({ notes: () => "a function" }));
        const plain = { notes: ["text", 1, new Float32Array(2), { nested: [true] }] };
        await (await start(plain)).dispose();
      },
    },
  ],
  "train/shared-exchange.ts": [
    {
      hint: 'start the replicas from a worker, or with { exchange: "messages" }',
      async follow(met) {
        const spec = specOf("wasm", 4);
        const start = (exchange?: "messages") =>
          ReplicaGroup.start(createLearner(spec, 0, 2), {
            ...{ replicas: 2, source: sourceOf(spec), startWorker: startNodeWorker, exchange },
          });
        // As on the main thread of a page.
        const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => {
          throw new TypeError("Atomics.wait cannot be called in this context");
        });
        try {
          await met.code(() => start());
          const group = await start("messages");
          await group.step(0, 0.1);
          await group.dispose();
        } finally {
          wait.mockRestore();
        }
      },
    },
  ],
  "runs/run-store-checkpoints.ts": [
    {
      hint: "the checkpoints saved before are intact: continue with --resume",
      async follow(met) {
        const [files, folder] = [new FaultyFileSystem(), fresh()];
        const store = await RunStore.create(folder, files);
        await store.writeRunJson({ task: "text" });
        const bytes = await encodeCheckpoint(
          { w: { dtype: "F32", shape: [1], data: Float32Array.of(1) } },
          {},
        );
        await store.saveCheckpoint(1, bytes);
        files.failAt("open", /step-2/, "ENOSPC");
        await met.code(() => store.saveCheckpoint(2, bytes));
        files.mend();
        await store.close();
        const again = await RunStore.open(folder, { mode: "write" });
        if ((await again.latestCheckpoint())?.step !== 1) throw new Error("the first checkpoint is gone");
        await again.saveCheckpoint(2, bytes);
        await again.close();
      },
    },
    {
      hint: "start a new run, in another folder",
      async follow(met) {
        const folder = copy();
        rmSync(join(folder, "checkpoints/best.json"));
        for (const name of readdirSync(join(folder, "checkpoints"))) {
          writeFileSync(join(folder, "checkpoints", name), "damaged");
        }
        await met.command(`sample ${folder} --length 5`);
        await works(trainTo(fresh()));
      },
    },
    {
      hint: "put them back, or start a new run, in another folder",
      async follow(met) {
        const [folder, away] = [copy(), fresh()];
        const [best, all] = [join(folder, "checkpoints/best.json"), join(folder, "checkpoints")];
        renameSync(all, away);
        mkdirSync(all);
        copyFileSync(join(away, "best.json"), best);
        await met.command(`sample ${folder} --length 5`);
        rmSync(all, { recursive: true });
        renameSync(away, all);
        await works(`sample ${folder} --length 5`);
        await works(trainTo(fresh()));
      },
    },
    {
      hint: "remove the file, then the latest checkpoint is used",
      async follow(met) {
        const folder = copy();
        const best = join(folder, "checkpoints/best.json");
        writeFileSync(best, '{"step": 7, "loss": 1}');
        const store = await RunStore.open(folder);
        await met.code(() => store.bestCheckpoint());
        rmSync(best);
        if ((await store.bestOrLatestCheckpoint())?.step !== 2) throw new Error("not the latest one");
      },
    },
    {
      hint: "remove the file, then the latest checkpoint is used",
      async follow(met) {
        const folder = copy();
        const best = join(folder, "checkpoints/best.json");
        writeFileSync(best, "damaged");
        const store = await RunStore.open(folder);
        await met.code(() => store.bestCheckpoint());
        rmSync(best);
        if ((await store.bestOrLatestCheckpoint())?.step !== 2) throw new Error("not the latest one");
      },
    },
  ],
  "runs/run-store.ts": [
    {
      hint: "continue it with --resume, or choose another folder with --out",
      async follow(met) {
        const folder = copy();
        await met.code(() => RunStore.create(folder));
        await works(resume(folder));
        await works(trainTo(fresh()));
      },
    },
    {
      hint: aRunIs,
      async follow(met) {
        await met.command("sample nowhere/at-all");
        await works(`sample ${await namedFolder()} --length 5`);
      },
    },
    {
      hint: aRunIs,
      async follow(met) {
        mkdirSync("no-run", { recursive: true });
        await met.command("sample no-run");
        await works(`sample ${await namedFolder()} --length 5`);
      },
    },
    {
      hint: "put what it links to in its place, or make the whole folder of the run a link",
      async follow(met) {
        const [folder, target] = [copy(), fresh()];
        const log = join(folder, "metrics.jsonl");
        renameSync(log, target);
        symlinkSync(target, log);
        await met.command(resume(folder));
        rmSync(log);
        renameSync(target, log);
        await works(resume(folder));
        const link = fresh();
        symlinkSync(copy(), link);
        await works(resume(link));
      },
    },
  ],
};
