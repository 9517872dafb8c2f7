/** Words of lines: how texts are cut, and which words are known. */
import { describe, expect, test } from "vitest";
import { runJob } from "../../src/core/job.ts";
import { idItems } from "../../src/data/items.ts";
import { collectTextsJob } from "../../src/data/labelled-lines.ts";
import { cutItems, lineTokensFromJSON } from "../../src/data/line-tokens.ts";
import { LineWords, splitWords } from "../../src/data/line-words.ts";

describe("splitWords", () => {
  test.each([
    ["The film, GOOD!", "the film , good !"],
    ["it's a well-made 3.5 star film", "it's a well-made 3.5 star film"],
    ["does n't 's", "does n't 's"],
    ["'hello' he said ...", "' hello ' he said ..."],
    ["<unk> cost $ 5,000", "<unk> cost $ 5 , 000"],
    ["cafe\u0301 \u00c9TE\u0301", "caf\u00e9 \u00e9t\u00e9"],
    ["  \n ", ""],
    ["\ud83d\ude00\ud83d\ude00", "\ud83d\ude00 \ud83d\ude00"],
  ])("%j", (text, words) => {
    expect(splitWords(text).join(" ")).toBe(words);
  });
});

const linesOf = (texts: readonly string[]) =>
  runJob(collectTextsJob(texts.map((text, i) => ({ text, label: `${i % 2}` })))).lines;

describe("LineWords", () => {
  test("knows words that occur twice, the most frequent first, and all that are asked for", () => {
    const lines = linesOf(["b a a", "a b c", "rare x"]);
    expect(LineWords.fromLines(lines, { most: 10 }).words).toEqual(["a", "b"]);
    expect(LineWords.fromLines(lines, { most: 1 }).words).toEqual(["a"]);
    const known = new Set(["rare"]);
    const words = LineWords.fromLines(lines, { most: 10, known });
    expect(words.words).toEqual(["a", "b", "rare"]);
    expect([...words.encode("A new b RARE")]).toEqual([0, 3, 1, 2]);
    const encoded = words.encodeLines(lines);
    expect(Array.from({ length: encoded.count }, (_, i) => [...encoded.item(i)])).toContainEqual([1, 0, 0]);
    expect(LineWords.fromJSON(words.toJSON(), "file").words).toEqual(words.words);
  });

  test("are extended by words of other lines, which stand behind them", () => {
    const lines = linesOf(["b a a", "a b c c c", "rare x"]);
    const words = new LineWords(["z", "a"]);
    expect(words.extendedBy(lines, 10).words).toEqual(["z", "a", "c", "b"]);
    expect(words.extendedBy(lines, 3).words).toEqual(["z", "a", "c"]);
    expect(words.extendedBy(lines, 1).words).toEqual(["z", "a"]);
    expect([...words.extendedBy(lines, 3).encode("z a c b")]).toEqual([0, 1, 2, 3]);
  });

  test.each([[null], [[]], [["a", "a"]], [["a", ""]], [["a", 1]]])("%j is no vocabulary", (value) => {
    expect(() => lineTokensFromJSON("word", value, "file")).toThrow("file: vocabulary");
  });
});

test("items are cut without a copy", () => {
  const items = idItems([[1, 2, 3], [4]]);
  const { items: short, cut } = cutItems(items, 2);
  expect([cut, [...short.item(0)], [...short.item(1)]]).toEqual([1, [1, 2], [4]]);
  expect(cutItems(items, 3)).toEqual({ items, cut: 0 });
});
