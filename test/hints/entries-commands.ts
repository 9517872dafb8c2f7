/** Advice about command lines: wrong names, and what else the program says of how it is called. */

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { reportError } from "../../src/cli/output.ts";
import { checkThreads } from "../../src/runs/training-options.ts";
import { pickSearch } from "../../src/tasks/search-options.ts";
import { emptyFolder, fresh } from "../cli/unrolled.ts";
import { commandIn, type Entries, type Met, proposedIn, SHORT, works } from "./harness.ts";

/** A wrong word in a command line, which is typed again with the word that is proposed. */
const corrected = (wrong: string, word: string) => async (met: Met) => {
  await works(wrong.replace(word, proposedIn(await met.command(wrong))));
};

const train = (more: string) => `train text mybook.txt ${SHORT} --out ${fresh()} ${more}`;

async function inFolder<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await work();
  } finally {
    process.chdir(before);
  }
}

export const COMMANDS: Entries = {
  "tasks/search-options.ts": [
    {
      hint: "leave * out",
      async follow(met) {
        await met.command("eval runs/mine --beam 3");
        await works("eval runs/mine");
      },
    },
    {
      hint: "give --beam * or more",
      async follow(met) {
        const writer = { name: "writer", searches: true };
        const hint = await met.code(() => pickSearch(writer, { best: 9 }));
        pickSearch(writer, { best: 9, beam: Number(/\d+/.exec(hint)![0]) });
      },
    },
  ],
  "cli/demo-min-char-rnn.ts": [
    {
      hint: "it compares gradients on the reference backend, and trains nothing",
      explains: "why the option that the message names does not go together with --check",
    },
  ],
  "cli/demo.ts": [
    {
      hint: "the demos are: *",
      async follow(met) {
        const names = (await met.command("demo")).replace("the demos are: ", "").split(", ");
        for (const name of names)
          await works(`demo ${name} ${name === "hello" ? "" : "--iterations 1"} --json`);
      },
    },
    { hint: "did you mean *?", follow: corrected("demo helo --json", "helo") },
  ],
  "cli/output.ts": [
    {
      hint: "free some space there, or redirect the output",
      elsewhere: ["cli/interrupt.test.ts", "fails a training with status 1, after saving"],
    },
  ],
  "cli/path-hint.ts": [
    {
      hint: "that is a run: npx unrolled sample *",
      async follow(met) {
        await works(`${commandIn(await met.command("train runs/mine"))} --length 5`);
      },
    },
    {
      hint: "to train on that text: npx unrolled train text *",
      async follow(met) {
        const command = commandIn(await met.command("train mybook.txt --hidden 4"));
        await works(`${command} ${SHORT} --out ${fresh()}`);
      },
    },
  ],
  "cli/program.ts": [
    {
      hint: "the commands are: *",
      async follow(met) {
        const names = (await met.command("zzzzzz")).replace("the commands are: ", "").split(", ");
        for (const name of names) await works(`${name} --help`);
      },
    },
    { hint: "did you mean *?", follow: corrected("smaple runs/mine --length 5", "smaple") },
  ],
  "cli/report.ts": [
    {
      hint: "this is a bug in unrolled; UNROLLED_DEBUG=1 in the environment shows where it happened",
      follow(met) {
        const told = () => {
          const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
          reportError(new TypeError("nobody foresaw me"), []);
          const text = written.mock.calls.map(([line]) => String(line)).join("");
          written.mockRestore();
          return text;
        };
        vi.stubEnv("UNROLLED_DEBUG", "1");
        const withTrace = told();
        if (!/\n +at .*entries-commands/.test(withTrace)) throw new Error(withTrace);
        vi.stubEnv("UNROLLED_DEBUG", undefined);
        return met.text(told());
      },
    },
    {
      hint: "npx unrolled* --help lists what there is",
      async follow(met) {
        await met.command("sample");
        await works("sample --help");
      },
    },
    { hint: "did you mean *?", follow: corrected(train("--lrr 0.1"), "--lrr") },
  ],
  "cli/run-report.ts": [
    {
      hint: "there is no report: *",
      elsewhere: [
        "cli/run-report.test.ts",
        "that cannot be written is told in one line, and the run is whole",
      ],
    },
  ],
  "cli/runs-delete.ts": [
    {
      hint: "npx unrolled runs lists them",
      async follow(met) {
        await met.command("runs --delete");
        await works("npx unrolled runs");
      },
    },
    {
      hint: "--yes deletes without asking",
      async follow(met) {
        const out = fresh();
        await works(`train text mybook.txt ${SHORT} --out ${out}`);
        await met.command(`runs --delete ${out}`);
        await works(`runs --delete ${out} --yes`);
      },
    },
    { hint: "nothing was deleted", explains: "what has become of the question that was answered by no" },
    {
      hint: "kept in *, since it is no part of a run: *",
      explains: "what stays; test/cli/runs-delete.test.ts looks at it",
    },
  ],
  "cli/runs.ts": [
    {
      hint: "it answers the question of --delete",
      async follow(met) {
        const out = fresh();
        await works(`train text mybook.txt ${SHORT} --out ${out}`);
        await met.command(`runs ${out} --yes`);
        await works(`runs ${out} --yes --delete`);
      },
    },
    {
      hint: "there are no runs in */ yet: npx unrolled train text makes one",
      async follow(met) {
        await inFolder(emptyFolder(), async () => {
          await met.command("runs");
          await works(`npx unrolled train text ${SHORT}`);
          if (!(await works("runs")).includes("text-")) throw new Error("there still are none");
        });
      },
    },
  ],
  "cli/sample.ts": [
    {
      hint: "--seed * writes this again",
      async follow(met) {
        const { isTTY } = process.stdout;
        process.stdout.isTTY = true;
        try {
          const seed = /--seed \d+/.exec(await met.command("sample runs/mine --length 40"))![0];
          const again = `sample runs/mine --length 40 ${seed}`;
          const [first, second] = [await works(again), await works(again)];
          if (first !== second) throw new Error("another text");
        } finally {
          process.stdout.isTTY = isTTY;
        }
      },
    },
  ],
  "cli/train (ending)": [
    { hint: "stopped at once; the last checkpoint is unchanged", explains: "what has become of the work" },
    {
      hint: "stopping after this step and saving; Ctrl-C again exits at once",
      elsewhere: ["cli/interrupt.test.ts", "Ctrl-C twice leaves at once with 130"],
    },
    { hint: "the output was closed: *", explains: "what has become of the work" },
    {
      hint: "the run had already reached its limit; a higher --* continues it",
      async follow(met) {
        const out = fresh();
        await works(`train text mybook.txt ${SHORT} --out ${out}`);
        const resume = `train text --resume --out ${out}`;
        const flag = /--\w+/.exec(await met.command(`${resume} --steps 2`))![0];
        if (!/step 3/.test(await works(`${resume} ${flag} 3`))) throw new Error("it has not gone on");
      },
    },
  ],
  "cli/train.ts": [
    {
      hint: "npx unrolled * text [DATA...]",
      async follow(met) {
        await met.command("check");
        const hint = await met.command("train");
        await works(`${hint.replace("[DATA...]", "mybook.txt")} ${SHORT} --out ${fresh()}`);
      },
    },
    { hint: "did you mean *?", follow: corrected(train("").replace("text", "txet"), "txet") },
    {
      hint: "the tasks are: *",
      async follow(met) {
        const names = (await met.command("train zzzzzz")).replace("the tasks are: ", "").split(", ");
        expect(names).toContain("text");
        await works(train(""));
        await works(`train classify --hidden 4 --steps 2 --threads 1 --out ${fresh()}`);
      },
    },
  ],
  "cli/values.ts": [
    { hint: "did you mean *?", follow: corrected(train("--optimizer adm"), "adm") },
    {
      hint: "a cell of your own: --cell ./my-cell.ts",
      async follow(met) {
        const flag = /--\S+ \S+$/.exec(await met.command(train("--cell zzzzzz")))![0];
        copyFileSync(join(import.meta.dirname, "../../examples/my-cell.ts"), "my-cell.ts");
        await works(train(flag));
      },
    },
    { hint: "did you mean *?", follow: corrected(train("--cell lsmt"), "lsmt") },
  ],
  "demos/hello/demo.ts": [
    {
      hint: "try another --seed",
      explains:
        "no seed of thousands leads there, so it cannot be provoked; test/tasks/hello.test.ts tries 20 seeds",
    },
  ],
  "demos/min-char-rnn/demo.ts": [
    {
      hint: "0 goes on until Ctrl-C",
      async follow(met) {
        await met.command("demo min-char-rnn mybook.txt --iterations -1");
        const { minCharDemo } = await import("../../src/demos/min-char-rnn/demo.ts");
        const stop = new AbortController();
        const hooks = { onProgress() {}, onNote() {}, signal: stop.signal };
        let iterations = 0;
        for await (const { event } of minCharDemo("mybook.txt", { iterations: 0 }, hooks)) {
          if (event === "step" && ++iterations === 3) stop.abort();
        }
        if (iterations < 3) throw new Error("it has ended by itself");
      },
    },
  ],
  "runs/training-options.ts": [
    {
      hint: "of characters there are as many as the text has",
      async follow(met) {
        await met.command(train("--vocab-size 50"));
        await works(train("--tokens word --vocab-size 50"));
      },
    },
    {
      hint: "--val names a file to validate on, --val-split keeps a part of the * for it",
      async follow(met) {
        await met.command(train("--val mybook.txt --val-split 0.2"));
        await works(train("--val mybook.txt"));
        await works(train("--val-split 0.2"));
      },
    },
    {
      hint: "--from brings the values to start from",
      async follow(met) {
        await met.command(train("--from runs/mine --init-uniform 0.1"));
        await works(train("--from runs/mine"));
      },
    },
    {
      hint: "say what the learning rate is multiplied by after each pass",
      async follow(met) {
        await met.command(train("--lr-decay-after 1"));
        await works(train("--lr-decay-after 1 --lr-decay 0.5"));
      },
    },
    {
      hint: "a cell of your own: --cell ./my-cell.ts",
      async follow(met) {
        const hint = await met.command(`train classify --cell zzzzzz --out ${fresh()}`);
        copyFileSync(join(import.meta.dirname, "../../examples/my-cell.ts"), "my-cell.ts");
        const flag = /--cell \S+$/.exec(hint)![0];
        await works(`train classify ${flag} --hidden 4 --steps 2 --threads 1 --out ${fresh()}`);
      },
    },
  ],
  "runs/training-options.ts (sizes)": [
    {
      hint: "use --threads * or less, or a larger --batch-size",
      async follow(met) {
        const hint = await met.command(train("--batch-size 1 --threads 2"));
        await works(train(`--batch-size 1 ${/--threads \d+/.exec(hint)![0]}`));
        checkThreads(2, 2);
      },
    },
    {
      hint: "make the model, the batch or the sequences smaller",
      async follow(met) {
        for (const option of ["--hidden 1e9", "--batch-size 1e9", "--seq-length 1e9"]) {
          await met.command(train(option));
        }
        await works(train(""));
      },
    },
  ],
};
