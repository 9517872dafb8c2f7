/** Advice for people who write a cell of their own, and for the backends that run it. */
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { probeNative } from "../../src/backend/native/native.ts";
import { createReferenceBackend, scope, type Tensor, tensor, zeros } from "../../src/index.ts";
import { type Cell, Linear, LSTMCell, Recurrent, Rng, tanh } from "../../src/nn/index.ts";
import { loadOwnCell } from "../../src/runs/own-cell.ts";
import { fresh } from "../cli/unrolled.ts";
import { cellText } from "../tasks/cells.ts";
import { type Entries, type Met, SHORT, works } from "./harness.ts";

const backend = createReferenceBackend();
const options = { rng: new Rng(1), backend };

type State = { h: Tensor; c?: Tensor };
type Returned = { output: Tensor; state: State };

/** Runs three steps of a cell whose step returns what `change` makes of the right thing. */
function runCell(change: (right: Returned, before: State, time: number) => unknown): void {
  const layer = new Linear(3, 3, options);
  let time = 0;
  const cell: Cell<State> & { layer: Linear } = {
    layer,
    zeroState: (batch) => ({ h: zeros([batch, 3], backend) }),
    step(x, state) {
      const h = tanh(layer.forward(x));
      return change({ output: h, state: { h } }, state, time++) as Returned;
    },
  };
  const x = tensor(new Float64Array(18), [2, 3, 3], "f32", backend);
  scope(() => new Recurrent(cell).forward(x), backend);
}

/** A cell that is wrong at first, and then as the advice says. */
function mended(
  wrong: (right: Returned, before: State, time: number) => unknown,
  right: (right: Returned, before: State, time: number) => unknown = (result) => result,
) {
  return async (met: Met) => {
    await met.code(() => runCell(wrong));
    runCell(right);
  };
}

let files = 0;
/** Loads and makes a cell from the text of its file. */
async function load(text: string, extension = "ts"): Promise<void> {
  const path = join(process.cwd(), `cell-${files++}.${extension}`);
  writeFileSync(path, text);
  try {
    (await loadOwnCell(path)).create(3, 4, options);
  } finally {
    rmSync(path);
  }
}

/** A file that is wrong at first, and then as the advice says. */
const mendedFile =
  (wrong: string, right = cellText()) =>
  async (met: Met) => {
    await met.code(() => load(wrong));
    await load(right);
  };

const maker = (methods: string, own = "new Linear(inputs, hidden, options)") => `
import { Linear, zeros } from "unrolled/nn";
export default (inputs, hidden, options) => ({ input: ${own}, ${methods} });`;
const METHODS = `zeroState: (batch) => zeros([batch, hidden]),
  step(x, h) { const next = this.input.forward(x); return { output: next, state: next }; }`;

