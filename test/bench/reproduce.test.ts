/** What the published figures of `classify` are made with: how data is divided, and that the programs run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { meanAndSpread, readArguments } from "../../bench/reproduce/_classify.ts";
import { withoutOverlap } from "../../bench/reproduce/_movie-texts.ts";
import { averageSplits, rowsOf } from "../../bench/reproduce/_numbers.ts";
import { dropContained, groupPhrases, readPhrases } from "../../bench/reproduce/_phrases.ts";

const root = mkdtempSync(join(tmpdir(), "reproduce-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const plain = (texts: readonly string[]) => texts.map((text) => ({ text, label: "positive" }));

describe("phrases of sentences", () => {
  test("are read from a table with trailing blanks", () => {
    const table = "sentence\tlabel\na fine film \t1\nnot so \t0\n\n";
    expect(readPhrases(table, ["negative", "positive"])).toEqual([
      { text: "a fine film", label: "positive" },
      { text: "not so", label: "negative" },
    ]);
    expect(() => readPhrases("text\tlabel\n", ["a", "b"])).toThrow("the header must be sentence, label");
    expect(() => readPhrases("sentence\tlabel\na\t2\n", ["a", "b"])).toThrow("line 2 must have a sentence");
    expect(() => readPhrases("sentence\tlabel\na\n", ["a", "b"])).toThrow("line 2 must have a sentence");
  });

  test("belong to the longest sentence that contains them word for word", () => {
    const texts = [
      "fine film",
      "a fine film with fine music",
      "so fine film music was",
      "fine film",
      "fine",
      "films",
      "fine music",
      "a very fine film with fine music indeed",
    ];
    const groups = groupPhrases(plain(texts)).map(({ group }) => group);
    expect(groups).toEqual([
      texts[7],
      // "a fine" is not in the longer sentence.
      texts[1],
      texts[2],
      texts[7],
      texts[7],
      // Part of a word is not the word.
      "films",
      texts[7],
      texts[7],
    ]);
  });

  test("that lie in a test sentence are dropped, those that contain one are not", () => {
    const phrases = plain(["good film", "a good film indeed", "good", "film good", "goo"]);
    const kept = dropContained(phrases, plain(["a good film"]));
    expect(kept.map(({ text }) => text)).toEqual(["a good film indeed", "film good", "goo"]);
  });
});

describe("lines for a language model", () => {
  test("share no seven words in a row with a test sentence, nor a shorter sentence as a whole", () => {
    const tested = ["One two three four five six seven eight .", "quite good , really"];
    const lines = [
      "zero two three - four five six seven eight",
      "two three four five six seven nine",
      "Quite good -- really !",
      "it is quite good really , he said",
      "quite good but not really",
    ];
    expect(withoutOverlap(lines, tested)).toEqual([lines[1], lines[4]]);
  });
});

describe("figures", () => {
  test("have the 95 % interval of their mean over the seeds", () => {
    // By hand: mean 0.8, deviation 0.01, t(2) = 4.303.
    expect(meanAndSpread([0.79, 0.8, 0.81])).toBe("80.00 ± 2.48 (79.00 to 81.00)");
    expect(meanAndSpread([0.5])).toBe("50.00");
  });

  test("read their arguments", () => {
    expect(readArguments(["data", "--seeds", "4,5", "--only", "LSTM"], [1])).toEqual({
      paths: ["data"],
      quick: false,
      seeds: [4, 5],
      only: "LSTM",
      folds: undefined,
    });
    expect(readArguments(["--quick", "--folds", "2"], [1, 2])).toMatchObject({ seeds: [1], folds: [2] });
    expect(() => readArguments(["--seeds", "a"], [1])).toThrow("--seeds needs integers: 1,2,3");
  });

  async function run(name: string, options: string[]): Promise<string> {
    const lines: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
    const { reproduce } = (await import(`../../bench/reproduce/${name}.ts`)) as {
      reproduce: (options: string[]) => Promise<void>;
    };
    await reproduce(options);
    return lines.join("\n");
  }

  test.each([
    ["parity", "LSTM", /^parity +LSTM +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d +[01] of 1/m],
    ["negation", "GRU", /^GRU +\d+\.\d\d +\d+\.\d$[\s\S]*^naive Bayes/m],
    ["facts", "vanilla RNN", /^vanilla RNN +\d+\.\d\d/m],
  ])("%s runs", async (name, only, shown) => {
    expect(await run(name, ["--quick", "--only", only])).toMatch(shown);
  });

  test("names runs on a folder of its own", async () => {
    const folder = join(root, "names");
    mkdirSync(folder);
    const names = (end: string) =>
      Array.from({ length: 40 }, (_, i) => `${"abcdefgh"[i % 8]}${"aeiou"[i % 5]}${i % 7}${end}`);
    writeFileSync(join(folder, "North.txt"), names("son").join("\n"));
    writeFileSync(join(folder, "South.txt"), [...names("ini"), "aa0son"].join("\n"));
    const text = await run("names", [folder, "--quick"]);
    expect(text).toMatch(/^GRU in both directions +\d+\.\d\d/m);
    expect(text).toMatch(/^ceiling/m);
  });

  test("digits runs on the split of a source, and with each of two speakers left out", async () => {
    const folder = join(root, "fsdd");
    mkdirSync(folder);
    const length = 400;
    const items = ["ann", "bob"].flatMap((speaker) =>
      [0, 1].flatMap((digit) =>
        Array.from({ length: 6 }, (_, index) => ({
          speaker,
          digit,
          index,
          split: index < 2 ? "test" : "train",
        })),
      ),
    );
    const index = items.map((item, at) => ({ ...item, offset: at * length, length }));
    writeFileSync(join(folder, "index.json"), JSON.stringify({ rate: 8000, items: index }));
    const audio = Int16Array.from({ length: items.length * length }, (_, at) => {
      const { digit, index: take } = items[Math.floor(at / length)];
      return 9000 * Math.sin(at * (digit === 0 ? 0.3 : 1.1 + take / 50));
    });
    writeFileSync(join(folder, "audio.i16.gz"), gzipSync(new Uint8Array(audio.buffer)));
    const text = await run("digits", [folder, "--quick"]);
    expect(text).toContain("16 recordings to train on, 8 to test");
    expect(text).toMatch(
      /the split of the source\nmodel.*\n-.*\nthe defaults +\d+\.\d\d[\s\S]*commonest label +50\.00/,
    );
    expect(text).toMatch(/^ann +\d+\.\d +\d+\.\d\nbob +\d+\.\d +\d+\.\d$/m);
  });

  test("of several splits are averaged seed by seed", () => {
    const split = (...accuracies: number[]) => ({
      runs: accuracies.map((accuracy) => ({ accuracy, macroF1: accuracy / 2, seconds: 2 })),
      baselines: [{ name: "commonest", accuracy: accuracies[0] / 4, macroF1: 0 }],
    });
    const averaged = averageSplits([split(0.8, 0.6), split(0.4, 0.4)]);
    expect(averaged.runs.map(({ accuracy }) => accuracy)).toEqual([expect.closeTo(0.6), 0.5]);
    expect(averaged.baselines[0].accuracy).toBeCloseTo(0.15);
    const [name, accuracy, macroF1, seconds] = rowsOf("ours", averaged)[0];
    expect([name, seconds]).toEqual(["ours", "2.0"]);
    expect(accuracy).toMatch(/^55\.00 ± 63\.5\d \(50\.00 to 60\.00\)$/);
    expect(macroF1).toMatch(/^27\.50 ± /);
  });
});
