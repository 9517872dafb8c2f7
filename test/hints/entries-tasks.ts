/** Advice of classify, of predict, of pictures and of tasks of one's own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fresh } from "../cli/unrolled.ts";
import { type Entries, SHORT, works } from "./harness.ts";

const NAMES: Readonly<Record<string, string>> = {
  "Brakk.txt": "brakkut\nkrabb\nbrokk\ntrukk\n",
  "Loalani.txt": "aloa\nlilea\nnoala\nealo\n",
};

/** A folder with lines of two labels. */
function labelled(files: Readonly<Record<string, string>> = NAMES): string {
  const folder = fresh("labelled");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const classify = (data: string, more = "") =>
  `train classify ${data} --hidden 4 --batch-size 2 --threads 1 --steps 2 --out ${fresh()} ${more}`;

const OWN_TASK = join(import.meta.dirname, "../../examples/own-task");

/** A trained classifier. */
async function classifier(): Promise<string> {
  const out = fresh("classifier");
  await works(`train classify --hidden 4 --threads 1 --steps 2 --out ${out}`);
  return out;
}

export const TASKS: Entries = {
  "tasks/classify": [
    {
      hint: "give more lines, a larger --val-split, or data to validate on with --val",
      async follow(met) {
        const few = labelled({ "a.txt": "x\n", "b.txt": "y\n" });
        await met.command(classify(few));
        await works(classify(few, `--val ${labelled({ "a.txt": "z\n", "b.txt": "w\n" })}`));
        await works(classify(labelled()));
      },
    },
    {
      hint: "its labels are *",
      async follow(met) {
        const run = await classifier();
        const other = labelled({ "Elsewhere.txt": "x\n", "Brakk.txt": "y\n" });
        const [label] = (await met.command(`eval ${run} ${other}`))
          .replace("its labels are ", "")
          .split(", ");
        await works(`eval ${run} ${labelled({ [`${label}.txt`]: "x\n", "Loalani.txt": "y\n" })}`);
      },
    },
    {
      hint: "a cell of your own reads in one direction",
      async follow(met) {
        await met.command(classify("", "--cell ./my-cell.ts --bidirectional"));
      },
    },
    {
      hint: "* lines that their label has already were left out",
      explains: "how many of the lines of the data are counted, and why the others are not",
    },
  ],
  predict: [
    {
      hint: "--text is one input, INPUT names files with one on each line",
      async follow(met) {
        const run = await classifier();
        await met.command(`predict ${run} mybook.txt --text aloa`);
        await works(`predict ${run} --text aloa`);
        await works(`predict ${run} mybook.txt`);
      },
    },
    {
      hint: 'name a file, - for stdin, or give --text "..."',
      async follow(met) {
        const run = await classifier();
        await met.command(`predict ${run}`);
        await works(`predict ${run} mybook.txt`);
        await works(`predict ${run} --text aloa`);
      },
    },
    {
      hint: "name a file: npx unrolled predict * FILE",
      elsewhere: ["tasks/own-task.test.ts", "reads files, and no --text"],
    },
    {
      hint: "this model writes text: npx unrolled sample *",
      async follow(met) {
        const hint = await met.command("predict runs/mine --text a");
        await works(`${hint.replace("this model writes text: ", "")} --length 5`);
      },
    },
    {
      hint: "this model predicts: npx unrolled predict * INPUT",
      async follow(met) {
        const hint = await met.command(`sample ${await classifier()}`);
        await works(hint.replace("this model predicts: ", "").replace("INPUT", "mybook.txt"));
      },
    },
    {
      hint: "convert it to UTF-8 first",
      async follow(met) {
        const run = await classifier();
        writeFileSync("latin1.txt", Buffer.from("caf\u00e9\n", "latin1"));
        await met.command(`predict ${run} latin1.txt`);
        writeFileSync("latin1.txt", "caf\u00e9\n");
        await works(`predict ${run} latin1.txt`);
      },
    },
  ],
  pictures: [
    {
      hint: "name a file that ends in .svg",
      async follow(met) {
        const run = await classifier();
        await met.command(`eval ${run} --picture confusion.png`);
        await works(`eval ${run} --picture confusion.svg`);
      },
    },
    { hint: "picture written to *", explains: "where the picture is that was asked for" },
  ],
  shards: [
    {
      hint: "each thread takes the same number of shards",
      async follow(met) {
        await met.command(`train text mybook.txt ${SHORT} --threads 2 --shards 3 --out ${fresh()}`);
        await works(`train text mybook.txt ${SHORT} --threads 2 --shards 2 --out ${fresh()}`);
      },
    },
    {
      hint: "use --shards * or less, or a larger --batch-size",
      async follow(met) {
        const line = (shards: number, rows: number) =>
          `train text mybook.txt --hidden 4 --seq-length 8 --steps 2 --batch-size ${rows} --shards ${shards} --out ${fresh()}`;
        await met.command(line(8, 4));
        await works(line(4, 4));
        await works(line(8, 8));
      },
    },
  ],
  "tasks of one's own": [
    {
      hint: 'export default { name: "my-task", ... } satisfies Task; docs/own-task.md has one',
      elsewhere: ["tasks/own-task.test.ts", "has to export a task"],
    },
    {
      hint: "give the task another name",
      elsewhere: ["tasks/own-task.test.ts", "is the name of a built-in task"],
    },
    {
      hint: "name a TypeScript or JavaScript file",
      async follow(met) {
        await met.command("train ./missing.ts");
        await works(`train ${OWN_TASK}/model.ts --hidden 4 --threads 1 --steps 1 --out ${fresh()}`);
      },
    },
    {
      hint: "that folder has a task: npx unrolled train *",
      async follow(met) {
        const hint = await met.command(`train ${OWN_TASK}`);
        const command = hint.replace("that folder has a task: ", "");
        await works(`${command} --hidden 4 --threads 1 --steps 1 --out ${fresh()}`);
      },
    },
    { hint: "did you mean *?", elsewhere: ["tasks/own-task.test.ts", "did you mean"] },
    {
      hint: "restore the file, or start a new run from its weights with --from",
      elsewhere: ["tasks/own-task.test.ts", "is not resumed with another file"],
    },
    {
      hint: "leave it out",
      async follow(met) {
        await met.command("eval runs/mine --task ./examples/own-task/model.ts");
        await works("eval runs/mine");
      },
    },
    {
      hint: "name a run of *",
      async follow(met) {
        await met.command(`train tag --from runs/mine --steps 2 --out ${fresh()}`);
        const tagger = fresh();
        await works(`train tag --hidden 4 --steps 2 --threads 1 --out ${tagger}`);
        await works(`train tag --from ${tagger} --steps 2 --threads 1 --out ${fresh()}`);
      },
    },
  ],
  "data/memory-source.ts": [
    {
      hint: "* CRLF line end* became LF",
      explains: "why the text of a page has fewer characters than its file",
    },
  ],
  "sources/paths.ts (files)": [
    {
      hint: "name a folder with data",
      async follow(met) {
        await met.command(classify(labelled({})));
        await works(classify(labelled()));
      },
    },
    {
      hint: "cut it into several files",
      explains: "what to do with a file that is larger than one array can be",
    },
  ],
};