export const CELLS: Entries = {
  "backend/native/native.ts": [
    {
      hint: "unset it for what this machine has",
      async follow(met) {
        vi.stubEnv("UNROLLED_CPU", process.arch === "arm64" ? "avx2" : "neon");
        await met.code(() => probeNative());
        vi.unstubAllEnvs();
        probeNative();
      },
    },
    {
      hint: "unset it, or use --precision high",
      elsewhere: [
        "backend/precision.test.ts",
        "UNROLLED_CPU=amx forces it where nothing is said, and contradicts highest",
      ],
    },
    {
      hint: "use *, or unset it for the best that this machine has",
      async follow(met) {
        vi.stubEnv("UNROLLED_CPU", "avx1");
        const hint = await met.code(() => probeNative());
        const best = probeNativeWithout();
        if (best !== undefined && !hint.includes(best)) throw new Error(`${best} is not in: ${hint}`);
        if (best !== undefined) {
          vi.stubEnv("UNROLLED_CPU", best);
          if (probeNative().instructions !== best) throw new Error("others than those that are named");
        }
      },
    },
  ],
  "nn/cell-check.ts": [
    { hint: "is there a return at its end?", follow: mended(() => undefined) },
    { hint: "return { output, state }", follow: mended(({ output }) => ({ output })) },
    {
      hint: "return a state with *",
      follow: mended(({ output }) => ({ output, state: { c: output } })),
    },
    {
      hint: "every step must return the same parts",
      follow: mended(
        ({ output, state }, _, time) => ({ output, state: time < 2 ? state : { ...state, c: output } }),
        ({ output, state }) => ({ output, state: { ...state, c: output } }),
      ),
    },
    {
      hint: "return the new state: { output, state: ... }",
      follow: mended(({ output }, before) => ({ output, state: before })),
    },
    {
      hint: "give the state that forward returned, or one like that of zeroState",
      async follow(met) {
        const layer = new Recurrent(new LSTMCell(3, 3, options));
        const x = tensor(new Float64Array(9), [1, 3, 3], "f32", backend);
        await met.code(() =>
          scope(() => layer.forward(x, { state: { h: zeros([1, 3], backend) } as never }), backend),
        );
        scope(() => {
          const { state } = layer.forward(x);
          layer.forward(x, { state });
          layer.forward(x, { state: layer.zeroState(1) });
        }, backend);
      },
    },
  ],
  "nn/cell-state.ts": [
    {
      hint: "numbers that a cell has to remember go into a tensor, a row for each sequence of the batch",
      follow: mended(
        ({ output, state }) => ({ output, state: { ...state, c: 1 } }),
        ({ output, state }) => ({ output, state: { ...state, c: zeros([2, 1], backend) } }),
      ),
    },
  ],
  "runs/own-cell.ts": [
    {
      hint: "* takes * or a TypeScript or JavaScript file",
      async follow(met) {
        await met.command(`train text mybook.txt ${SHORT} --cell ./missing.js`);
        writeFileSync("present.mjs", maker(METHODS));
        for (const cell of ["rnn", "lstm", "gru", "./present.mjs"]) {
          await works(`train text mybook.txt ${SHORT} --cell ${cell} --out ${fresh()}`);
        }
      },
    },
    {
      hint: "run this where it was trained, or say with * where the file is now",
      async follow(met) {
        const out = await trainOwn();
        mkdirSync("moved", { recursive: true });
        renameSync("own.mjs", "moved/own.mjs");
        await met.command(`sample ${out} --length 5`);
        await works(`sample ${out} --length 5 --cell moved/own.mjs`);
        renameSync("moved/own.mjs", "own.mjs");
        await works(`sample ${out} --length 5`);
      },
    },
    {
      hint: "restore the file, or say with * where the one of the training is",
      async follow(met) {
        const out = await trainOwn();
        copyFileSync("own.mjs", "former.mjs");
        writeFileSync("own.mjs", `${maker(METHODS)} // changed`);
        await met.command(`sample ${out} --length 5`);
        await works(`sample ${out} --length 5 --cell former.mjs`);
        copyFileSync("former.mjs", "own.mjs");
        await works(`sample ${out} --length 5`);
      },
    },
    {
      hint: "use a newer Node, or a .js file",
      async follow(met) {
        const typescript = vi.spyOn(process.features, "typescript", "get").mockReturnValue(false as never);
        try {
          await met.code(() => load(cellText()));
          await load(maker(METHODS), "mjs");
        } finally {
          typescript.mockRestore();
        }
      },
    },
    {
      hint: "export default class MyCell { constructor(inputs, hidden, { rng, backend }) ... }",
      follow: mendedFile(
        "export const cell = 1;",
        `import { Linear, zeros } from "unrolled/nn";
export default class MyCell {
  constructor(inputs, hidden, { rng, backend }) { this.input = new Linear(inputs, hidden, { rng, backend }); }
  zeroState(batch) { return zeros([batch, 4]); }
  step(x, h) { return { output: h, state: h }; }
}`,
      ),
    },
    {
      hint: "Node only takes the types away: no enum, no namespace, no constructor(private x)",
      elsewhere: ["cli/own-cell.test.ts", "Node only takes the types away"],
    },
    {
      hint: "a cell is an object with zeroState(batch) and step(x, state)",
      follow: mendedFile("export default () => {};", maker(METHODS)),
    },
    {
      hint: "a cell is an object with zeroState(batch) and step(x, state)",
      follow: mendedFile("export default () => ({ zeroState() {} });", maker(METHODS)),
    },
    {
      hint: "keep its modules (Linear, ...) in fields whose names do not begin with _",
      follow: mendedFile(maker(METHODS).replace("{ input:", "{ _input:"), maker(METHODS)),
    },
    {
      hint: "hand the options on: new Linear(inputs, hidden, options)",
      follow: mendedFile(
        maker(METHODS, "new Linear(inputs, hidden, { rng: options.rng })"),
        maker(METHODS, "new Linear(inputs, hidden, options)"),
      ),
    },
  ],
};

/** A run with the cell in own.mjs. Returns its folder. */
async function trainOwn(): Promise<string> {
  const out = fresh();
  writeFileSync("own.mjs", maker(METHODS));
  await works(`train text mybook.txt ${SHORT} --cell ./own.mjs --out ${out}`);
  return out;
}

/** What this machine has, whatever UNROLLED_CPU says. */
function probeNativeWithout(): string | undefined {
  const said = process.env.UNROLLED_CPU;
  delete process.env.UNROLLED_CPU;
  try {
    return probeNative().instructions;
  } finally {
    if (said !== undefined) process.env.UNROLLED_CPU = said;
  }
}
