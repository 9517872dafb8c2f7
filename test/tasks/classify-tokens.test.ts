/** Whether texts are read as characters or as words, where nobody has chosen. */
import { Readable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DataSource } from "../../src/data/data-source.ts";
import { memorySource } from "../../src/data/index.ts";
import { sourceOf } from "../../src/sources/paths.ts";
import { TASKS } from "../../src/tasks/index.ts";

const classify = await TASKS.classify();

const NAMES = ["Smith", "Anna Maria", "Miller", "De la Cruz"];
const OPINIONS = [
  "a slow film",
  "never dull , and well played",
  "a film that is never slow",
  "dull and slow",
];

const tableOf = (texts: readonly string[], repeats = 6) => {
  const rows = Array.from({ length: repeats }, (_, n) =>
    texts.map((text, at) => `"${text} ${n}",${at % 2 === 0 ? "up" : "down"}`),
  );
  return `text,label\n${rows.flat().join("\n")}\n`;
};
const source = (content: string, name = "a.csv") => memorySource([{ name, content }]);

/** What a training with these options reads, and what is said about it. */
async function load(given: DataSource, settings: object = {}, validation?: DataSource) {
  const notes: string[] = [];
  const request = {
    source: given,
    validation,
    settings: classify.complete(settings as never),
    isChosen: (name: string) => name in settings,
    threads: undefined,
    verify() {},
    asset: () => given,
  };
  const hooks = {
    signal: new AbortController().signal,
    onProgress() {},
    onNote: (note: string) => notes.push(note),
  };
  const loaded = await classify.load(request, hooks);
  const { input } = classify.facts(loaded.data).facts as { input: { tokens: string } };
  return { settings: loaded.settings as unknown as Record<string, unknown>, tokens: input.tokens, notes };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the symbols of texts", () => {
  test("are words for sentences, with vectors, and the reason is told once", async () => {
    const { settings, tokens, notes } = await load(source(tableOf(OPINIONS)), { hidden: 12 });
    expect(tokens).toBe("word");
    expect(settings).toMatchObject({ tokens: "word", embedding: 12, initUniform: 0.1 });
    const told = notes.filter((note) => note.includes("--tokens is word instead of char"));
    expect(told).toEqual([
      "--tokens is word instead of char, which fits this data better: an item has 6 words on average",
    ]);
    expect(new Set(notes).size).toBe(notes.length);
  });

  test("are those of the data to validate on, too", async () => {
    const { tokens } = await load(source(tableOf(OPINIONS)), {}, source(tableOf(OPINIONS, 2)));
    expect(tokens).toBe("word");
  });

  test("are characters for names, and for sentences of words that never come again", async () => {
    expect((await load(source(tableOf(NAMES)))).tokens).toBe("char");
    const rare = ["w x y z", "e f g h", "i j k l", "m n o p"].map((text) => text.replaceAll(/\w/g, "$&$&$&"));
    expect((await load(source(tableOf(rare, 1)), { valSplit: 0.5 })).tokens).toBe("char");
  });

  test("are what somebody has chosen, as are the vectors", async () => {
    const chars = await load(source(tableOf(OPINIONS)), { tokens: "char" });
    expect([chars.tokens, chars.notes.filter((note) => note.includes("--tokens"))]).toEqual(["char", []]);
    const words = await load(source(tableOf(OPINIONS)), { embedding: 5, initUniform: 0.3 });
    expect(words.settings).toMatchObject({ tokens: "word", embedding: 5, initUniform: 0.3 });
  });

  test("notes of a reading that counts are not lost", async () => {
    const content = `text,label\n${"x".repeat(1200)},up\nb,down\nc,up\nd,down\ne,up\nf,down\n`;
    expect((await load(source(content))).notes.join("\n")).toMatch(/cut to 1000 characters|--max-length/);
  });

  test("standard input is read once, whatever is decided", async () => {
    const piped = Readable.from([Buffer.from(tableOf(OPINIONS).replaceAll('"', ""))]);
    vi.spyOn(process, "stdin", "get").mockReturnValue(piped as never);
    const given = sourceOf(["-"]);
    const [first] = await given.listFiles({
      signal: new AbortController().signal,
      onProgress() {},
      onNote() {},
    });
    const [again] = await given.listFiles({
      signal: new AbortController().signal,
      onProgress() {},
      onNote() {},
    });
    expect(await again.read()).toEqual(await first.read());
    expect((await again.read()).length).toBeGreaterThan(100);
  });
});
