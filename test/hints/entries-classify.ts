/** Advice about labelled data, and what a classifier starts from and judges. */
import { writeFileSync } from "node:fs";
import { readLabelled } from "../../src/data/labelled-source.ts";
import { type MemoryFile, memorySource } from "../../src/data/memory-source.ts";
import { readSequences } from "../../src/data/number-files.ts";
import { encodeWav, type NpyArray, writeNpy, writeNpz } from "../../src/io/index.ts";
import { openRun } from "../../src/runs/index.ts";
import { TASKS, trainInMemory } from "../../src/tasks/index.ts";
import { fresh } from "../cli/unrolled.ts";
import { type Entries, type Entry, works } from "./harness.ts";

/** The first call gives the advice, the second one is what it says. */
const tried = (hint: string, wrong: () => unknown, right: () => unknown): Entry => ({
  hint,
  async follow(met) {
    await met.code(wrong);
    await right();
  },
});

const hooks = { onProgress() {}, onNote() {} };
const read = (
  files: Readonly<Record<string, string | Uint8Array>>,
  textColumn?: string,
  labelColumn = "label",
) =>
  readLabelled(
    memorySource(Object.entries(files).map(([name, content]): MemoryFile => ({ name, content }))),
    { textColumn, labelColumn, maxLength: 100, leastLabels: 2 },
    hooks,
  );
const sequences = async (name: string, content: string | Uint8Array) => {
  const [file] = await memorySource([{ name, content }]).listFiles(hooks);
  return readSequences(file, { labelColumn: "label", format: undefined });
};

const TEXTS = "text,label\na b,x\nc d,y\ne f,x\ng h,y\ni j,x\nk l,y\n";
const NUMBERS = "u,v,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n9,1,x\n2,3,y\n";
const STEPS = "sequence,u,label\na,1,x\na,2,x\nb,3,y\nc,1,x\nd,2,y\ne,3,x\n";
const wav = encodeWav(new Float32Array(80).fill(0.5), { sampleRate: 8000 });
const npz = (arrays: Record<string, NpyArray>) => writeNpz(new Map(Object.entries(arrays)));
const x: NpyArray = { shape: [2, 1], dtype: "float32", values: Float32Array.of(1, 2) };
const y: NpyArray = { shape: [2], dtype: "int32", values: Int32Array.of(0, 1) };

/** A file with such a content. */
function write(name: string, content: string): string {
  const path = fresh(name);
  const file = `${path}.${name.split(".").at(-1)}`;
  writeFileSync(file, content);
  return file;
}

const classify = (data: string, more = "", out = fresh()) =>
  `train classify ${data} --hidden 4 --batch-size 2 --threads 1 --steps 1 --val-split 0.4 --out ${out} ${more}`;

async function trained(data: string, more = ""): Promise<string> {
  const out = fresh("classifier");
  await works(classify(data, more, out));
  return out;
}

