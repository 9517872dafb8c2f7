/** `--cell FILE`, as a user types it. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  book,
  emptyFolder,
  expectNothingAt,
  expectRefusal,
  file,
  fresh,
  TINY,
  trained,
  unrolled,
  unrolledHere,
} from "./unrolled.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");
/** Node that reads TypeScript as it is; older ones are told to take a .js file. */
const typescript = process.features.typescript ? test : test.skip;

const lossesOf = (events: readonly { event: string; loss?: unknown }[]) =>
  events.filter(({ event }) => event === "eval").map(({ loss }) => loss as number);

describe("an example's cell", () => {
  typescript.each(["my-cell.ts", "leaky-cell.ts", "min-gru.ts"])(
    "%s trains, samples, is evaluated and goes on",
    async (name) => {
      // Outside of the repository, where nobody has installed the package.
      const cwd = emptyFolder();
      copyFileSync(join(EXAMPLES, name), join(cwd, name));
      const out = join(cwd, "run");
      const events = await trained(
        [book, ...TINY, "--cell", `./${name}`, "--steps", "60", "--eval-every", "20", "--out", out],
        { cwd },
      );
      const losses = lossesOf(events);
      expect(losses.at(-1)).toBeLessThan(losses[0]);
      expect(losses.at(-1)).toBeLessThan(3);
      const run = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
      expect(run.cellFile).toEqual({ path: `./${name}`, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });

      const sampled = await unrolledHere(["sample", out, "--length", "30", "--seed", "1"], cwd);
      expect([sampled.status, sampled.stdout.length]).toEqual([0, 30]);
      const evaluated = await unrolledHere(["eval", out, "--json"], cwd);
      expect(JSON.parse(evaluated.stdout).loss).toBeCloseTo(Math.min(...losses), 3);
      const resumed = await trained(["--resume", "--out", out, "--steps", "61"], { cwd });
      expect(resumed.at(-1)).toMatchObject({ event: "end", step: 61 });
    },
  );

  typescript("is what people see as the model", async () => {
    const { stdout, status } = await unrolledHere([
      ...["train", "text", book, ...TINY, "--cell", join(EXAMPLES, "my-cell.ts"), "--steps", "1"],
      ...["--out", fresh(), "--layers", "2", "--tie-weights"],
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^model +my-cell, 2 layers of 8, on tied vectors of 8: [\d,]+ parameters$/m);
  });
});

describe("is refused in one line, before any run is made:", () => {
  const out = fresh();
  const refusal = async (cell: string, ...more: string[]) => {
    const outcome = await unrolled(["train", "text", book, ...TINY, "--cell", cell, "--out", out, ...more]);
    expectNothingAt(out);
    return outcome;
  };

  test("a cell that is neither built in nor a file", async () => {
    expectRefusal(
      await refusal("gur"),
      2,
      /--cell must be one of rnn, lstm, gru or a file, got 'gur' — did you mean gru\?/,
    );
    expectRefusal(
      await refusal("transformer"),
      2,
      /got 'transformer' — a cell of your own: --cell \.\/my-cell\.ts/,
    );
  });

  test("a file that is not there", async () => {
    expectRefusal(await refusal("./nowhere.ts"), 2, /the cell \.\/nowhere\.ts does not exist — --cell takes/);
  });

  test("a file that is no cell, and one with a mistake in its syntax", async () => {
    expectRefusal(
      await refusal(file("export const a = 1;", "a.mjs")),
      2,
      /must have a class or a function as its default export/,
    );
    expectRefusal(
      await refusal(file("export default class {", "b.mjs")),
      2,
      /b\.mjs cannot be loaded: Unexpected end of input/,
    );
  });

  typescript("TypeScript that Node cannot simply take the types from", async () => {
    const text = "enum A { B }\nexport default class {}";
    expectRefusal(
      await refusal(file(text, "c.ts")),
      2,
      /c\.ts cannot be loaded: .*enum.* — Node only takes the types away/,
    );
  });

  // As an older Node does by itself.
  typescript("TypeScript, where Node cannot read it", async () => {
    const path = file("export default class {}", "d.ts");
    const env = { NODE_OPTIONS: "--no-experimental-strip-types" };
    const outcome = await unrolled(["train", "text", book, ...TINY, "--cell", path, "--out", out], { env });
    expectRefusal(
      outcome,
      2,
      /d\.ts is TypeScript, which needs Node 22\.18, this is Node \d.* — use a newer Node, or a \.js file/,
    );
  });

  test("one-hot input into an own cell, tied weights of two sizes", async () => {
    const cell = join(EXAMPLES, "my-cell.ts");
    expectRefusal(await refusal(cell, "--embedding", "0"), 2, /--embedding must be at least 1, got 0/);
    expectRefusal(
      await refusal("lstm", "--tie-weights", "--embedding", "5"),
      2,
      /tied weights need --embedding 8, as --hidden, got 5/,
    );
  });
});

describe("a mistake in a cell's step", () => {
  const text = (wrong: string) => `import { add, Linear, tanh, zeros } from "unrolled/nn";
export default class Wrong {
  constructor(inputs, hidden, options) {
    this.input = new Linear(inputs, hidden, options);
    this._hidden = hidden;
  }
  zeroState(batch) { return { h: zeros([batch, this._hidden]) }; }
  step(x, { h }) {
    const next = tanh(add(this.input.forward(x), h));
    ${wrong}
  }
}`;

  test.each<[string, string, RegExp]>([
    [
      "an op with two shapes",
      "return add(next, x);",
      /^error: add: .*\[1, 8\].*\[1, 5\].*, in step of Wrong at time 0/,
    ],
    ["no return", "", /^error: step of Wrong at time 0 must return \{ output, state \}, got undefined/],
    ["a forgotten state", "return { output: next };", /^error: step of Wrong at time 0 returned no state/],
    [
      "an error of its own",
      "return next.nothing.there;",
      /^error: step of Wrong at time 0 failed: Cannot read properties/,
    ],
  ])("%s is told with its time, and nothing is left behind", async (_, wrong, message) => {
    const out = fresh();
    const cell = file(text(wrong), "wrong.mjs");
    const outcome = await unrolledHere([
      "train",
      "text",
      book,
      ...TINY,
      "--embedding",
      "5",
      "--cell",
      cell,
      "--out",
      out,
      "--steps",
      "1",
    ]);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(outcome.status).toBe(2);
    expectNothingAt(out);
  });
});

describe("a run whose cell's file has changed", () => {
  test("is not resumed, sampled or evaluated, until the file is as it was or is named elsewhere", async () => {
    const cell = file(stripped, "cell.mjs");
    const out = fresh();
    await trained([book, ...TINY, "--cell", cell, "--steps", "2", "--out", out]);
    const copy = file(stripped, "copy.mjs");
    writeFileSync(cell, `${stripped}// changed\n`);
    const changed = /has changed since the training: its SHA-256 is .*, the run has .* — restore the file/;
    expectRefusal(await unrolledHere(["sample", out]), 2, changed);
    expectRefusal(await unrolledHere(["eval", out]), 2, changed);
    expectRefusal(
      await unrolledHere(["train", "text", "--resume", "--out", out, "--steps", "3"]),
      2,
      changed,
    );
    const named = await unrolledHere([
      "train",
      "text",
      "--resume",
      "--out",
      out,
      "--steps",
      "3",
      "--cell",
      cell,
    ]);
    expectRefusal(named, 2, /cannot be resumed with --cell .*cell\.mjs with SHA-256 .* \(the run has .*\)/);
    rmSync(cell);
    expectRefusal(
      await unrolledHere(["sample", out]),
      2,
      /does not exist — run this where it was trained, or say with --cell/,
    );
    expect((await unrolledHere(["sample", out, "--cell", copy, "--length", "5"])).status).toBe(0);
    const resumed = await trained(["--resume", "--out", out, "--steps", "3", "--cell", copy]);
    expect(resumed.at(-1)).toMatchObject({ step: 3 });
  });

  test("--cell says nothing about a model with a built-in cell", async () => {
    const out = fresh();
    await trained([book, ...TINY, "--steps", "1", "--out", out]);
    expectRefusal(
      await unrolledHere(["sample", out, "--cell", "./x.ts"]),
      2,
      /--cell \.\/x\.ts: the model has no cell of your own/,
    );
  });
});

const stripped = `import { add, Linear, tanh, zeros } from "unrolled/nn";
export default class Plain {
  constructor(inputs, hidden, options) {
    this.input = new Linear(inputs, hidden, options);
    this._hidden = hidden;
  }
  zeroState(batch) { return zeros([batch, this._hidden]); }
  step(x, h) {
    const next = tanh(add(this.input.forward(x), h));
    return { output: next, state: next };
  }
}
`;
