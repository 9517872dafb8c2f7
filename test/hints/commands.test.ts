/**
 * Every command line that the program and its pages tell people to type is typed: the examples of --help, the README,
 * the pages of docs/, and what a training says at its end.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeWav, writeNpz } from "../../src/io/index.ts";
import { encodePng } from "../../src/io/png.ts";
import { emptyFolder, ended, fresh, madeText, start } from "../cli/unrolled.ts";
import { run, wordsOf, works } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../..");
const before = process.cwd();

/** Runs that command lines name; each is there again before a line is typed. */
const RUNS = [
  "mine",
  "text-20261123-094500",
  "text-20261124-104118",
  "text-20261127-083705",
  "rnn",
  "lstm",
  "gru",
];

/** Small enough for a test, with the unit 0:17. */
const SMALL = "--hidden 18 --seq-length 8 --batch-size 2 --threads 1 --steps 2";
/** What all other tasks have. */
const SMALL_START = "--batch-size 2 --threads 1 --steps 2";
const SMALL_TASK = `--hidden 8 ${SMALL_START}`;

/** Lines of two labels, and inputs to judge. */
const NAMES = { "Brakk.txt": "brakkut\nkrabb\nbrokk\n", "Loalani.txt": "aloa\nlilea\nnoala\n" };

beforeAll(async () => {
  process.chdir(emptyFolder());
  // All characters that command lines bring, for models of characters.
  const text = `She said "no" (twice). Once. The const x = { a: "b" }; // c\n${madeText(60)}`;
  for (const name of [
    "mybook.txt",
    "another-book.txt",
    "chapter.txt",
    "README.md",
    "input.txt",
    "all-reviews.txt",
  ]) {
    writeFileSync(name, text);
  }
  for (const folder of ["notes", "mail"]) {
    mkdirSync(folder);
    writeFileSync(join(folder, "a.txt"), text);
  }
  for (const folder of ["names", "other-names"]) {
    mkdirSync(folder);
    for (const [name, lines] of Object.entries(NAMES)) writeFileSync(join(folder, name), lines);
  }
  writeFileSync("names.txt", "Nakamura\nBrakkut\n");
  writeClassifyData();
  writeSeries();
  writeFileSync("table.csv", "1,2,3\n2,3,4\n3,4,5\n4,5,6\n5,6,7\n6,7,8\n7,8,9\n8,9,10\n9,10,11\n10,11,12\n");
  const frames = Array.from({ length: 24 }, (_, at) => `s${at >> 1},${"ab"[at % 2]},${at}`);
  writePictures();
  writeFileSync("frames.csv", `sequence,label,x\n${frames.join("\n")}\n`);
  cpSync(join(ROOT, "examples"), "examples", { recursive: true });
  await works(`train classify names ${SMALL_TASK} --out original-classifier`);
  await works(`train caption captions.json pictures --size 16 ${SMALL_TASK} --out runs/words`);
  await works(`train text mybook.txt ${SMALL} --out original`);
});
afterAll(() => process.chdir(before));

/** Pictures with captions that docs/caption.md names. */
function writePictures(): void {
  mkdirSync("pictures");
  const files = Array.from({ length: 10 }, (_, index) => {
    const data = new Uint8Array(20 * 16 * 3).map((_, at) => (at * (index + 3)) % 256);
    const picture = encodePng({ width: 20, height: 16, channels: 3, data });
    writeFileSync(join("pictures", `${index}.png`), picture);
    writeFileSync("photo.png", picture);
    return { file: `${index}.png`, captions: [`a picture of ${index % 3} dogs`, "a picture"] };
  });
  writeFileSync("captions.json", JSON.stringify(files));
  const rows = files.flatMap(({ file, captions }) => captions.map((caption) => `${file},${caption}`));
  writeFileSync("captions.csv", `image,caption\n${rows.join("\n")}\n`);
  const arrays = new Map<string, { shape: number[]; values: Float32Array | string[] }>([
    ["features", { shape: [10, 4, 5], values: Float32Array.from({ length: 200 }, (_, at) => (at * 7) % 11) }],
    ["names", { shape: [10], values: files.map(({ file }) => file) }],
  ]);
  writeFileSync("features.npz", writeNpz(arrays));
}

/** Series that docs/forecast.md names. */
function writeSeries(): void {
  const months = Array.from({ length: 60 }, (_, t) => {
    return `${2020 + Math.floor(t / 12)}-${String((t % 12) + 1).padStart(2, "0")}`;
  });
  const value = (t: number) => 20 + t + 5 * ((t * 7) % 12);
  writeFileSync("sales.csv", `month,sales\n${months.map((month, t) => `${month},${value(t)}`).join("\n")}\n`);
  const rows = ["north", "south"].flatMap((shop) =>
    // Of the last months only the holidays are known.
    months.map((month, t) => `${month},${shop},${t < 48 ? value(t) : ""},${t % 5 === 0 ? 1 : 0}`),
  );
  writeFileSync("shops.csv", `month,shop,sales,holiday\n${rows.join("\n")}\n`);
}

