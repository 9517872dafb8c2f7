import { describe, expect, test } from "vitest";
import {
  book,
  ended,
  eventOf,
  eventsOf,
  expectRefusal,
  file,
  refused,
  start,
  unrolled,
  unrolledHere,
} from "./unrolled.ts";

const demo = (...args: string[]) => unrolledHere(["demo", "min-char-rnn", ...args]);

describe("unrolled demo min-char-rnn", () => {
  test("says what has to be beaten, and writes between iterations", async () => {
    const { status, stdout, stderr } = await demo(book, "--iterations", "201");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^loss {2}of 25 characters together; \d+\.\d knows nothing$/m);
    expect(stdout).toMatch(/^beat {2}\d+\.\d letters alone, \d+\.\d pairs of letters$/m);
    expect([...stdout.matchAll(/^iter (\d+) {2}loss \d+\.\d\d$/gm)].map(([, n]) => n)).toEqual([
      "0",
      "100",
      "200",
    ]);
    expect(stdout).toMatch(/^done {2}201 iterations in 0:\d\d, smooth loss \d+\.\d\d$/m);
  });

  test("learns: after 3000 iterations letters alone are beaten", async () => {
    const { stdout } = await demo(book, "--iterations", "3000", "--sample-every", "2000", "--json");
    const events = eventsOf(stdout);
    const [start, end] = [events[0], events.at(-1)!] as unknown as [
      { baselines: { unigram: number } },
      { smoothLoss: number; step: number; reason: string },
    ];
    expect(end).toMatchObject({ event: "end", step: 3000, reason: "steps" });
    expect(end.smoothLoss / 25).toBeLessThan(start.baselines.unigram);
    expect(events.filter(({ event }) => event === "sample").map(({ step }) => step)).toEqual([0, 2000]);
    const steps = events.filter(({ event }) => event === "step").map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 30 }, (_, index) => 100 * index));
    for (const { text } of events.filter(({ event }) => event === "sample")) {
      expect([...(text as string)].length).toBe(200);
    }
  });

  test("does the same for the same seed", async () => {
    const run = async (seed: string) =>
      eventsOf((await demo(book, "--iterations", "101", "--json", "--seed", seed)).stdout)
        .filter(({ event }) => event === "step" || event === "sample")
        .map(({ smoothLoss, text }) => smoothLoss ?? text);
    expect(await run("5")).toEqual(await run("5"));
    expect(await run("5")).not.toEqual(await run("6"));
  });

  test("takes the bundled corpus when no file is named, and standard input for -", async () => {
    const bundled = await demo("--iterations", "1", "--json");
    expect(eventsOf(bundled.stdout)[0]).toMatchObject({
      text: "the bundled corpus (this project's own source)",
    });
    const piped = await unrolled(["demo", "min-char-rnn", "-", "--iterations", "1", "--json"], {
      input: "a stone is a stone is a stone is a stone",
    });
    expect(eventsOf(piped.stdout)[0]).toMatchObject({ text: "standard input", characters: 40 });
  });

  test("reads line ends as the program does: CR, CRLF and LF are one", async () => {
    const text = (end: string) => file(["one line", "and another", "and the last", ""].join(end));
    const counts: unknown[] = [];
    for (const end of ["\r", "\r\n", "\n"]) {
      const { stdout } = await demo(text(end), "--iterations", "1", "--json");
      const [{ characters, vocabulary }] = eventsOf(stdout);
      counts.push([characters, vocabulary]);
    }
    expect(counts).toEqual([counts[2], counts[2], counts[2]]);
  });

  test("goes on until Ctrl-C, and then says where it is, with status 130", async () => {
    const child = start(["demo", "min-char-rnn", book, "--json"]);
    const outcome = ended(child);
    await eventOf(child, ({ event, step }) => event === "step" && step === 200);
    child.kill("SIGINT");
    const { status, stdout } = await outcome;
    expect(status).toBe(130);
    expect(eventsOf(stdout).at(-1)).toMatchObject({ event: "end", reason: "interrupted" });
  });

  test("--check compares 10 entries of each parameter, and exits with 0 where all agree", async () => {
    const { status, stdout } = await demo(book, "--check");
    expect(status).toBe(0);
    for (const name of ["Wxh", "Whh", "Why", "bh", "by"]) {
      expect(stdout.match(new RegExp(`^${name} +\\d.* ok$`, "gm")), name).toHaveLength(10);
    }
    expect(stdout).toMatch(/^all 50 agree/m);
    const json = eventsOf((await demo(book, "--check", "--json")).stdout);
    expect(json.slice(0, -1).every(({ event, passed }) => event === "check" && passed === true)).toBe(true);
    expect(json.at(-1)).toEqual({ event: "end", checked: 50, failed: 0 });
  });

  test("its help fits in 80 columns", async () => {
    for (const name of ["hello", "min-char-rnn"]) {
      const { status, stdout } = await unrolledHere(["demo", name, "--help"]);
      expect(status).toBe(0);
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
      expect(stdout).toMatch(/Examples:\n {2}npx unrolled demo /);
    }
  });

  test.each([
    ["a file that is not there", ["no-such-file.txt"], /'no-such-file\.txt' does not exist/],
    ["two files", [book, book], /too many arguments for 'min-char-rnn'/],
    ["iterations below 0", ["--iterations", "-1"], /--iterations must be an integer of at least 0, got -1/],
    ["half an iteration", ["--iterations", "0.5"], /--iterations must be an integer of at least 0, got 0\.5/],
    ["no samples", ["--sample-every", "0"], /--sample-every must be an integer of at least 1, got 0/],
    ["a seed that is no integer", ["--seed", "pi"], /--seed must be a number, got 'pi'/],
    [
      "an unknown backend",
      ["--backend", "gpu"],
      /--backend must be one of auto, native, wasm, reference, got 'gpu'/,
    ],
    ["an unknown option", ["--iteration", "3"], /unknown option '--iteration' — did you mean --iterations\?/],
    [
      "--check with iterations",
      ["--check", "--iterations", "3"],
      /--check does not go together with --iterations/,
    ],
    [
      "--check in float32",
      ["--check", "--backend", "wasm"],
      /--check does not go together with --backend wasm/,
    ],
    ["a text of 25 characters", [file("x".repeat(12) + "y".repeat(13))], /has 25 characters, .* at least 26/],
  ])("refuses %s in one line, with status 2", async (_, args, message) => {
    expectRefusal(await refused(["demo", "min-char-rnn", ...args]), 2, message);
  });
});
