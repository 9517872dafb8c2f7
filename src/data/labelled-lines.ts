import { escapeControl, InputError, type Job, runJob } from "../core/index.ts";
import {
  BYTES,
  checkValue,
  FLAG,
  optional,
  type Ranges,
  type Settled,
  SIZE,
  settle,
  TEXT,
} from "../core/options.ts";
import { CorpusBuilder } from "./corpus-builder.ts";
import { type Items, ItemsBuilder } from "./items.ts";
import { HASHER } from "./ranges.ts";
import { type Hasher, Sha256 } from "./sha256.ts";
import { sharedInts } from "./shared-arrays.ts";
import type { TextCorpus } from "./text-corpus.ts";

/** Lines of text, each with a label. */
export interface LabelledLines {
  /** The Unicode code points of each line, sorted by label, of one label in the order of reading. */
  readonly lines: Items<Int32Array>;
  /** The label of each line: a place in {@link labelNames}. */
  readonly labels: Int32Array;
  /** In the order of their code points. */
  readonly labelNames: readonly string[];
  /** The same number for equal lines, whatever their labels are: `groupedSplit` keeps them on one side. */
  readonly groups: Int32Array;
  /** What was read and is not in {@link lines} as it was. */
  readonly changes: LineChanges;
  /** SHA-256 of all labels and lines: 64 hexadecimal digits. The order of the files makes no difference. */
  readonly fingerprint: string;
}

export interface LineChanges {
  /** Lines of white space alone; they were left out. */
  readonly empty: number;
  /** Lines that the label had before; they were left out unless told otherwise. */
  readonly repeated: number;
  /** Lines of which only the first `maxLength` characters were kept. */
  readonly cut: number;
}

export interface LabelledLinesOptions {
  /** Cut longer lines to so many characters. Default: none is cut. */
  readonly maxLength?: number;
  /** Keep each line as often as its label has it. Default false: once. */
  readonly keepRepeated?: boolean;
  /** How many labels there have to be: 1 for lines that are only measured on. Default 2. */
  readonly leastLabels?: number;
  /** Makes the fingerprint; Node's `createHash("sha256")` is faster than the default. */
  readonly hasher?: Hasher;
}

const RANGES: Ranges<LabelledLinesOptions> = {
  maxLength: optional(SIZE),
  keepRepeated: FLAG,
  leastLabels: SIZE,
  hasher: optional(HASHER),
};

/** Characters that are looked at between two pauses of a job. */
const PAUSE = 1 << 14;

/** A map of V8 has less than 2^24 keys. */
const MAX_DIFFERENT = 2 ** 24 - 1;

/** The part of the text that came from one source. */
interface Source {
  readonly label: string;
  readonly from: number;
}

/**
 * A line as it is trained on and predicted: in normal form C of Unicode, so that an "é" of one code point and one of two
 * are the same, and without white space at its ends.
 */
export function normalizeLine(text: string): string {
  checkValue("normalizeLine: text", TEXT, text);
  return text.normalize("NFC").trim();
}

/**
 * The label that a file's name gives its lines: the name without its folder and its last extension, in normal form C
 * (macOS names files in form D).
 * @throws InputError for a path that ends in no name
 */
