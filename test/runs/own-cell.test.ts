import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { UnrolledError } from "../../src/core/errors.ts";
import { parameters, Rng, scope, stateTensors } from "../../src/nn/index.ts";
import { loadOwnCell } from "../../src/runs/own-cell.ts";
import { evalText, sampleText, trainText } from "../support/text-task.ts";
import { cellFile, cellText } from "../tasks/cells.ts";
import { fresh, hooks, optionsOf, train } from "../tasks/text-runs.ts";

const backend = createReferenceBackend();
const options = { rng: new Rng(1), backend };

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "nothing thrown",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UnrolledError);
  expect((error as UnrolledError).kind).toBe("input");
  return (error as UnrolledError).problem.replace(
    /the cell \S*\/cell-\d+-([\w.-]+?)(?=[: ]|$)/,
    "the cell $1",
  );
}

/** What is said of a file when its cell is loaded and made. */
const loading = async (text: string, name?: string) =>
  failure(loadOwnCell(cellFile(text, name)).then(({ create }) => create(3, 4, options)));

afterEach(() => vi.unstubAllGlobals());

describe("a file with a cell", () => {
  test("may export a class: its name is the cell's", async () => {
    const { create, name, sha256 } = await loadOwnCell(cellFile());
    expect([name, sha256.length]).toEqual(["Echo", 64]);
    const cell = create(3, 4, options);
    expect(parameters(cell).map(({ name }) => name)).toEqual([
      ...["input.weight", "input.bias", "recurrent.weight", "recurrent.bias"],
    ]);
    const state = scope(() => cell.zeroState(2), backend);
    expect(stateTensors(state).map(({ name }) => name)).toEqual(["h", "past.0"]);
  });

  test("may export a function that makes one, or be JavaScript; without a name the file's counts", async () => {
    const text = `import { Linear, zeros } from "unrolled/nn";
export default (inputs, hidden, options) => ({
  input: new Linear(inputs, hidden, options),
  zeroState: (batch) => zeros([batch, hidden]),
  step(x, h) { return { output: this.input.forward(x), state: h }; },
});`;
    const { create, name } = await loadOwnCell(cellFile(text, "plain.mjs"));
    expect(name).toMatch(/plain$/);
    expect(parameters(create(3, 4, options))).toHaveLength(2);
  });

  test("is read anew when it has changed", async () => {
    const path = cellFile();
    const first = await loadOwnCell(path);
    writeFileSync(path, cellText().replaceAll("Echo", "Changed"));
    expect((await loadOwnCell(path)).name).toBe("Changed");
    expect(first.name).toBe("Echo");
  });
});

describe("a file that is no cell is refused:", () => {
  test.each<[string, string, RegExp]>([
    [
      "without a default export",
      "export const a = 1;",
      /^the cell my-cell.ts must have a class or a function as its default export$/,
    ],
    [
      "whose function returns nothing",
      "export default () => {};",
      /^the cell my-cell.ts must return a cell, got undefined$/,
    ],
    [
      "whose cell has no step",
      "export default () => ({ zeroState() {} });",
      /^the cell my-cell.ts returns the cell without a method step$/,
    ],
    [
      "without parameters",
      "export default () => ({ zeroState() {}, step() {} });",
      /^the cell my-cell.ts has no parameters, so it cannot learn$/,
    ],
    [
      "whose modules do not get the options",
      cellText().replaceAll("hidden, options)", "hidden, { rng: options.rng })"),
      /^the cell my-cell.ts: its parameter input.weight is on another backend than the model$/,
    ],
    [
      "that throws when it is made",
      "export default () => { throw new Error('no'); };",
      /^the cell my-cell.ts cannot be made: no/,
    ],
    [
      "that throws when it is loaded",
      "throw new Error('not now');",
      /^the cell my-cell.ts cannot be loaded: not now/,
    ],
    [
      "that imports what is not there",
      'import "./no-such-file.ts"; export default 1;',
      /^the cell my-cell.ts cannot be loaded: .*no-such-file/,
    ],
    [
      "that makes an op's mistake",
      'import { Linear } from "unrolled/nn"; export default (i, h, o) => new Linear(0, h, o);',
      /^Linear: inputs must be .* got 0, in the cell /,
    ],
  ])("%s", async (_, text, message) => {
    expect(await loading(text)).toMatch(message);
  });

  test("one that does not exist", async () => {
    expect(await failure(loadOwnCell(fresh("nowhere.ts")))).toMatch(/does not exist$/);
  });

  test("TypeScript, where Node cannot read it", async () => {
    const path = cellFile();
    vi.spyOn(process.features, "typescript", "get").mockReturnValue(false as never);
    expect(await failure(loadOwnCell(path))).toMatch(
      /is TypeScript, which needs Node 22\.18, this is Node \d/,
    );
    vi.restoreAllMocks();
  });
});

