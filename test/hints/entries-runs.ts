/** Advice about runs: resuming, opening, storing, locking. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { vi } from "vitest";
import { encodeCheckpoint } from "../../src/io/index.ts";
import { acquireLock } from "../../src/train/lock.ts";
import { ReplicaGroup } from "../../src/train/replica-group.ts";
import { RunStore } from "../../src/train/run-store.ts";
import { emptyFolder, fresh, madeText } from "../cli/unrolled.ts";
import { FaultyFileSystem } from "../io/faulty-file-system.ts";
import { createLearner, sourceOf, specOf } from "../train/faulty-learner.ts";
import { commandIn, type Entries, type Entry, SHORT, works } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A copy of the run that all entries share. */
function copy(): string {
  const folder = fresh();
  cpSync("runs/mine", folder, { recursive: true });
  return folder;
}

const trainTo = (out: string, more = "") => `train text mybook.txt ${SHORT} --out ${out} ${more}`;
const resume = (out: string, more = "") => `train text --resume --out ${out} --steps 3 ${more}`;

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

const aRunIs = "a run is the folder that `unrolled train` names at its start and end, as runs/text-...";

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
  "tasks/runs.ts": [
    {
      hint: "unrolled train text makes a run",
      async follow(met) {
        await met.command("runs nowhere");
        await works(`unrolled train text mybook.txt ${SHORT} --out nowhere/first`);
        await works("runs nowhere");
      },
    },
    { hint: "left out: *", explains: "what is not in the list, and why" },
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
  "tasks/text/corpus.ts": [
    {
      hint: "install the package again, or name a text of your own",
      async follow(met) {
        const broken = emptyFolder();
        for (const part of ["bin", "dist", "package.json"]) {
          cpSync(join(ROOT, part), join(broken, part), { recursive: true });
        }
        symlinkSync(join(ROOT, "node_modules"), join(broken, "node_modules"));
        const train = (...data: string[]) =>
          spawnSync(
            process.execPath,
            [
              join(broken, "bin/unrolled.js"),
              "train",
              "text",
              ...data,
              ...SHORT.split(" "),
              "--out",
              fresh(),
            ],
            { encoding: "utf8" },
          );
        await met.text(train().stderr);
        if (train("mybook.txt").status !== 0) throw new Error("a text of one's own needs the bundled one");
        // With the whole package it works: the entry of cli/runs.ts trains on the bundled corpus.
      },
    },
  ],
  "tasks/text/eval.ts": [
    {
      hint: "name a text, or give the run's folder",
      async follow(met) {
        const checkpoint = "runs/mine/checkpoints/step-2.safetensors";
        await met.command(`eval ${checkpoint}`);
        await works(`eval ${checkpoint} mybook.txt`);
        await works("eval runs/mine");
      },
    },
  ],
  "tasks/text/inspect.ts": [
    {
      hint: "name a file with more text",
      async follow(met) {
        writeFileSync("short.txt", "said");
        await met.command("inspect runs/mine short.txt");
        await works("inspect runs/mine mybook.txt");
      },
    },
    {
      hint: "name a text file, or give the run's folder",
      async follow(met) {
        const checkpoint = "runs/mine/checkpoints/step-2.safetensors";
        await met.command(`inspect ${checkpoint}`);
        await works(`inspect ${checkpoint} mybook.txt`);
        await works("inspect runs/mine");
      },
    },
  ],
  "tasks/text/open.ts": [
    {
      hint: "train it: unrolled train text --resume",
      async follow(met) {
        const folder = copy();
        rmSync(join(folder, "checkpoints"), { recursive: true });
        const command = commandIn(await met.command(`sample ${folder} --length 5`));
        await works(`${command} --out ${folder}`);
        await works(`sample ${folder} --length 5`);
      },
    },
    {
      hint: "change the text, or leave them out with --skip-unknown",
      async follow(met) {
        writeFileSync("unknown.txt", `${madeText(60)}\u03a9`);
        for (const command of [
          "sample runs/mine --length 5 --prime said\u03a9",
          "eval runs/mine unknown.txt",
          "inspect runs/mine unknown.txt",
        ]) {
          await met.command(command);
          await works(`${command} --skip-unknown`);
          await works(command.replace("\u03a9", "").replace("unknown.txt", "mybook.txt"));
        }
      },
    },
    {
      hint: "leave it out",
      async follow(met) {
        await met.command("sample runs/mine --length 5 --cell ./my-cell.ts");
        await works("sample runs/mine --length 5");
      },
    },
  ],
  "tasks/text/resume.ts": [
    {
      hint: "name its folder with --out",
      async follow(met) {
        const folder = copy();
        const [before, text] = [process.cwd(), join(process.cwd(), "mybook.txt")];
        process.chdir(emptyFolder());
        try {
          await met.command("train text --resume");
          await works(`train text ${text} --resume --out ${folder}`);
        } finally {
          process.chdir(before);
        }
      },
    },
    {
      hint: "leave these options out to go on with the run's own, or start a new run",
      async follow(met) {
        const folder = copy();
        await met.command(resume(folder, "--hidden 9"));
        await works(resume(folder));
        await works(`${trainTo(fresh())} --hidden 9`);
      },
    },
    {
      hint: "leave these options out to go on with the run's own, or start a new run with --from",
      async follow(met) {
        const folder = copy();
        await met.command(resume(folder, "--lr 0.5"));
        await works(resume(folder));
        await works(trainTo(fresh(), `--lr 0.5 --from ${folder}`));
      },
    },
    {
      hint: "leave these options out to go on with that model, or leave out --from",
      async follow(met) {
        const train = (more: string) =>
          `train text mybook.txt --steps 1 --threads 1 --out ${fresh()} ${more}`;
        await met.command(train("--from runs/mine --hidden 9"));
        await works(train("--from runs/mine"));
        await works(train("--hidden 9"));
      },
    },
    {
      hint: "give the text that it was trained on, or start a new run from its weights with --from",
      async follow(met) {
        const folder = copy();
        writeFileSync("other.txt", madeText(80));
        await met.command(resume(folder).replace("text", "text other.txt"));
        await works(resume(folder).replace("text", "text mybook.txt"));
        await works(`train text other.txt ${SHORT} --from ${folder} --out ${fresh()}`);
      },
    },
    {
      hint: "give the same --val, or start a new run from its weights with --from",
      async follow(met) {
        const folder = fresh();
        writeFileSync("valid-1.txt", madeText(20));
        writeFileSync("valid-2.txt", madeText(30));
        await works(trainTo(folder, "--val valid-1.txt"));
        await met.command(resume(folder, "--val valid-2.txt"));
        await works(resume(folder, "--val valid-1.txt"));
        await works(trainTo(fresh(), `--val valid-2.txt --from ${folder}`));
      },
    },
  ],
  "tasks/text/resumed-run.ts": [
    {
      hint: "--resume goes on with a run, --from starts a new one from its weights",
      async follow(met) {
        const folder = copy();
        await met.command(resume(folder, "--from runs/mine"));
        await works(resume(folder));
        await works(trainTo(fresh(), "--from runs/mine"));
      },
    },
    { hint: "* holds no run yet: starting from the beginning", explains: "what the training does" },
    { hint: "*; going on from step * instead", explains: "what the training does" },
    {
      hint: "* was stopped before its first checkpoint: starting from the beginning",
      explains: "what the training does",
    },
    { hint: "bits may differ from an uninterrupted run: *", explains: "what to expect of the training" },
  ],
  "tasks/text/train.ts": [
    {
      hint: "continue it with --resume, or choose another folder with --out",
      async follow(met) {
        const folder = copy();
        await met.command(trainTo(folder));
        await works(resume(folder));
        await works(trainTo(fresh()));
      },
    },
  ],
  "train/file-system.ts": [
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
  ],
  "train/lock.ts": [
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
      hint: "use --threads 1",
      async follow(met) {
        const spec = specOf("wasm", 4);
        const learners = [1, 2].map((replicas) => createLearner(spec, 0, replicas));
        const start = (replicas: number) =>
          ReplicaGroup.start(learners[replicas - 1], sourceOf(spec), replicas);
        const builtin = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
        try {
          await met.code(() => start(2));
        } finally {
          builtin.mockRestore();
        }
        await (await start(1)).dispose();
        await works(trainTo(fresh(), "--threads 1"));
      },
    },
  ],
  "train/run-store-checkpoints.ts": [
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
      hint: "start the run again",
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
      hint: "remove the file, then the latest checkpoint is used",
      async follow(met) {
        const folder = copy();
        const best = join(folder, "checkpoints/best.json");
        writeFileSync(best, '{"step": 7, "loss": 1}');
        await met.command(`sample ${folder} --length 5`);
        rmSync(best);
        await works(`sample ${folder} --length 5`);
      },
    },
    {
      hint: "remove the file, then the latest checkpoint is used",
      async follow(met) {
        const folder = copy();
        const best = join(folder, "checkpoints/best.json");
        writeFileSync(best, "damaged");
        await met.command(`sample ${folder} --length 5`);
        rmSync(best);
        await works(`sample ${folder} --length 5`);
      },
    },
  ],
  "train/run-store.ts": [
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
  ],
};
