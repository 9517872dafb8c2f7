/** `--tokens word|bpe`, as a user types it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  book,
  eventsOf,
  expectRefusal,
  file,
  fresh,
  refused,
  TINY,
  trained,
  unrolledHere,
} from "./unrolled.ts";

const text = Array.from(
  { length: 900 },
  (_, i) => `the ${["cat", "dog", "bird"][i % 3]} saw ${["a", "no"][i % 2]} \u{1f42d} é.\n`,
).join("");

const run = async (tokens: string, ...more: string[]) => {
  const out = fresh();
  const events = await trained([
    file(text),
    ...TINY,
    "--tokens",
    tokens,
    "--steps",
    "60",
    "--eval-every",
    "30",
    "--out",
    out,
    ...more,
  ]);
  return { out, events };
};
const evaluated = async (out: string, ...args: string[]) =>
  JSON.parse((await unrolledHere(["eval", out, ...args, "--json"])).stdout);

describe.each([
  ["word", "words"],
  ["bpe", "tokens"],
])("--tokens %s", (tokens, units) => {
  test("trains, writes whole characters, is measured by token and by character, and goes on", async () => {
    const { out, events } = await run(tokens);
    const evals = events.filter(({ event }) => event === "eval") as {
      loss?: number;
      metrics?: Record<string, number>;
    }[];
    expect(evals.at(-1)!.loss).toBeLessThan(evals[0].loss!);
    const { natsPerChar, bitsPerChar, perplexity, trigramLoss } = evals.at(-1)!.metrics!;
    expect(natsPerChar).toBeLessThan(evals.at(-1)!.loss!);
    expect(bitsPerChar).toBeCloseTo(natsPerChar / Math.LN2, 10);
    expect(perplexity).toBeCloseTo(Math.exp(evals.at(-1)!.loss!), 8);
    expect(trigramLoss).toBeGreaterThan(0);

    const own = await evaluated(out);
    expect(own.loss).toBeCloseTo(evals.at(-1)!.loss!, 6);
    // The characters of the validation part over its tokens.
    expect(own.loss / own.metrics.natsPerChar).toBeGreaterThan(1.2);
    const { stdout } = await unrolledHere(["eval", out]);
    expect(stdout).toMatch(
      new RegExp(
        `^nats per ${units.slice(0, -1)} +[\\d.]+ .*\\nnats per character +[\\d.]+\\nbits per character +[\\d.]+ .*\\nperplexity per `,
      ),
    );
    expect(stdout).toMatch(new RegExp(`^${units} +\\d+$`, "m"));

    const sampled = await unrolledHere([
      "sample",
      out,
      "--prime",
      "the cat saw",
      "--length",
      "30",
      "--seed",
      "1",
    ]);
    expect([sampled.status, sampled.stderr]).toEqual([0, ""]);
    expect(sampled.stdout).toMatch(/^the cat saw/);
    const resumed = await trained(["--resume", "--out", out, "--steps", "62"]);
    expect(resumed.at(-1)).toMatchObject({ event: "end", step: 62 });
    const inspected = await unrolledHere(["inspect", out, file(text), "--json"]);
    expect(JSON.parse(inspected.stdout).cells.length).toBeGreaterThan(0);
  });

  test("people see how many there are, and the loss in both units", async () => {
    const { stdout } = await unrolledHere([
      "train",
      "text",
      file(text),
      ...TINY,
      "--tokens",
      tokens,
      "--steps",
      "2",
      "--out",
      fresh(),
    ]);
    expect(stdout).toMatch(new RegExp(`^ +[\\d,]+ ${units}, [\\d,]+ different$`, "m"));
    expect(stdout).toMatch(
      new RegExp(
        `^to beat +[\\d.]+ nats per ${units.slice(0, -1)}: a trigram, which sees two ${units} back$`,
        "m",
      ),
    );
    expect(stdout).toMatch(
      new RegExp(`^done .* nats per ${units.slice(0, -1)} \\([\\d.]+ per character\\), `, "m"),
    );
  });
});

test("a resumed run ends with the bits of one that was never stopped", async () => {
  const whole = await run("bpe", "--vocab-size", "300");
  const out = fresh();
  await trained([
    file(text),
    ...TINY,
    "--tokens",
    "bpe",
    "--vocab-size",
    "300",
    "--steps",
    "40",
    "--eval-every",
    "30",
    "--out",
    out,
  ]);
  const [cut] = (await trained(["--resume", "--out", out, "--steps", "60", "--threads", "1"])).slice(-1);
  expect(cut.parametersSha256).toBe(whole.events.at(-1)!.parametersSha256);
});

test("--vocab-size bounds the vocabulary, which is learned from the training part alone", async () => {
  const late = `${text}${"zebra zebra zebra\n".repeat(20)}`;
  const out = fresh();
  const options = [
    "--tokens",
    "word",
    "--vocab-size",
    "6",
    "--steps",
    "1",
    "--val-split",
    "0.1",
    "--out",
    out,
  ];
  await trained([file(late), ...TINY, ...options]);
  const { data, model, settings } = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
  expect(data.vocabulary.words).toHaveLength(4);
  expect(data.vocabulary.words).not.toContain("zebra");
  expect([model.vocabulary, model.embedding, settings.vocabSize]).toEqual([6, 8, 6]);
});

test("words that the model does not know are <unk>, which is told; byte pairs can write everything", async () => {
  const words = await run("word");
  const sample = (prime: string, ...more: string[]) =>
    refused(["sample", words.out, "--prime", prime, "--length", "0", ...more]);
  const note = "read as <unk>; --skip-unknown leaves unknown words out\n";
  expect(await sample("the Ω")).toMatchObject({
    status: 0,
    stdout: "the <unk>",
    stderr: `note: --prime has a word that the model does not know: 'Ω', ${note}`,
  });
  expect((await sample("a <unk> é b a\r\nb c <eos> the")).stderr).toBe(
    `note: --prime has 3 words that the model does not know: 'é', 'b', 'c', ${note}`,
  );
  for (const quiet of [["the <unk> cat"], ["the\r\n<eos> cat"], ["the Ω cat", "--skip-unknown"]]) {
    expect((await sample(...(quiet as [string]))).stderr).toBe("");
  }
  expect((await sample("the Ω cat", "--skip-unknown")).stdout).toBe("the cat");
  expect((await sample("the\r\ncat<eos> <eos> saw", "--skip-unknown")).stdout).toBe("the\n\nsaw");

  const shown = await refused(["inspect", words.out, "the Ω cat"]);
  expect([shown.status, shown.stderr]).toEqual([
    0,
    `note: the text has a word that the model does not know: 'Ω', ${note}`,
  ]);
  const other = file(text.replaceAll("bird", "fish"));
  expect((await refused(["inspect", words.out, other])).stdout).toMatch(
    /^text .* words of .*, [\d.]+% of them unknown$/m,
  );
  expect((await evaluated(words.out, other)).metrics.unknownShare).toBeCloseTo(300 / 6300, 10);
  const skipping = await evaluated(words.out, other, "--skip-unknown");
  expect(skipping).toMatchObject({ items: 5999, metrics: { unknownShare: 300 / 6300 } });
  expect((await unrolledHere(["eval", words.out, other])).stdout).toMatch(/^unknown +4\.8% of the words$/m);
  const bytes = await run("bpe");
  expect((await unrolledHere(["sample", bytes.out, "--prime", "the Ω", "--length", "0"])).stdout).toBe(
    "the Ω",
  );
  expect((await evaluated(bytes.out, book)).items).toBeGreaterThan(100);
});

test("a training says which share of its words is unknown, to people and to programs", async () => {
  const rare = file(text.replaceAll("no", "none"));
  const args = ["--tokens", "word", "--vocab-size", "9", "--steps", "1", "--val", rare];
  const { stdout } = await refused(["train", "text", file(text), ...TINY, ...args, "--out", fresh()]);
  expect(stdout).toMatch(/^ +unknown words \(<unk>\): 9\.5% to train on, 17% to validate on$/m);
  const [start, ...events] = eventsOf(
    (await refused(["train", "text", file(text), ...TINY, ...args, "--out", fresh(), "--json"])).stdout,
  );
  expect(start.unknownShare).toBeCloseTo(600 / 6300, 10);
  const evaluation = events.find(({ event }) => event === "eval") as { metrics?: Record<string, number> };
  expect(evaluation.metrics!.unknownShare).toBeCloseTo(1050 / 6300, 10);
  for (const tokens of ["char", "bpe"]) {
    const more = ["--tokens", tokens, "--steps", "1", "--out", fresh(), "--json"];
    const plain = await refused(["train", "text", file(text), ...TINY, ...more]);
    expect(plain.stdout).not.toContain("unknownShare");
  }
});

test("weights bring their tokens with them", async () => {
  const { out } = await run("bpe", "--vocab-size", "280");
  const next = fresh();
  await trained([
    file(text),
    "--from",
    out,
    "--steps",
    "1",
    "--threads",
    "1",
    "--batch-size",
    "4",
    "--out",
    next,
  ]);
  const { settings } = JSON.parse(readFileSync(join(next, "run.json"), "utf8"));
  expect(settings).toMatchObject({ tokens: "bpe", vocabSize: 280 });
  const other = await unrolledHere([
    "train",
    "text",
    file(text),
    "--from",
    out,
    "--tokens",
    "word",
    "--out",
    fresh(),
  ]);
  expectRefusal(other, 2, /do not fit --tokens word \(they have bpe\)/);
});

test.each<[string[], RegExp]>([
  [["--tokens", "letters"], /--tokens must be one of char, word, bpe, got 'letters'/],
  [["--vocab-size", "100"], /--vocab-size 100 needs --tokens word or bpe/],
  [
    ["--tokens", "bpe", "--vocab-size", "256"],
    /--vocab-size must be from 257 to 65535 with --tokens bpe, got 256/,
  ],
  [
    ["--tokens", "word", "--vocab-size", "70000"],
    /--vocab-size must be from 3 to 65535 with --tokens word, got 70000/,
  ],
  [["--tokens", "word", "--vocab-size", "1.5"], /--vocab-size must be an integer of at least 1, got 1.5/],
])("%j is refused before anything is read", async (options, message) => {
  expectRefusal(await refused(["train", "text", "no-such-file.txt", ...options]), 2, message);
});
