import { describe, expect, it } from "vitest";
import {
  type InventedLanguage,
  idItems,
  inventedLanguages,
  naiveBayesBaseline,
  stratifiedSplit,
} from "../../src/data/index.ts";

const all = inventedLanguages();

describe("inventedLanguages", () => {
  it("has 400 names in each of six languages, none of them twice", () => {
    expect(all.map(({ name }) => name)).toEqual([
      "Brakk",
      "Estelle",
      "Kantiro",
      "Loalani",
      "Temürk",
      "Zubar",
    ]);
    const words = all.flatMap(({ words }) => words);
    expect(words).toHaveLength(2400);
    expect(new Set(words).size).toBe(2400);
    for (const word of words) expect(word).toMatch(/^\p{Lu}\p{Ll}{1,15}$/u);
  });

  it("has the same names for a seed, and others for another", () => {
    expect(inventedLanguages({ seed: 0, words: 400 })).toEqual(all);
    expect(inventedLanguages({ seed: 1 })[0].words).not.toEqual(all[0].words);
    expect(inventedLanguages({ words: 1 })[0].words).toEqual(all[0].words.slice(0, 1));
    for (const { words } of inventedLanguages({ words: 2000, seed: 5 })) expect(words).toHaveLength(2000);
  });

  it("has the names that its documentation shows", () => {
    const shown = {
      ...{ Brakk: ["Thurnund", "Groldgrim"], Estelle: ["Rimoulette", "Vousinier"] },
      ...{ Kantiro: ["Sostesto", "Gunderkash"], Temürk: ["Kembelmöm", "Kundarka"] },
      ...{ Loalani: ["Nulala", "Wapiwiwi"], Zubar: ["Luzhan", "Tadashshur"] },
    };
    for (const [name, words] of Object.entries(shown)) {
      expect(all.find((language) => language.name === name)?.words).toEqual(expect.arrayContaining(words));
    }
  });

  it("keeps to the grammar of each", () => {
    const [brakk, estelle, kantiro, loalani, temurk] = all;
    const kinds = (word: string) =>
      [...word].filter((letter) => /[eiöüaouy]/.test(letter)).map((letter) => /[eiöü]/.test(letter));
    const alike = (word: string) => new Set(kinds(word)).size === 1;
    const alternate = (word: string) =>
      kinds(word).every((kind, at, list) => at === 0 || kind !== list[at - 1]);
    expect(temurk.words.filter((word) => !alike(word.replace(/^Y/, "")))).toEqual([]);
    expect(kantiro.words.filter((word) => !alternate(word.replace(/^Y/, "")))).toEqual([]);
    for (const [language, ends] of [
      [brakk, /(ak|und|grim|rok|orn|dur|gar|in)$/],
      [estelle, /(elle|ette|aine|ois|oir|ours|enne|ard|ine|eux|and|ier)$/],
      [loalani, /[aeiou]$/],
    ] as [InventedLanguage, RegExp][]) {
      expect(language.words.filter((word) => !ends.test(word))).toEqual([]);
    }
  });

  it("leaves to a bag of n-grams the two languages that differ by the order of their vowels", () => {
    const labels = all.flatMap(({ words }, label) => words.map(() => label));
    const items = idItems(
      all.flatMap(({ words }) => words.map((word) => Array.from(word, (letter) => letter.codePointAt(0)!))),
    );
    const { train, validation } = stratifiedSplit(labels, 0.1);
    const part = (indices: Int32Array) => ({
      items: items.subset(indices),
      labels: Int32Array.from(indices, (index) => labels[index]),
    });
    const { metrics } = naiveBayesBaseline(part(train), part(validation), 6);
    expect(metrics.accuracy).toBeGreaterThan(0.75);
    expect(metrics.accuracy).toBeLessThan(0.9);
    const [kantiro, temurk] = [metrics.classes[2], metrics.classes[4]];
    for (const { f1 } of [kantiro, temurk]) expect(f1).toBeLessThan(0.75);
    for (const label of [0, 1, 3, 5]) expect(metrics.classes[label].f1).toBeGreaterThan(0.9);
  });

  it("refuses more names than the languages have", () => {
    expect(() => inventedLanguages({ words: 2001 })).toThrow(
      "words must be an integer from 1 to 2000, got 2001",
    );
  });
});
