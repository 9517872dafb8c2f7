/** Advice about trainings on text, and about the models that come of them. */
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emptyFolder, fresh, madeText } from "../cli/unrolled.ts";
import { copy, resume, trainTo } from "./entries-runs.ts";
import { commandIn, type Entries, run, SHORT, works } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../..");

export const TEXT: Entries = {
  "sources/paths.ts": [
    {
      hint: "name the * yourself",
      async follow(met) {
        const folder = copy();
        const path = join(folder, "run.json");
        const run = JSON.parse(readFileSync(path, "utf8"));
        writeFileSync(path, JSON.stringify({ ...run, data: { ...run.data, paths: ["/dev/zero"] } }));
        await met.command(resume(folder));
        await works(resume(folder).replace("text", "text mybook.txt"));
      },
    },
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
  "train/diagnosis.ts": [
    {
      hint: "the * for validation is unlike the one that is trained on: try another --val or --val-split",
      async follow(met) {
        // The text for validation has the same letters in another order.
        writeFileSync("letters.txt", "abcdefgh".repeat(60));
        writeFileSync("backwards.txt", "hgfedcba".repeat(40));
        writeFileSync("more-letters.txt", "abcdefgh".repeat(40));
        const train = (more: string) =>
          "train text letters.txt --hidden 16 --seq-length 8 --batch-size 4 --threads 1 --lr 0.02 --steps 60 " +
          `--eval-every 100 ${more} --out ${fresh()}`;
        await met.warning(train("--val backwards.txt"));
        for (const more of ["--val more-letters.txt", "--val-split 0.2"]) {
          if ((await works(train(more))).includes("warning")) throw new Error(`${more} does not help`);
        }
      },
    },
    {
      hint: "try more updates: --epochs **",
      async follow(met) {
        const train = (more: string) =>
          `train text mybook.txt --hidden 32 --seq-length 16 --batch-size 4 --threads 1 ${more} --out ${fresh()}`;
        const hint = await met.warning(train("--steps 20 --lr 1e-7"));
        const advised = [...hint.matchAll(/--\S+ [\d.]+/g)].map(([option]) => option);
        if (advised.length !== 2) throw new Error(hint);
        if ((await works(train(advised.join(" ")))).includes("warning")) throw new Error("it does not help");
      },
    },
    {
      hint: "try * or *",
      async follow(met) {
        // Little text for a large model, and another to validate on.
        writeFileSync("little.txt", madeText(20));
        writeFileSync("unlike.txt", [...madeText(12)].toReversed().join(""));
        const train = (text: string, more: string) =>
          `train text ${text} --val unlike.txt --hidden 32 --seq-length 16 --batch-size 4 --threads 1 --lr 0.02 ` +
          `--eval-every 10 ${more} --out ${fresh()}`;
        const hint = await met.warning(train("little.txt", "--steps 160"));
        const advised = [...hint.matchAll(/--\S+ [\d.]+/g)].map(([option]) => option);
        if (advised.length !== 5 || !hint.endsWith(" or more text")) throw new Error(hint);
        for (const option of advised) {
          await works(train("little.txt", option.startsWith("--epochs") ? option : `--steps 160 ${option}`));
        }
        await works(train("little.txt mybook.txt", "--steps 160"));
      },
    },
  ],
  "data/text-lengths.ts": [
    {
      hint: "give a longer text with --val",
      async follow(met) {
        writeFileSync("one.txt", "s");
        await met.command(trainTo(fresh(), "--val one.txt"));
        await works(trainTo(fresh(), "--val mybook.txt"));
      },
    },
  ],
  "runs/evaluate-run.ts": [
    {
      hint: "name a *, or give the run's folder",
      async follow(met) {
        const checkpoint = "runs/mine/checkpoints/step-2.safetensors";
        await met.command(`eval ${checkpoint}`);
        await works(`eval ${checkpoint} mybook.txt`);
        await works("eval runs/mine");
      },
    },
    {
      hint: "name a longer text",
      async follow(met) {
        writeFileSync("one.txt", "s");
        await met.command("eval runs/mine one.txt");
        await works("eval runs/mine mybook.txt");
      },
    },
  ],
  "runs/inspect-run.ts": [
    {
      hint: "name a file with more text",
      async follow(met) {
        writeFileSync("short.txt", "said");
        await met.command("inspect runs/mine short.txt");
        await works("inspect runs/mine mybook.txt");
      },
    },
  ],
  "runs/open-trained.ts": [
    {
      hint: "train it: npx unrolled train * --resume --out *",
      async follow(met) {
        const folder = copy();
        rmSync(join(folder, "checkpoints"), { recursive: true });
        const command = commandIn(await met.command(`sample ${folder} --length 5`));
        await works(command);
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
    { hint: "*; taking * instead", explains: "which checkpoint is taken, and why not the best" },
    {
      hint: "* has * that the model does not know: **, read as <unk>; ",
      explains: "what becomes of words of a prime; what to do about it is the entry after this one",
    },
    {
      hint: "--skip-unknown leaves unknown words out",
      async follow(met) {
        const out = fresh();
        await works(trainTo(out, "--tokens word"));
        const sample = (prime: string) => `sample ${out} --length 5 --seed 1 --prime ${prime}`;
        await met.command(sample('"said zzzzzz"'));
        const { status, stderr } = await run(`${sample('"said zzzzzz"')} --skip-unknown`);
        if (status !== 0 || stderr !== "") throw new Error(stderr);
      },
    },
  ],
  "runs/resume.ts": [
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
      hint: "give the * that it was trained on, or start a new run from its weights with --from",
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
  "runs/resume.ts (latest)": [
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
    {
      hint: "put them back, or start a new run, in another folder",
      async follow(met) {
        const folder = fresh();
        await works(trainTo(folder, "--eval-every 1"));
        const [path, away] = [join(folder, "checkpoints/step-2.safetensors"), fresh()];
        for (const name of readdirSync(join(folder, "checkpoints"))) {
          if (name !== "step-2.safetensors" && name.endsWith(".safetensors"))
            rmSync(join(folder, "checkpoints", name));
        }
        renameSync(path, away);
        await met.command(resume(folder));
        renameSync(away, path);
        await works(resume(folder));
        await works(trainTo(fresh()));
      },
    },
    {
      hint: "the best checkpoint is lost (*): the next evaluation counts as the best",
      explains: "what the training does; test/tasks/lost-checkpoints.test.ts loses it",
    },
  ],
  "runs/train-task.ts": [
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
  "tasks/text/data.ts": [
    {
      hint: "*: --batch-size is * instead of *, so that there are more updates",
      explains: "what the training does; test/cli/short-text.test.ts has such texts",
    },
    { hint: "; expect pieces of words more than sentences", explains: "what to expect of a short text" },
  ],
};