export function labelOfFile(path: string): string {
  checkValue("labelOfFile: path", TEXT, path);
  const name = path.slice(1 + Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")));
  if (name === "") throw new InputError(`${escapeControl(JSON.stringify(path))} names no file`);
  const dot = name.lastIndexOf(".");
  return (dot > 0 ? name.slice(0, dot) : name).normalize("NFC");
}

/**
 * Turns UTF-8 bytes of several sources, each with a label, in pieces of any size, into {@link LabelledLines}. Sources of
 * one label are joined.
 *
 * Bytes are read as `CorpusBuilder` reads them: a byte order mark at the start of a source is dropped, CRLF ends a line
 * as LF does, what is no UTF-8 is refused with its line. Then every line is brought into form by {@link normalizeLine};
 * empty ones are left out, and so are those that their label has had before. A line that stands under several labels
 * stays under each of them.
 */
export class LabelledLinesBuilder {
  private readonly text = new CorpusBuilder();
  private readonly sources: Source[] = [];

  /**
   * Starts the next source, and ends the one before.
   * @param label of all its lines
   * @param name as errors are to show it, already quoted and escaped
   */
  begin(label: string, name: string): void {
    checkValue("labelledLinesBuilder.begin: label", TEXT, label);
    checkValue("labelledLinesBuilder.begin: name", TEXT, name);
    this.text.begin(name);
    this.sources.push({ label: label.normalize("NFC"), from: this.text.characters });
  }

  /**
   * The next bytes of the source.
   * @throws InputError before the first `begin`, and as `CorpusBuilder.push` does
   */
  push(piece: Uint8Array): void {
    checkValue("labelledLinesBuilder.push: piece", BYTES, piece);
    if (this.sources.length === 0) throw new InputError("labelledLinesBuilder.push: begin a source first");
    this.text.push(piece);
  }

  /** The source is complete. @throws InputError as `CorpusBuilder.end` does */
  end(): void {
    this.text.end();
  }

  /** All lines. The builder is used up. @throws InputError for less than two labels, or a label without a line */
  finish(options: LabelledLinesOptions = {}): LabelledLines {
    return runJob(this.finishJob(options));
  }

  /** {@link finish} as a job. */
  *finishJob(options: LabelledLinesOptions = {}): Job<LabelledLines> {
    const settings = settle<Settled<LabelledLinesOptions, "maxLength" | "hasher">>(
      "labelledLinesBuilder.finish",
      RANGES,
      { keepRepeated: false, leastLabels: 2 },
      options,
    );
    this.end();
    const { characters } = this.text;
    const labelNames = [...new Set(this.sources.map(({ label }) => label))].sort(byCodePoint);
    if (labelNames.length < settings.leastLabels) {
      throw new InputError(
        `lines of at least ${settings.leastLabels} labels are needed, got ${labelNames.length}`,
        { hint: "give a text file for each label, or a table (.csv, .tsv, .jsonl) that has them" },
      );
    }
    const collector = new LineCollector(labelNames, settings.keepRepeated, settings.maxLength);
    if (characters > 0) {
      const corpus = yield* this.text.finishJob(NO_HASHER);
      for (const [label, name] of labelNames.entries()) {
        for (const [index, source] of this.sources.entries()) {
          if (source.label !== name) continue;
          const end = this.sources[index + 1]?.from ?? characters;
          yield* collector.addJob(label, corpus, source.from, end);
        }
      }
    }
    return yield* collector.finishJob(settings.hasher ?? new Sha256());
  }
}

/** A text with its label, as a table or a generator gives it. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
  /** Items of one group are all trained on or all validated on, as all phrases of a sentence. Default: equal texts. */
  readonly group?: string;
}

/**
 * Texts with labels, brought into form by {@link normalizeLine}. They may have several lines; repeated ones are kept.
 * @throws InputError for less than two labels, or a label without a text that is more than white space
 */
export function* collectTextsJob(
  texts: readonly LabelledText[],
  options: Omit<LabelledLinesOptions, "keepRepeated"> = {},
): Job<LabelledLines> {
  const byLabel = new Map<string, LabelledText[]>();
  for (const item of texts) {
    const label = item.label.normalize("NFC");
    const own = byLabel.get(label);
    if (own === undefined) byLabel.set(label, [item]);
    else own.push(item);
  }
  const labelNames = [...byLabel.keys()].sort(byCodePoint);
  requireLabels(labelNames, options.leastLabels, "texts");
  const collector = new LineCollector(labelNames, true, options.maxLength);
  for (const [label, name] of labelNames.entries()) {
    yield* collector.addTextsJob(label, byLabel.get(name)!);
  }
  return yield* collector.finishJob(options.hasher ?? new Sha256());
}

/**
 * @param what has the labels
 * @throws InputError for fewer than 2, or another number
 */
export function requireLabels(names: readonly string[], least = 2, what = "items"): void {
  if (names.length >= least) return;
  const only = names.length === 1 ? `: all are labelled ${escapeControl(JSON.stringify(names[0]))}` : "";
  throw new InputError(`${what} of at least ${least} labels are needed, got ${names.length}${only}`, {
    hint: "give items of another label too",
  });
}

/** The corpus needs no fingerprint of its own. */
const NO_HASHER: Hasher = { update: () => undefined, digest: () => "" };

