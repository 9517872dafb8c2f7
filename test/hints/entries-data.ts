/** Advice about texts and files. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import {
  corpusFromText,
  type LabelledLines,
  LabelledLinesBuilder,
  MAX_VOCABULARY,
  TextStreams,
  trigramBaseline,
} from "../../src/data/index.ts";
import { slicesWithPauses } from "../../src/data/tokenize.ts";
import { decodeCheckpoint, readSafetensors, writeSafetensors } from "../../src/io/index.ts";
import { fresh, madeText } from "../cli/unrolled.ts";
import { type Entries, SHORT, works } from "./harness.ts";

const CHECKPOINT = "runs/mine/checkpoints/step-2.safetensors";

/** A training on a file that was made of these bytes. */
const trainOn = (path: string, options = SHORT) => `train text ${path} ${options} --out ${fresh()}`;

function write(path: string, content: string | Uint8Array): string {
  writeFileSync(path, content);
  return path;
}

const copyDamaged = (path: string): string => {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  return write("damaged.safetensors", bytes);
};

/** The lines of files by their labels. */
function labelled(files: Readonly<Record<string, string>>): LabelledLines {
  const builder = new LabelledLinesBuilder();
  for (const [label, text] of Object.entries(files)) {
    builder.begin(label, `${label}.txt`);
    builder.push(new TextEncoder().encode(text));
  }
  return builder.finish();
}

