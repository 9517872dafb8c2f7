import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  clock,
  comparison,
  count,
  fitTo,
  hang,
  nats,
  shellWord,
  speed,
  widthOf,
  wrapText,
  wrapWords,
} from "../../src/cli/format.ts";
import { describeError } from "../../src/cli/output.ts";
import { formatStatus, type TrainingStatus } from "../../src/cli/status-line.ts";
import { FormatError, InputError, StorageError } from "../../src/core/errors.ts";
import { nearest } from "../../src/core/nearest.ts";
import { corpusFromText } from "../../src/data/index.ts";
import { charactersOf } from "../../src/render/text-width.ts";
import { suggestPrime } from "../../src/tasks/text/view.ts";

describe("a text behind its name", () => {
  test("is one line where it fits, and goes on below its beginning where it does not", () => {
    expect(hang("model    ", "LSTM, 1 layer", 22)).toEqual(["model    LSTM, 1 layer"]);
    expect(hang("values   ", "as they are: errors of an autoregression, none 0.42", 40)).toEqual([
      "values   as they are: errors of an",
      "         autoregression, none 0.42",
    ]);
    expect(hang("run      ", `runs/${"long".repeat(20)}`, 40)).toEqual([
      `run      runs/${"long".repeat(20)}`,
    ]);
  });
});

describe("numbers", () => {
  test("come in the form that people read", () => {
    expect([0, 999, 1000, 1234567].map(count)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([-1, 0, 59.4, 59.6, 3599.6, 3723].map(clock)).toEqual([
      "0:00",
      "0:00",
      "0:59",
      "1:00",
      "1:00:00",
      "1:02:03",
    ]);
    expect([0, 850.4, 9440, 99_600, 999_400, 999_600, 1.26e7].map(speed)).toEqual([
      "0",
      "850",
      "9.4k",
      "100k",
      "999k",
      "1.0M",
      "13M",
    ]);
    expect([1.40549, 1e30].map(nats)).toEqual(["1.405", "1.000e+30"]);
  });

  test("stand to a baseline in whole percent", () => {
    const against = (loss: number) => comparison(loss, 2);
    expect([1.5, 1.999, 2.5, 1e9].map(against)).toEqual([
      "25% below",
      "level with",
      "25% above",
      "far above",
    ]);
  });
});

describe("a line for a terminal", () => {
  test("is cut to its columns, where letters may take none, one or two", () => {
    expect(fitTo("abcdef", 6)).toBe("abcdef");
    expect(fitTo("abcdef", 5)).toBe("abcd…");
    expect(fitTo("水水水", 6)).toBe("水水水");
    expect(fitTo("水水水", 5)).toBe("水水…");
    expect(fitTo("水水水", 4)).toBe("水…");
    expect(fitTo("e\u0301e\u0301e\u0301", 3)).toBe("e\u0301e\u0301e\u0301");
    expect(fitTo("\u{1f600}\u{1f600}", 3)).toBe("\u{1f600}…");
    expect([fitTo("abc", 1), fitTo("abc", 0), fitTo("", 0)]).toEqual(["…", "", ""]);
  });

  test.each([
    ["a family of four, joined", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}", 2],
    ["a hand with a skin colour", "\u{1f44b}\u{1f3fd}", 2],
    ["a flag of two letters", "\u{1f1e9}\u{1f1ea}", 2],
    ["a flag of tags", "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", 2],
    ["a heart that a selector makes an emoji", "\u2764\ufe0f", 2],
    ["a key cap", "7\ufe0f\u20e3", 2],
    ["a letter with two accents", "e\u0301\u0323", 1],
    ["a syllable of three Korean letters", "\u1112\u1161\u11ab", 2],
    ["a Chinese character", "水", 2],
    ["a letter of full width", "\uff21", 2],
    ["a Devanagari consonant with its vowel sign above", "\u0915\u0947", 1],
    ["colours", "\u001b[31mred\u001b[39m", 3],
  ])("counts %s as the columns that it takes, and never cuts through it", (_, text, columns) => {
    expect(widthOf(text)).toBe(columns);
    expect(widthOf(`a${text}b${text}`)).toBe(2 * columns + 2);
    expect(fitTo(`${text}${text}`, 2 * columns)).toBe(`${text}${text}`);
    if (text.includes("\u001b")) return;
    expect(fitTo(`${text}${text}`, 2 * columns - 1)).toBe(columns === 1 ? "…" : `${text}…`.normalize());
    expect(wrapText(`${text}${text}`, columns)).toEqual([text.normalize(), text.normalize()]);
  });

  test("that is cut keeps its colours, and they end with it", () => {
    const [green, end] = ["\u001b[32m", "\u001b[39m"];
    expect(fitTo(`a ${green}green${end} line`, 5)).toBe(`a ${green}gr${end}…`);
  });

  test("is never wider than its columns, whatever is in the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 12 }), (text, columns) => {
        expect(widthOf(fitTo(text, columns))).toBeLessThanOrEqual(columns);
        const lines = wrapText(text, columns);
        // A few musical symbols take three columns or more.
        const widest = Math.max(columns, ...[...charactersOf(text)].map(widthOf));
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(widest);
        expect(lines.join("")).toBe(wrapText(text, Number.POSITIVE_INFINITY).join("").normalize());
      }),
    );
  });

  test("of several words is broken between them, by the columns that they take", () => {
    expect(wrapWords("one two  three\nfour", 9)).toEqual(["one two", "three", "four"]);
    expect(wrapWords("水水 水水 水", 7)).toEqual(["水水", "水水 水"]);
    expect(wrapWords("a longer-than-that b", 6)).toEqual(["a", "longer-than-that", "b"]);
    expect(wrapWords(" ", 6)).toEqual([]);
    const family = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";
    expect(wrapWords(`${family} ${family} ${family}`, 5)).toEqual([`${family} ${family}`, family]);
  });

  test("of a model's text shows control characters instead of obeying them", () => {
    expect(wrapText("a\tb\n\n\u001b[31mc\r", 80)).toEqual(["a  b", "", "\\u{1b}[31mc\\r"]);
    expect(wrapText("abcde\nf", 2)).toEqual(["ab", "cd", "e", "f"]);
    expect(wrapText("水水水", 4)).toEqual(["水水", "水"]);
  });
});