/** Data of every kind that docs/classify.md names, of two labels. */
function writeClassifyData(): void {
  const rows = Array.from({ length: 10 }, (_, i) => ({
    text: `word${i % 3} and ${i}`,
    label: i % 2 === 0 ? "a" : "b",
  }));
  writeFileSync(
    "reviews.csv",
    `text,label\n${rows.map(({ text, label }) => `${text},${label}`).join("\n")}\n`,
  );
  writeFileSync(
    "phrases.tsv",
    `phrase\tkind\n${rows.map(({ text, label }) => `${text}\t${label}`).join("\n")}\n`,
  );
  writeFileSync("reviews.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  writeFileSync("vectors.txt", "and 1 2\nword0 3 4\nword1 5 6\nword2 7 8\n");
  writeFileSync(
    "flowers.csv",
    `width,height,label\n${rows.map(({ label }, i) => `${i},${-i},${label}`).join("\n")}\n`,
  );
  const steps = rows.map(({ label }, i) => `s${i},1,${label}\ns${i},${i},${label}`);
  writeFileSync("steps.csv", `sequence,height,label\n${steps.join("\n")}\n`);
  const values = Float32Array.from({ length: 40 }, (_, i) => i);
  const y = Int32Array.from(rows, (_, i) => i % 2);
  const arrays = new Map([
    ["x", { shape: [10, 2, 2], dtype: "float32", values }],
    ["y", { shape: [10], dtype: "int32", values: y }],
  ]);
  writeFileSync("vowels.npz", writeNpz(arrays));
  for (const [i, { label }] of rows.entries()) {
    const samples = Float32Array.from({ length: 400 }, (_, t) => Math.sin(t * (i + 1)) / 2);
    const recording = encodeWav(samples, { sampleRate: 8000 });
    for (const folder of ["digits", "recordings"]) {
      mkdirSync(join(folder, label), { recursive: true });
      writeFileSync(join(folder, label, `${i}.wav`), recording);
    }
    writeFileSync("new.wav", recording);
  }
}

/** It takes no arguments and half a minute, and test/cli/gradcheck.test.ts types it. */
const GRADCHECK = "npx unrolled gradcheck";

/** Command lines of this program in code blocks and code spans; what stands behind two spaces explains them. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const lines = blocks.flatMap((block) => block.split("\n"));
  const inBlocks = lines.map((line) => /^(?:next)? *(npx unrolled .*)$/.exec(line)?.[1]);
  const inSpans = [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`(npx unrolled [^`]+)`/g)];
  const all = [...inBlocks, ...inSpans.map(([, command]) => command.replaceAll("\n", " "))];
  return all
    .filter((command) => command !== undefined)
    .map((command) => command.split(/ {2,}/)[0])
    .filter((command) => command !== GRADCHECK);
}

/** The examples at the end of a command's help. */
async function examplesOf(command: string): Promise<string[]> {
  const help = await works(`${command} --help`);
  const [, examples] = /\nExamples:\n((?: {2}.*\n?)+)/.exec(help) ?? [];
  return (examples ?? "").split("\n").flatMap((line) => {
    const text = line.trim().split(/ {2,}/)[0];
    return text === "" ? [] : [text];
  });
}

/** What makes a command line short, where it would train or write for long. */
function shortened(command: string): string {
  const typed = command
    .replace(/ > \S+$/, "")
    .replaceAll("runs/text-...", `runs/${RUNS[1]}`)
    .replaceAll("runs/classify-...", "runs/languages");
  const words = wordsOf(typed.replace(/^(npx )?unrolled /, ""));
  if (words[0] === "train") {
    // The size of a model that starts from another one is that one's.
    const small = words.includes("--from") ? SMALL_START : words[1] === "text" ? SMALL : SMALL_TASK;
    // The lines after it name the run.
    const out = words[words.indexOf("--out") + 1];
    const isNamed = words.includes("--out") && !RUNS.some((name) => out === `runs/${name}`);
    if (isNamed) rmSync(out, { recursive: true, force: true });
    return `${typed} ${words.includes("--resume") ? "" : `${small} ${isNamed ? "" : `--out ${fresh()}`}`}`;
  }
  if (words[0] === "check") return `${typed} --hidden 4 --batch-size 2 --max-seconds 1`;
  if (words[0] === "sample") return `${typed} --length 5`;
  if (words[1] === "min-char-rnn") return words.includes("--check") ? typed : `${typed} --iterations 1`;
  if (words.includes("--delete")) return `${typed.replace("text-...", RUNS[1])} --yes`;
  return typed;
}

async function type(command: string): Promise<void> {
  for (const name of RUNS) {
    if (!existsSync(join("runs", name))) cpSync("original", join("runs", name), { recursive: true });
  }
  // The same names stand for classifiers where a line lets one judge.
  const judges = /unrolled predict runs\/mine |runs\/(languages|classify-)/.test(command);
  for (const name of judges ? ["mine", "languages"] : []) {
    rmSync(join("runs", name), { recursive: true, force: true });
    cpSync("original-classifier", join("runs", name), { recursive: true });
  }
  const withoutPipe = command.replace(/^cat \S+ \| /, "");
  if (withoutPipe === command) {
    // Checks of data for tests find something.
    if (/^(npx )?unrolled check /.test(command))
      expect((await run(shortened(command))).status).toBeLessThan(2);
    else await works(shortened(command));
    if (judges) for (const name of ["mine", "languages"]) rmSync(join("runs", name), { recursive: true });
    return;
  }
  const stdin = Object.getOwnPropertyDescriptor(process, "stdin")!;
  Object.defineProperty(process, "stdin", {
    ...stdin,
    get: () => Readable.from([readFileSync(judges ? "names.txt" : "README.md")]),
  });
  try {
    await works(shortened(withoutPipe));
  } finally {
    Object.defineProperty(process, "stdin", stdin);
    if (judges) for (const name of ["mine", "languages"]) rmSync(join("runs", name), { recursive: true });
  }
}

describe("the examples of --help", () => {
  test.each([
    "",
    "train",
    "train text",
    "train classify",
    "train forecast",
    "check",
    "check text",
    "train tag",
    "train caption",
    "predict",
    "sample",
    "eval",
    "inspect",
    "runs",
    "demo",
    "demo hello",
    "demo min-char-rnn",
  ])("of unrolled %s can be typed", async (command) => {
    const examples = await examplesOf(command);
    expect(examples.length).toBeGreaterThan(0);
    // As they are typed in a clone and where the package is installed.
    for (const example of examples) expect(example).toMatch(/^(cat \S+ \| )?npx unrolled /);
    for (const example of examples) await type(example);
  });
});

describe("the command lines of", () => {
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => join("docs", name))];
  const withCommands = pages
    .filter((name) => name.endsWith(".md"))
    .map((name) => [name, commandsIn(readFileSync(join(ROOT, name), "utf8"))] as const)
    .filter(([, commands]) => commands.length > 0);

  test.each(withCommands)("%s can be typed", async (_, commands) => {
    for (const command of new Set(commands)) await type(command);
  });

  test("README.md are found, in its blocks and its sentences", () => {
    const commands = commandsIn(readFileSync(join(ROOT, "README.md"), "utf8"));
    expect(commands).toContain("npx unrolled train text --resume");
    expect(commands).toContain("npx unrolled demo hello");
    expect(commands.length).toBeGreaterThan(9);
  });
});