export const DATA: Entries = {
  "data/corpus-builder.ts": [
    {
      hint: "give a text file in UTF-8",
      async follow(met) {
        await met.command(trainOn(write("binary.txt", Uint8Array.of(97, 0, 98))));
        await works(trainOn("mybook.txt"));
      },
    },
    {
      hint: "give a text of at least some thousand characters",
      async follow(met) {
        await met.command(trainOn(write("empty.txt", "")));
        await works(trainOn(write("thousands.txt", madeText(60))));
      },
    },
    {
      hint: "convert it: iconv -f utf-16 -t utf-8",
      async follow(met) {
        const utf16 = Buffer.from(`\ufeff${madeText(30)}`, "utf16le");
        await met.command(trainOn(write("utf-16.txt", utf16)));
        await works(trainOn(write("converted.txt", new TextDecoder("utf-16le").decode(utf16))));
      },
    },
    {
      hint: "convert it to UTF-8 first, for example: iconv -f latin1 -t utf-8",
      async follow(met) {
        const latin1 = Buffer.from(`caf\u00e9 ${madeText(30)}`, "latin1");
        await met.command(trainOn(write("latin1.txt", latin1)));
        await works(trainOn(write("converted.txt", new TextDecoder("latin1").decode(latin1))));
      },
    },
  ],
  "data/labelled-lines.ts": [
    {
      hint: "give a text file for each label, or a table (.csv, .tsv, .jsonl) that has them",
      async follow(met) {
        await met.code(() => labelled({ good: "fine\n" }));
        labelled({ good: "fine\n", bad: "awful\n" });
      },
    },
    {
      hint: "leave the label out, or give it a line that is not empty",
      async follow(met) {
        await met.code(() => labelled({ good: "fine\n", bad: "awful\n", ugly: "" }));
        labelled({ good: "fine\n", bad: "awful\n" });
        labelled({ good: "fine\n", bad: "awful\n", ugly: "grim\n" });
      },
    },
  ],
  "data/ngram.ts": [
    {
      hint: "keep a part of the text for validation",
      async follow(met) {
        const { ids } = corpusFromText("abcabc");
        await met.code(() => trigramBaseline(ids, ids.subarray(0, 0), 3));
        const { train, validation } = corpusFromText("abcabc").split(0.5);
        trigramBaseline(train, validation, 3);
      },
    },
  ],
  "data/text-corpus.ts": [
    {
      hint: "use *a longer text",
      async follow(met) {
        const split = (sequenceLength: number) => corpusFromText("abcabcabca").split(0, { sequenceLength });
        const hint = await met.code(() => split(20));
        split(Number(/sequences of at most (\d+)/.exec(hint)![1]));
        corpusFromText("abc".repeat(100)).split(0, { sequenceLength: 20 });
      },
    },
    {
      hint: "use *a share of 0 for no validation, or a longer text",
      async follow(met) {
        const corpus = corpusFromText("abcabcabca");
        const hint = await met.code(() => corpus.split(0.05));
        corpus.split(Number(/a share of ([\d.]+), /.exec(hint)![1]));
        corpus.split(0);
        corpusFromText("abc".repeat(100)).split(0.05);
      },
    },
  ],
  "data/text-streams.ts": [
    {
      hint: "use *",
      async follow(met) {
        const { ids } = corpusFromText("abc".repeat(20));
        const hint = await met.code(() => new TextStreams(ids, { batchSize: 9, sequenceLength: 8 }));
        const [, batchSize, sequenceLength] = /at most (\d+) streams, or sequences of at most (\d+)/
          .exec(hint)!
          .map(Number);
        new TextStreams(ids, { batchSize, sequenceLength: 8 });
        new TextStreams(ids, { batchSize: 9, sequenceLength });
        const short = ids.subarray(0, 5);
        const both = await met.code(() => new TextStreams(short, { batchSize: 9, sequenceLength: 8 }));
        const [, one, four] = /(\d+) stream with sequences of at most (\d+)/.exec(both)!.map(Number);
        new TextStreams(short, { batchSize: one, sequenceLength: four });
      },
    },
  ],
  "data/tokenize.ts": [
    {
      hint: "read it by characters: --tokens char",
      async follow(met) {
        const { ids, vocabulary } = corpusFromText("abc".repeat(150_000));
        await met.code(() => [...slicesWithPauses(ids, vocabulary, 300_000)]);
        await works(trainOn(write("endless.txt", "abc".repeat(1000)), `${SHORT} --tokens char`));
      },
    },
  ],
  "data/vocabulary.ts": [
    {
      hint: "leave them out, or train on a text that has them",
      async follow(met) {
        const { vocabulary } = corpusFromText("abc");
        await met.code(() => vocabulary.encode("abx"));
        vocabulary.encode("abx", { skipUnknown: true });
        corpusFromText("abcx").vocabulary.encode("abx");
      },
    },
    {
      hint: "a character model needs an alphabet; check that this is text",
      async follow(met) {
        // Without the surrogates, which are no characters.
        const all = Array.from({ length: MAX_VOCABULARY + 1 }, (_, at) => String.fromCodePoint(0x10000 + at));
        await met.code(() => corpusFromText(all.join("")));
        corpusFromText(all.slice(0, 100).join(""));
      },
    },
  ],
  "io/checkpoint.ts": [
    {
      hint: "use the version of Unrolled that wrote it, or a newer one",
      explains: "no other version of the program is at hand here; test/io/checkpoint.test.ts provokes it",
    },
    {
      hint: "this program reads the checkpoints that it wrote, in a run's folder checkpoints/",
      async follow(met) {
        await met.code(() => decodeCheckpoint(writeSafetensors({}, {}), "foreign"));
        await works(`sample ${CHECKPOINT} --length 5`);
      },
    },
    {
      hint: "use an older checkpoint of the run",
      async follow(met) {
        const folder = fresh();
        await works(`train text mybook.txt ${SHORT} --eval-every 1 --out ${folder}`);
        const path = (step: number) => `${folder}/checkpoints/step-${step}.safetensors`;
        copyFileSync(copyDamaged(path(2)), path(2));
        await met.command(`sample ${path(2)} --length 5`);
        await works(`sample ${path(1)} --length 5`);
      },
    },
  ],
  "io/safetensors.ts": [
    {
      hint: "store large texts as U8 tensors instead of metadata",
      async follow(met) {
        const text = "x".repeat(101 * 2 ** 20);
        await met.code(() => writeSafetensors({}, { text }));
        const data = new Uint8Array(text.length);
        writeSafetensors({ text: { dtype: "U8", shape: [data.length], data } }, {});
      },
    },
    {
      hint: "this is probably not a safetensors file",
      async follow(met) {
        await met.code(() => readSafetensors(new TextEncoder().encode("Once upon a time"), "story.txt"));
        readSafetensors(readFileSync(CHECKPOINT), CHECKPOINT);
      },
    },
  ],
  "demos/min-char-rnn/text.ts": [
    {
      hint: "give more text",
      async follow(met) {
        await met.command(`demo min-char-rnn ${write("short.txt", "short")} --iterations 1`);
        await works(`demo min-char-rnn ${write("longer.txt", madeText(3))} --iterations 1`);
      },
    },
  ],
  "sources/text-files.ts": [
    {
      hint: "name a file, a folder, or - for stdin",
      async follow(met) {
        const { readText } = await import("../../src/sources/text-files.ts");
        await met.code(() => readText([]));
        await readText(["mybook.txt"]);
        await readText(["runs"]);
        const stdin = (async function* () {
          yield new TextEncoder().encode("some text");
        })();
        await readText(["-"], { stdin });
      },
    },
    {
      hint: "name files that hold text",
      async follow(met) {
        await met.command(trainOn(`${write("empty-1.txt", "")} ${write("empty-2.txt", "")}`));
        await works(trainOn("mybook.txt empty-1.txt"));
      },
    },
    {
      hint: "name a folder with UTF-8 text files",
      async follow(met) {
        const { mkdirSync } = await import("node:fs");
        mkdirSync("folder", { recursive: true });
        await met.command(trainOn("folder"));
        write("folder/text.txt", madeText(30));
        await works(trainOn("folder"));
      },
    },
    {
      hint: "check the path",
      async follow(met) {
        await met.command(trainOn("mybok.txt"));
        await works(trainOn("mybook.txt"));
      },
    },
    {
      hint: "allow reading it (chmod u+r), or leave it out",
      // Who is root may read everything.
      elsewhere: ["tasks/source.test.ts", "says that permission is denied"],
    },
  ],
};