/** The order of labels. Not by UTF-16 units, as texts are compared with `<`: the order is that of a vocabulary. */
export function byCodePoint(a: string, b: string): number {
  const [one, other] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < Math.min(one.length, other.length); at++) {
    const difference = one[at].codePointAt(0)! - other[at].codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

class LineCollector {
  private readonly labelNames: readonly string[];
  private readonly keepRepeated: boolean;
  private readonly maxLength: number;
  private readonly lines = new ItemsBuilder("labelled lines", new Int32Array(0), 1);
  private readonly labels: number[] = [];
  private readonly groups: number[] = [];
  private readonly groupOf = new Map<string, number>();
  /** The label that has had the line of a group last: labels come one after the other. */
  private readonly lastLabel: number[] = [];
  private empty = 0;
  private repeated = 0;
  private cut = 0;

  constructor(labelNames: readonly string[], keepRepeated: boolean, maxLength = Number.POSITIVE_INFINITY) {
    this.labelNames = labelNames;
    this.keepRepeated = keepRepeated;
    this.maxLength = maxLength;
  }

  /** All lines of the ids `from`..`end`. */
  *addJob(label: number, { ids, vocabulary }: TextCorpus, from: number, end: number): Job<void> {
    const lineFeed = vocabulary.id("\n");
    let pause = from + PAUSE;
    for (let start = from; start < end; ) {
      const found = lineFeed < 0 ? -1 : ids.indexOf(lineFeed, start);
      const stop = found < 0 || found > end ? end : found;
      this.add(label, vocabulary.decode(ids.subarray(start, stop)));
      start = stop + 1;
      if (start < pause) continue;
      pause = start + PAUSE;
      yield;
    }
  }

  /** Texts of one label. */
  *addTextsJob(label: number, texts: readonly LabelledText[]): Job<void> {
    let pause = PAUSE;
    for (const { text, group } of texts) {
      this.add(label, text, group);
      pause -= text.length;
      if (pause > 0) continue;
      pause = PAUSE;
      yield;
    }
  }

  /** @param name of the group; undefined: equal lines are one */
  private add(label: number, text: string, name?: string): void {
    let line = normalizeLine(text);
    if (line === "") {
      this.empty++;
      return;
    }
    let points = codePointsOf(line);
    if (points.length > this.maxLength) {
      this.cut++;
      line = textOf(points.subarray(0, this.maxLength)).trimEnd();
      points = codePointsOf(line);
    }
    const key = name === undefined ? line : `\n${name}`;
    const known = this.groupOf.get(key);
    const group = known ?? this.groupOf.size;
    if (known === undefined) {
      if (group === MAX_DIFFERENT)
        throw new InputError(`there are more than ${MAX_DIFFERENT} different lines`);
      this.groupOf.set(key, group);
    }
    if (name === undefined && this.lastLabel[group] === label) {
      this.repeated++;
      if (!this.keepRepeated) return;
    }
    this.lastLabel[group] = label;
    this.lines.add(points);
    this.labels.push(label);
    this.groups.push(group);
  }

  *finishJob(hasher: Hasher): Job<LabelledLines> {
    const { labelNames, empty, repeated, cut } = this;
    const [labels, groups] = [sharedInts(this.labels.length), sharedInts(this.groups.length)];
    labels.set(this.labels);
    groups.set(this.groups);
    const hasLines = new Uint8Array(labelNames.length);
    for (const label of labels) hasLines[label] = 1;
    const without = hasLines.indexOf(0);
    if (without >= 0) {
      const name = escapeControl(JSON.stringify(labelNames[without]));
      throw new InputError(`the label ${name} has no lines`, {
        hint: "leave the label out, or give it a line that is not empty",
      });
    }
    const lines = this.lines.finish();
    const encoder = new TextEncoder();
    let [label, pause] = [-1, 0];
    for (let index = 0; index < lines.count; index++) {
      // A name that begins with two line feeds is no line, so nothing else has the same bytes.
      if (labels[index] !== label) hasher.update(encoder.encode(`\n\n${labelNames[++label]}\n`));
      const text = textOf(lines.item(index));
      // A text of several lines differs from all that lines can be: those have no line feed at their start.
      hasher.update(encoder.encode(text.includes("\n") ? `\n${JSON.stringify(text)}\n` : `${text}\n`));
      pause += lines.length(index);
      if (pause < PAUSE) continue;
      pause = 0;
      yield;
    }
    const changes = { empty, repeated, cut };
    return { lines, labels, labelNames, groups, changes, fingerprint: hasher.digest("hex") };
  }
}

function codePointsOf(text: string): Int32Array {
  const points = new Int32Array(text.length);
  let count = 0;
  for (const character of text) points[count++] = character.codePointAt(0)!;
  return points.subarray(0, count);
}

/** The text of code points; `String.fromCodePoint` with very many arguments would exceed the stack. */
export function textOf(points: Int32Array): string {
  let text = "";
  for (let at = 0; at < points.length; at += 1024) {
    text += String.fromCodePoint(...points.subarray(at, at + 1024));
  }
  return text;
}