describe("what a training says to type next", () => {
  const nextIn = (text: string) =>
    [...text.matchAll(/^(?:next {5}| {9})(npx unrolled .*)$/gm)].map(([, line]) => line);
  const FAST = "--hidden 4 --seq-length 8 --batch-size 8 --threads 1";
  const train = (more: string) => run(`train text mybook.txt ${FAST} --out ${fresh()} ${more}`);

  const learning = "--val unlike.txt --hidden 32 --lr 0.02 --eval-every 10";

  test.each([
    ["at its last step", "--steps 3"],
    ["at its last pass", "--epochs 1"],
    ["when its time is over", "--max-seconds 0.3"],
    ["when its patience is over", `${learning} --steps 400 --patience 2`],
    ["with words", "--steps 3 --tokens word"],
    ["in a folder whose name needs quotes", `--steps 3 --out "it's mine"`],
    ["with a warning", `${learning} --steps 160`],
  ])("%s works, and resuming goes on", async (case_, more) => {
    writeFileSync("unlike.txt", [...madeText(12)].toReversed().join(""));
    const { stdout, status } = await train(more);
    expect(status).toBe(0);
    // The page that the line before them names.
    expect(readFileSync(/^report {3}(.*)$/m.exec(stdout)![1], "utf8")).toContain("</html>");
    const next = nextIn(stdout);
    const hasWarning = case_ === "with a warning";
    expect(/^warning /m.test(stdout)).toBe(hasWarning);
    expect(next.map((line) => wordsOf(line)[2])).toEqual([
      "sample",
      "eval",
      ...(hasWarning ? [] : ["train"]),
    ]);
    const lastStep = (text: string) => Number(/^done +step ([\d,]+)/m.exec(text)![1].replaceAll(",", ""));
    for (const line of next) {
      const out = await works(line.includes("sample") ? `${line} --length 5` : line);
      if (line.includes("--resume")) expect(lastStep(out)).toBeGreaterThan(lastStep(stdout));
    }
  });

  test("after Ctrl-C works, and resuming goes on", async () => {
    const training = start(
      ["train", "text", resolve("mybook.txt"), ...wordsOf(FAST), "--max-seconds", "60", "--eval-every", "5"],
      { cwd: process.cwd() },
    );
    training.stdout.on("data", (piece) => /^step /m.test(String(piece)) && training.kill("SIGINT"));
    const { stdout, status } = await ended(training);
    expect(status).toBe(130);
    const next = nextIn(stdout);
    expect(next.map((line) => wordsOf(line)[2])).toEqual(["train", "sample"]);
    expect(await works(`${next[0]} --max-seconds 0.3`)).toMatch(/^done +step /m);
    await works(`${next[1]} --length 5`);
  });
});
