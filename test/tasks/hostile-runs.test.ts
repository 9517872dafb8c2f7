/** Runs and checkpoints that somebody has made by hand: a line that says what is wrong, and nothing happens elsewhere. */

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { DivergenceError, UnrolledError } from "../../src/core/errors.ts";
import { BpeTokenizer, tokenizerFromJSON } from "../../src/data/index.ts";
import { decodeCheckpoint, encodeCheckpoint, type TensorsToStore } from "../../src/io/index.ts";
import { describeRun, differences, listRuns } from "../../src/runs/run-list.ts";
import { evalText, inspectText, sampleText } from "../support/text-task.ts";
import { book, checkpointPath, filesOf, fresh, hooks, train } from "./text-runs.ts";

let run: string;
let runJson: Record<string, unknown>;
beforeAll(async () => {
  run = (await train({ steps: 4, evalEvery: 2 })).folder;
  runJson = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
});

function copy(): string {
  const folder = fresh("hostile");
  cpSync(run, folder, { recursive: true });
  return folder;
}

const withRunJson = (text: string): string => {
  const folder = copy();
  writeFileSync(join(folder, "run.json"), text);
  return folder;
};

async function sampled(path: string): Promise<void> {
  for await (const _ of (await sampleText(path, { length: 2, seed: 1 })).pieces);
}

const resume = (folder: string) => train({ resume: true, out: folder, steps: 5, evalEvery: 100 });