describe("a run with a cell of one's own", () => {
  test("learns, samples and is evaluated; a changed file is refused by each, the same one elsewhere is not", async () => {
    const cell = cellFile();
    const { folder, evals } = await train({ cell, steps: 60, evalEvery: 30, layers: 2 });
    expect(evals.at(-1)!.loss).toBeLessThan(0.8 * Math.log(40));
    const write = async (options: object) => {
      let text = "";
      for await (const piece of (await sampleText(folder, { length: 20, seed: 1, ...options })).pieces)
        text += piece;
      return text;
    };
    const before = await write({});
    const elsewhere = cellFile();
    writeFileSync(cell, cellText("// another"));
    const changed =
      /has changed since the training: its SHA-256 is [0-9a-f]{12}\.\.\., the run has [0-9a-f]{12}/;
    expect(await failure(write({}))).toMatch(changed);
    expect(await failure(evalText(folder, [], {}, hooks()))).toMatch(changed);
    expect(await failure(train({ resume: true, out: folder, steps: 61 }))).toMatch(changed);
    expect(await failure(train({ resume: true, out: folder, steps: 61, cell }))).toMatch(
      /cannot be resumed with --cell .*my-cell\.ts with SHA-256 [0-9a-f]{12}\.\.\. \(the run has [0-9a-f]{12}\.\.\.\)$/,
    );
    expect(await failure(train({ resume: true, out: folder, steps: 61, cell: "lstm" }))).toMatch(
      /cannot be resumed with --cell lstm \(the run has .*my-cell\.ts\)$/,
    );
    expect(await write({ cell: elsewhere })).toBe(before);
    const { end } = await train({ resume: true, out: folder, steps: 61, cell: elsewhere });
    expect(end.step).toBe(61);
    rmSync(cell);
    expect((await evalText(folder, [], { cell: elsewhere }, hooks())).items).toBeGreaterThan(100);
    copyFileSync(elsewhere, cell);
    expect(await write({})).not.toBe("");
  });

  test("begins from the weights of another one, of a changed cell too when its parameters fit", async () => {
    const cell = cellFile();
    const { folder } = await train({ cell, steps: 3 });
    const other = cellFile(cellText("// another"));
    const first = await train({ from: folder, steps: 1, cell: other });
    expect(first.end.step).toBe(1);
    const gru = trainText(optionsOf({ from: folder, steps: 1, cell: "gru", out: fresh() }), hooks());
    expect(await failure(gru)).toMatch(/do not fit --cell gru \(they have .*my-cell\.ts\)$/);
  });

  test("names cell, op and time when a step goes wrong, and saves nothing", async () => {
    const cell = cellFile(cellText("add(next, x);"));
    expect(await failure(train({ cell, steps: 1, hidden: 8, embedding: 4 }))).toMatch(
      /^add: .*\[\d+, 8\].*\[\d+, 4\].*, in step of Echo at time 0 \(.*:\d+\)$/,
    );
  });

  test("needs vectors: --embedding 0 is refused before anything is read", async () => {
    expect(await failure(train({ cell: cellFile(), embedding: 0, data: ["no-such-text"] }))).toMatch(
      /^a cell of your own reads vectors: --embedding must be at least 1, got 0$/,
    );
  });
});