export const CLASSIFY: Entries = {
  "texts with labels": [
    tried(
      "give items of another label too",
      () => read({ "a.csv": "text,label\na,x\nb,x\n" }),
      () => read({ "a.csv": TEXTS }),
    ),
  ],
  "data/labelled-source.ts": [
    { hint: "* empty texts were left out", explains: "what of the data is not trained on" },
    {
      hint: "* texts were cut to * characters (--max-length)",
      explains: "that the ends are not seen, and what decides it",
    },
    {
      hint: "* recordings of other rates were brought to * samples per second",
      explains: "that recordings of a data set have one rate for a model",
    },
    {
      hint: "* stands in no label's folder: files like it were left out",
      explains: "why a file beside the folders of labels is no item",
    },
    tried(
      "name files of one kind, or a folder that holds nothing else",
      () => read({ "a.csv": TEXTS, "b.txt": "a\n" }),
      () => read({ "a.csv": TEXTS, "b.csv": TEXTS }),
    ),
    tried(
      "make a folder for each label, put its files there, and name the folder that holds them",
      () => read({ "a.wav": wav }),
      () => read({ "one/a.wav": wav, "two/b.wav": wav }),
    ),
    tried(
      "add an array y with one label per sequence",
      () => read({ "a.npz": npz({ x }) }),
      () => read({ "a.npz": npz({ x, y }) }),
    ),
    tried(
      "name the column of the texts: --text-column *",
      () => read({ "a.csv": TEXTS.replace("text", "phrase") }),
      () => read({ "a.csv": TEXTS.replace("text", "phrase") }, "phrase"),
    ),
    tried(
      "name the column of the labels, --label-column *, or that of the texts with --text-column",
      () => read({ "a.csv": NUMBERS.replace("label", "kind") }),
      () => read({ "a.csv": NUMBERS.replace("label", "kind") }, undefined, "kind"),
    ),
    tried(
      "name the columns of the texts and of their labels: --text-column * --label-column *",
      () => read({ "a.csv": TEXTS.replace("text,label", "Text,Label") }),
      () => read({ "a.csv": TEXTS.replace("text,label", "Text,Label") }, "Text", "Label"),
    ),
    tried(
      "name the column of the labels: --label-column NAME",
      () => read({ "a.csv": TEXTS.replace("label", "kind") }),
      () => read({ "a.csv": TEXTS.replace("label", "kind") }, undefined, "kind"),
    ),
    tried(
      "give each text a label, or leave it out",
      () => read({ "a.csv": `${TEXTS}m,\n` }),
      () => read({ "a.csv": `${TEXTS}m,x\n` }),
    ),
  ],
  "data/labelled-numbers.ts": [
    tried(
      "give files with the same columns in the same order",
      () => read({ "a.csv": NUMBERS, "b.csv": NUMBERS.replace("u,v", "v,u") }),
      () => read({ "a.csv": NUMBERS, "b.csv": NUMBERS }),
    ),
  ],
  "data/number-files.ts": [
    tried(
      "give a table (.csv, .tsv), an array (.npy, .npz) or a recording (.wav)",
      () => sequences("a.jsonl", "{}"),
      () => sequences("a.csv", NUMBERS),
    ),
    tried(
      "save one sequence in each npy file, or all of them in one npz file",
      () =>
        sequences("a.npy", writeNpy({ shape: [1, 1, 2], dtype: "float32", values: Float32Array.of(1, 2) })),
      () => sequences("a.npy", writeNpy(x)),
    ),
  ],
  "inputs of classify": [
    {
      hint: "* * cut to * * (--max-length)",
      explains: "that the ends are not seen, and what decides it",
    },
    {
      hint: "the data has * more *, which start as the model's unknown word",
      explains: "how many words the language model does not bring, and what their vectors are",
    },
    {
      hint: "of longer sequences the first * steps are read",
      explains: "that the model was trained on no more",
    },
    {
      hint: "only one item has the label **: it is trained on and never validated",
      explains: "why the scores say nothing of such a label",
    },
    {
      hint: "--set makes data where none is named",
      async follow(met) {
        const data = write("a.csv", TEXTS);
        await met.command(classify(data, "--set names"));
        await works(classify(data));
        await works(classify("", "--set names"));
      },
    },
    {
      hint: "name data as the model was trained on",
      async follow(met) {
        const [texts, numbers] = [write("a.csv", TEXTS), write("b.csv", NUMBERS)];
        const run = await trained(texts);
        await met.command(`eval ${run} ${numbers}`);
        await works(`eval ${run} ${texts}`);
      },
    },
    {
      hint: "give --val data as it is trained on",
      async follow(met) {
        const [texts, numbers] = [write("a.csv", TEXTS), write("b.csv", NUMBERS)];
        const line = (val: string) => classify(texts, `--val ${val}`).replace("--val-split 0.4", "");
        await met.command(line(numbers));
        await works(line(texts));
      },
    },
    {
      hint: "leave it out",
      async follow(met) {
        const numbers = write("b.csv", NUMBERS);
        await met.command(classify(numbers, "--tokens word"));
        await works(classify(numbers));
      },
    },
    {
      hint: "leave it out with --cell *",
      async follow(met) {
        const texts = write("a.csv", TEXTS);
        await met.command(classify(texts, "--cell conv --bidirectional"));
        await works(classify(texts, "--cell conv"));
      },
    },
    {
      hint: "they are the steps that its filters look at",
      async follow(met) {
        const texts = write("a.csv", TEXTS);
        await met.command(classify(texts, "--widths 2,3"));
        await works(classify(texts, "--widths 2,3 --cell conv"));
      },
    },
    {
      hint: "with commas between: --widths 2,3,5",
      async follow(met) {
        const texts = write("a.csv", TEXTS);
        const hint = await met.command(classify(texts, "--cell conv --widths 2;3"));
        await works(classify(texts, `--cell conv ${hint.replace("with commas between: ", "")}`));
      },
    },
    {
      hint: "--tokens is word instead of char, which fits this data better: an item has * words on average",
      async follow(met) {
        const line = (n: number) => `a rather ${n % 3 === 0 ? "slow" : "quick"} film`;
        const rows = Array.from(
          { length: 12 },
          (_, n) => `${line(n)} number ${n},${n % 2 === 0 ? "up" : "down"}`,
        );
        const sentences = write("sentences.csv", `text,label\n${rows.join("\n")}\n`);
        await met.command(classify(sentences));
        await works(classify(sentences, "--tokens word"));
      },
    },
    {
      hint: "leave --tokens out",
      async follow(met) {
        const [texts, vectors] = [write("a.csv", TEXTS), write("v.txt", "a 1 2\nc 3 4\ne 5 6\n")];
        await met.command(classify(texts, `--embeddings ${vectors} --tokens char`));
        await works(classify(texts, `--embeddings ${vectors}`));
      },
    },
    {
      hint: "leave --embedding out",
      async follow(met) {
        const [texts, vectors] = [
          write("a.csv", TEXTS),
          write("v.txt", "a 1 2\nc 3 4\ne 5 6\ng 7 8\ni 9 9\n"),
        ];
        await met.command(classify(texts, `--embeddings ${vectors} --embedding 3`));
        await works(classify(texts, `--embeddings ${vectors}`));
      },
    },
    {
      hint: "name vectors of the language of the texts; words are looked for in lower case",
      async follow(met) {
        const texts = write("a.csv", TEXTS);
        await met.command(classify(texts, `--embeddings ${write("v.txt", "A 1 2\n")}`));
        await works(classify(texts, `--embeddings ${write("v.txt", "a 1 2\nc 3 4\ne 5 6\ng 7 8\ni 9 9\n")}`));
      },
    },
    {
      hint: "leave embeddings out",
      async follow(met) {
        const source = memorySource([{ name: "a.csv", content: TEXTS }]);
        const train = async (settings: object) =>
          trainInMemory({ task: await TASKS.classify(), source, settings: { valSplit: 0.4, ...settings } });
        await met.code(() => train({ embeddings: "v.txt" }));
        await train({});
      },
    },
    {
      hint: "--from brings the vectors of its run",
      async follow(met) {
        const texts = write("a.csv", TEXTS);
        const run = await trained(texts, "--tokens word");
        await met.command(classify(texts, `--from ${run} --embeddings v.txt`));
        await works(classify(texts, `--from ${run}`));
      },
    },
    {
      hint: "train the language model with --tokens char or word",
      async follow(met) {
        const [texts, run] = [write("a.csv", TEXTS), fresh("lm")];
        const train = `train text mybook.txt --hidden 4 --seq-length 4 --batch-size 2 --threads 1 --steps 1 --out ${run}`;
        await works(`${train} --tokens bpe --vocab-size 257`);
        await met.command(classify(texts, `--from ${run}`).replace("--hidden 4", ""));
        await works(`${train}-char --tokens char`);
        await works(classify(texts, `--from ${run}-char`).replace("--hidden 4", ""));
      },
    },
    {
      hint: "name a file: a table (.csv), an array (.npy, .npz) or a recording (.wav)",
      async follow(met) {
        const steps = write("s.csv", STEPS);
        const run = await trained(steps);
        await met.command(`predict ${run} --text 1`);
        await works(`predict ${run} ${steps}`);
      },
    },
    {
      hint: "give a number for each of **",
      async follow(met) {
        const run = await openRun(await trained(write("b.csv", NUMBERS)));
        await met.code(() => run.predict([[1]]));
        await run.predict([[1, 2]]);
      },
    },
  ],
};