/** An error of this package with one line, or undefined where it worked. */
async function refusal(work: () => Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return undefined;
  expect(error).toBeInstanceOf(UnrolledError);
  // A learning rate of 1e300 is one, and what it does is told with the value of the loss.
  if (!(error instanceof DivergenceError)) {
    expect((error as UnrolledError).message).not.toMatch(/NaN|\[object/);
  }
  return (error as UnrolledError).problem;
}

/** What a file from anybody may hold in the place of any value. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, -1, 0, 0.5, 1e9, 1e300, 2 ** 53, "", "constructor", "__proto__", "../..", "\u001b[2J"],
    ...[[], {}, { toString: 1, valueOf: 1 }, [{ toString: 1 }], JSON.parse('{"__proto__":{"polluted":1}}')],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Every place in a JSON value, as the keys that lead there. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null || path[1] === "vocabulary") return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

/** The JSON text of `value` with something else in one place. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const inner = (value as Record<string, unknown>)[key];
  return Array.isArray(value)
    ? value.map((item, at) => (`${at}` === key ? replaced(item, rest, by) : item))
    : { ...(value as object), [key]: replaced(inner, rest, by) };
}

describe("with anything in any place of", () => {
  test("run.json every command works or says what is wrong", async () => {
    const places = placesOf(runJson);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), hostile, async (place, value) => {
        const folder = withRunJson(JSON.stringify(replaced(runJson, place, value)));
        await refusal(() => sampled(folder));
        await refusal(() => evalText(folder, [], {}, hooks()));
        await refusal(() => describeRun(folder, hooks().onNote));
        await refusal(() => resume(folder));
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
        rmSync(folder, { recursive: true });
      }),
      {
        numRuns: 80,
        examples: [
          [["settings", "threads"], 1],
          [["threads"], 10_000],
          [["limits", "steps"], "x"],
        ],
      },
    );
  });

  test("a checkpoint's metadata it is read or refused", async () => {
    const path = checkpointPath(run, 4);
    const { metadata, tensors } = await decodeCheckpoint(readFileSync(path), path);
    const stored = new Map(
      [...tensors].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data() }]),
    );
    const facts = ["model", "vocabulary"].map((name) => [name, JSON.parse(metadata[name])]);
    const places = placesOf({ ...metadata, ...Object.fromEntries(facts) }).filter(
      (place) => place.length > 0,
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), hostile, async (place, value) => {
        const [name, ...rest] = place;
        const before =
          name === "model" || name === "vocabulary" ? JSON.parse(metadata[name]) : metadata[name];
        const after = replaced(before, rest, value);
        const text = typeof after === "string" ? after : JSON.stringify(after);
        const file = fresh("checkpoint.safetensors");
        writeFileSync(file, await encodeCheckpoint(stored as TensorsToStore, { ...metadata, [name]: text }));
        await refusal(() => sampled(file));
        await refusal(() => inspectText(file, book, { length: 200 }, hooks()));
      }),
      { numRuns: 60 },
    );
  });

  test("metrics.jsonl and best.json runs are listed and compared", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), hostile, async (line, value) => {
        const folder = copy();
        const event = { event: "eval", split: "validation", step: value, loss: value };
        writeFileSync(join(folder, "metrics.jsonl"), `${JSON.stringify(event)}\n${line}\n`);
        writeFileSync(join(folder, "checkpoints", "best.json"), JSON.stringify({ step: value, loss: value }));
        const own = hooks();
        const found = await describeRun(folder, own.onNote);
        for (const { step, loss } of found.evaluations)
          expect([typeof step, typeof loss]).toEqual(["number", "number"]);
        expect(differences([found, found])).toEqual([]);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 50 },
    );
  });
});

/** Reads the run.json, which a sample does without. */
const evaluated = (folder: string) => evalText(folder, [], {}, hooks());

describe("a run.json", () => {
  const refused = async (
    change: object,
    message: RegExp,
    work: (folder: string) => Promise<unknown> = evaluated,
  ) => {
    const folder = withRunJson(JSON.stringify({ ...runJson, ...change }));
    const before = filesOf(folder);
    expect(await refusal(() => work(folder))).toMatch(message);
    expect(filesOf(folder)).toEqual(before);
  };

  test("that names a cell though its model has none loads none", async () => {
    const folder = withRunJson(JSON.stringify({ ...runJson, cellFile: { path: 5 } }));
    expect((await resume(folder)).end.step).toBe(5);
    expect(JSON.parse(readFileSync(join(folder, "run.json"), "utf8"))).not.toHaveProperty("cellFile");
  });

  test("whose settings and model are two is refused", async () => {
    const settings = { ...(runJson.settings as object), hidden: 9 };
    await refused({ settings }, /settings describe another model than model does/);
    const model = { ...(runJson.model as object), hidden: 9 };
    await refused(
      { settings, model },
      /step-4\.safetensors: is of another model than run\.json describes/,
      resume,
    );
  });

  test("with settings that nobody can say is refused", async () => {
    const settings = runJson.settings as object;
    await refused({ settings: { ...settings, lr: -1 } }, /run\.json: settings: --lr must be/);
    await refused(
      { settings: { ...settings, tokens: "constructor" } },
      /settings: --tokens must be one of char, word, bpe/,
    );
    await refused(
      { settings: { ...settings, optimizer: "toString" } },
      /settings: --optimizer must be one of/,
    );
    await refused({ threads: 10_000 }, /run\.json: --threads must be an integer from 1 to 256/);
    await refused({ shards: 0 }, /run\.json: --shards must be an integer from 1 to 4096/);
    await refused({ shards: "2" }, /run\.json: shards: .*number/);
    await refused({ limits: { steps: "x" } }, /limits\.steps: .*number/);
    await refused({ limits: { epochs: -1 } }, /limits: --epochs must be/);
  });

  test.each([
    ["a device that never ends", "/dev/zero"],
    ["a share of another machine", "\\\\evil\\share\\book.txt"],
    ["the same with slashes", "//evil/share/book.txt"],
    ["a Windows device", "\\\\.\\pipe\\evil"],
  ])("that names %s as its text has nothing of it read", async (_, path) => {
    const data = { ...(runJson.data as object), paths: [path] };
    const message = /names .* as its text, which is no ordinary file or folder here/;
    for (const work of [resume, (folder: string) => evalText(folder, [], {}, hooks())]) {
      await refused({ data }, message, work);
    }
    const held = { ...(runJson.data as object), validation: { path, fingerprint: "0" } };
    await refused({ data: held }, message, resume);
    await refused({ data: held }, message, (folder) => inspectText(folder, undefined, {}, hooks()));
  });
});

describe.skipIf(process.platform === "win32")("a folder with more than files and folders:", () => {
  const pipe = (path: string) => {
    rmSync(path, { recursive: true, force: true });
    execFileSync("mkfifo", [path]);
  };

  test("a named pipe is not waited for", async () => {
    for (const name of [
      "run.json",
      "metrics.jsonl",
      "samples.jsonl",
      "checkpoints/best.json",
      "checkpoints/step-4.safetensors",
    ]) {
      const folder = copy();
      pipe(join(folder, name));
      const message = `${name} is no regular file, but a pipe or a device`;
      if (!name.endsWith(".jsonl")) expect(await refusal(() => evaluated(folder))).toContain(message);
      expect(await refusal(() => resume(folder))).toContain(message);
    }
    const data = fresh("pipe");
    pipe(data);
    const folder = withRunJson(
      JSON.stringify({ ...runJson, data: { ...(runJson.data as object), paths: [data] } }),
    );
    expect(await refusal(() => resume(folder))).toContain("as its text, which is no ordinary file or folder");
  });

  test("nothing is written or removed through a link", async () => {
    for (const name of ["checkpoints", "metrics.jsonl", "samples.jsonl"]) {
      const folder = copy();
      // Somebody's other run, whose files the names of this one fit.
      const theirs = fresh("theirs");
      renameSync(join(folder, name), theirs);
      symlinkSync(theirs, join(folder, name));
      const before = name === "checkpoints" ? filesOf(theirs) : readFileSync(theirs, "utf8");
      expect(await refusal(() => resume(folder))).toBe(
        `${join(folder, name)} is a symbolic link: a run is not written through links`,
      );
      expect(name === "checkpoints" ? filesOf(theirs) : readFileSync(theirs, "utf8")).toEqual(before);
      expect(existsSync(join(folder, ".lock"))).toBe(false);
      // Whoever reads may have them where they like, and the run itself may be a link.
      await sampled(folder);
      const whole = fresh("link");
      symlinkSync(copy(), whole);
      expect((await resume(whole)).end.step).toBe(5);
    }
  });

  test("a link that leads nowhere makes no file there", async () => {
    const folder = copy();
    const nowhere = join(fresh("not-yet"), "log");
    mkdirSync(join(nowhere, ".."));
    rmSync(join(folder, "metrics.jsonl"));
    symlinkSync(nowhere, join(folder, "metrics.jsonl"));
    expect(await refusal(() => resume(folder))).toContain("is a symbolic link");
    expect(existsSync(nowhere)).toBe(false);
  });

  test("links of run.json and best.json are replaced, not what they lead to", async () => {
    const folder = copy();
    const theirs = fresh("theirs");
    mkdirSync(theirs);
    for (const name of ["run.json", "checkpoints/best.json"]) {
      const target = join(theirs, name.replace("/", "-"));
      renameSync(join(folder, name), target);
      symlinkSync(target, join(folder, name));
    }
    const before = filesOf(theirs);
    await train({ resume: true, out: folder, steps: 40, evalEvery: 4 });
    expect(filesOf(theirs)).toEqual(before);
  });
});

describe("a small file that asks for much memory is refused:", () => {
  test("a checkpoint whose model is larger than itself", async () => {
    const path = checkpointPath(run, 4);
    const { metadata, tensors } = await decodeCheckpoint(readFileSync(path), path);
    const stored = new Map(
      [...tensors].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data() }]),
    );
    const file = fresh("large.safetensors");
    const model = JSON.parse(metadata.model);
    for (const change of [
      { hidden: 4000 },
      { layers: 1000 },
      { cell: "own", embedding: 8, layers: 100_000 },
    ]) {
      const cellFile = JSON.stringify({ path: "./cell.mjs", sha256: "0".repeat(64) });
      const facts = { ...metadata, cellFile, model: JSON.stringify({ ...model, ...change }) };
      writeFileSync(file, await encodeCheckpoint(stored as TensorsToStore, facts));
      expect(await refusal(() => sampled(file))).toMatch(
        /holds \d+ numbers, which is less than its model has/,
      );
    }
  });

  test("byte pairs each twice as long as the one before", () => {
    const merges = Array.from({ length: 60 }, (_, n) => (n === 0 ? "97 97" : `${255 + n} ${255 + n}`));
    expect(() => tokenizerFromJSON({ kind: "bpe", merges }, "file")).toThrow(
      /^file: the symbols up to merge 25 have more than 67108864 bytes$/,
    );
    // Real ones may be long too.
    const long = BpeTokenizer.train([" ".repeat(2 ** 18)], 300);
    expect(tokenizerFromJSON(JSON.parse(JSON.stringify(long))).size).toBe(long.size);
  });
});

test("a list of runs goes on where one is damaged, and tells it", async () => {
  const folder = fresh("runs");
  mkdirSync(folder);
  for (const name of ["a", "b", "c"]) cpSync(run, join(folder, name), { recursive: true });
  writeFileSync(join(folder, "a", "checkpoints", "best.json"), "{");
  writeFileSync(join(folder, "b", "run.json"), "{");
  const own = hooks();
  const found = await listRuns(folder, own.onNote);
  expect(found.map(({ name, loss }) => [name, loss === null])).toEqual([
    ["a", true],
    ["c", false],
  ]);
  expect(own.notes).toHaveLength(2);
  expect(own.notes.join("\n")).toMatch(/the best loss of .*a is not known: .*best\.json: must be/);
  expect(own.notes.join("\n")).toMatch(/left out: .*run\.json: is not valid JSON/);
  expect(readdirSync(folder)).toEqual(["a", "b", "c"]);
});