describe("the standing of a training", () => {
  const standing: TrainingStatus = {
    ...{ step: 1204, total: 8120, totalIsGuess: false, loss: 1.9312, validation: 1.985 },
    ...{ unitsPerSecond: 212_345, unit: "char", secondsLeft: 42 },
  };

  test("says all on a wide terminal and the most telling on a narrow one", () => {
    expect(formatStatus(standing)).toBe(
      "step 1,204 of 8,120  loss 1.931  validation 1.985  212k chars/s  0:42 left",
    );
    expect(formatStatus(standing, 60)).toBe("step 1,204/8,120  loss 1.93  val 1.99  212k/s  0:42 left");
    expect(formatStatus(standing, 39)).toBe("1,204/8,120  loss 1.93  val 1.99  0:42");
    expect(formatStatus(standing, 30)).toBe("1,204/8,120  loss 1.93  0:42");
    expect(formatStatus(standing, 20)).toBe("1,204 1.93 0:42");
  });

  test("leaves out what is not known, and marks a guess", () => {
    expect(formatStatus({ ...standing, totalIsGuess: true, validation: undefined })).toBe(
      "step 1,204 of ~8,120  loss 1.931  212k chars/s  0:42 left",
    );
    expect(formatStatus({ ...standing, total: undefined, secondsLeft: undefined }, 30)).toBe(
      "1,204  loss 1.93  val 1.99",
    );
  });
});

test("the nearest name is less than half of the word away, swaps counting one", () => {
  const names = ["train", "text", "batch-size"] as const;
  expect(nearest("trian", names)).toBe("train");
  expect(nearest("TRAIN", names)).toBe("train");
  expect(nearest("txet", names)).toBe("text");
  expect(nearest("batchsize", names)).toBe("batch-size");
  expect(nearest("xy", names)).toBe(undefined);
  expect(nearest("", names)).toBe(undefined);
});

test("a command that is printed can be pasted into a shell", () => {
  expect(shellWord("runs/text-20261123-094500")).toBe("runs/text-20261123-094500");
  expect(shellWord("my run")).toBe("'my run'");
  expect(shellWord("it's $HOME")).toBe("'it'\\''s $HOME'");
  expect(shellWord("")).toBe("''");
});

test("the prime that is proposed is the word that most lines begin with, in letters that a shell leaves alone", () => {
  expect(suggestPrime(corpusFromText("The one\n  The two\nAnd three\n"))).toBe("The ");
  expect(suggestPrime(corpusFromText('$x `a` "b"\n12 34\n'))).toBe(undefined);
});

test("an error's kind decides the status", () => {
  expect(describeError(new InputError("x", { hint: "y" }))).toEqual({
    status: 2,
    code: "INPUT",
    message: "x",
    hint: "y",
  });
  expect(describeError(new FormatError("file", "x")).status).toBe(2);
  expect(describeError(new StorageError("x")).status).toBe(1);
  expect(describeError(new TypeError("x"))).toMatchObject({ status: 1, code: "UNEXPECTED", message: "x" });
  expect(describeError("odd")).toMatchObject({ status: 1, message: "odd" });
});
