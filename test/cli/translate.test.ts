/** `unrolled train translate` and what follows it, as a person types it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, expectRefusal, file, fresh, refused as run } from "./unrolled.ts";

const PAIRS = Array.from({ length: 60 }, (_, at) => {
  const text = Array.from({ length: 1 + (at % 4) }, (_, t) => "abc"[(at >> t) % 3]).join("");
  return [`${text}${at}`, text.toUpperCase()];
});
const pairs = file(PAIRS.map((pair) => pair.join("\t")).join("\n"), "pairs.tsv");
const SMALL = "--hidden 24 --embedding 8 --threads 1 --steps 150 --lr 0.02 --batch-size 16".split(" ");

async function works(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  expect(status, stderr).toBe(0);
  return stdout;
}

test("a training ends with attention, eval draws it, and predict shows it with the search", async () => {
  const out = fresh();
  const trained = await works("train", "translate", pairs, ...SMALL, "--out", out);
  expect(trained).toMatch(/^symbols {2}16 of the sources, 6 of the targets$/m);
  expect(trained).toMatch(/^to beat {2}\S+ exact, \S+ of the symbols: the copied source$/m);
  expect(trained).toMatch(/^attention: rows were written, columns were read$/m);
  expect(trained).toMatch(/^next {5}npx unrolled predict /m);
  // An evaluation and a path have a line of their own, whatever their length.
  const isFree = (line: string) => /^(step|run|report|next| {9}npx) /.test(line);
  expect(trained.split("\n").filter((line) => line.length > 80 && !isFree(line))).toEqual([]);
  expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<title>Attention: ");

  const picture = `${fresh("attention")}.svg`;
  const evaluated = await works("eval", out, "--picture", picture, "--beam", "2");
  expect(evaluated).toMatch(/^exact matches +\S+ +of 6 that were decoded$/m);
  expect(evaluated).toMatch(/^one target for all +/m);
  expect(readFileSync(picture, "utf8")).toContain("<title>Attention: ");
  const { metrics, scores, byLength } = JSON.parse(await works("eval", out, "--json"));
  expect(metrics.exactMatch).toBeGreaterThan(0.5);
  expect(scores.chrf.signature).toContain("nc:6");
  expect(byLength[0]).toMatchObject({ sources: expect.any(Number), from: expect.any(Number) });

  const search = `${fresh("search")}.svg`;
  const shown = await works("predict", out, "--text", "ab7", "--beam", "2", "--picture", search);
  expect(shown).toMatch(/^ab7\tAB\n\n/);
  expect(shown).toContain("best");
  expect(readFileSync(search, "utf8")).toMatch(/<title>Attention: [\s\S]*<title>Beam search: /);
  const lines = file("ab1\n\nc2\n", "in.txt");
  expect((await works("predict", out, lines)).split("\n")).toHaveLength(4);
  const [, empty] = eventsOf(await works("predict", out, lines, "--json"));
  expect(empty).toMatchObject({ input: "", translation: "" });
});

test("what cannot work is refused in one line", async () => {
  const refuses = async (line: string, message: RegExp) =>
    expectRefusal(await run(line.split(" ")), 2, message);
  await refuses(
    "train translate --attention self",
    /--attention must be one of none, additive, dot, got 'self'/,
  );
  await refuses("train translate --set date", /did you mean dates\?/);
  await refuses(`train translate ${pairs} ${pairs}x`, /pairs\.tsvx/);
  await refuses(
    "train translate --tokens bpe --vocab-size 9",
    /--vocab-size must be at least 259 for byte pairs/,
  );
  await refuses("predict nowhere --text a --best 9", /nowhere/);
});
