/** Texts on films from the files of ../shared/data, and a language model of them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { LabelledText } from "../../src/data/index.ts";
import { splitWords } from "../../src/data/line-words.ts";
import { trainText } from "./_text-task.ts";

/** A file as text; `.gz` is unpacked. */
export function readFile(path: string): string {
  const bytes = readFileSync(path);
  return new TextDecoder().decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

export interface Review extends LabelledText {
  /** 1 to 10. */
  readonly fold: number;
}

/** The reviews of review-polarity, one JSON object a line. */
export function readReviews(path: string): Review[] {
  return readFile(path)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { label, fold, text } = JSON.parse(line) as { label: 0 | 1; fold: number; text: string };
      return { label: label === 1 ? "positive" : "negative", fold, text };
    });
}

/** The snippets of rt-polarity: the lines of all files of a folder. */
export function readSnippets(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readFile(join(folder, name)).split("\n"))
    .filter((line) => line.trim() !== "");
}

/** Writes items for `classify`, an object a line. Returns the path. */
export function writeItems(path: string, items: readonly LabelledText[]): string {
  const lines = items.map(({ text, label, group }) => JSON.stringify({ text, label, group }));
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/** Writes lines of words as `classify` reads them, so that a language model has the same. Returns the path. */
export function writeWords(path: string, lines: readonly string[]): string {
  writeFileSync(path, lines.map((line) => `${splitWords(line).join(" ")}\n`).join(""));
  return path;
}

/** So many words in a row that a line shares with a sentence make them one text. */
const RUN = 7;

const lettersOf = (line: string): string[] => line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

function* runsOf(words: readonly string[]): Iterable<string> {
  if (words.length <= RUN) yield words.join(" ");
  else for (let at = 0; at + RUN <= words.length; at++) yield words.slice(at, at + RUN).join(" ");
}

/**
 * The lines that share no run of seven words with any of the sentences, whatever the marks between are; of a shorter
 * sentence the whole of it counts.
 */
export function withoutOverlap(lines: readonly string[], sentences: readonly string[]): string[] {
  const runs = new Set<string>();
  const short: string[] = [];
  for (const sentence of sentences) {
    const words = lettersOf(sentence);
    for (const run of runsOf(words)) runs.add(run);
    if (words.length < RUN && words.length > 1) short.push(` ${words.join(" ")} `);
  }
  return lines.filter((line) => {
    const words = lettersOf(line);
    for (const run of runsOf(words)) if (runs.has(run)) return false;
    const text = ` ${words.join(" ")} `;
    return !short.some((sentence) => text.includes(sentence));
  });
}

export interface LanguageFigure {
  readonly run: string;
  readonly seconds: number;
  /** Nats per word on the tenth of the text that was kept for it. */
  readonly validation: number;
}

export interface LanguageOptions {
  readonly out: string;
  /** Units, and features of a word. */
  readonly hidden: number;
  readonly vocabSize: number;
  /** What the learning rate is multiplied by after each pass. */
  readonly lrDecay?: number;
  readonly seed?: number;
  readonly epochs?: number;
  readonly steps?: number;
}

/** Trains a language model of words, to start a classifier from. */
export async function trainLanguageModel(text: string, options: LanguageOptions): Promise<LanguageFigure> {
  const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };
  const words = { tokens: "word", tieWeights: true, embedding: options.hidden } as const;
  const learning = { lr: 3e-3, dropout: 0.3, batchSize: 32, seqLength: 35, threads: 1, seed: 1 };
  const training = await trainText({ data: [text], ...words, ...learning, ...options }, hooks);
  let [seconds, validation] = [0, Number.POSITIVE_INFINITY];
  for await (const event of training.events) {
    if (event.event === "eval") validation = Math.min(validation, event.loss);
    if (event.event === "end") seconds = event.seconds;
  }
  return { run: options.out, seconds, validation };
}
