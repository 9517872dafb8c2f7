/** A training whose second thread dies, as a person sees it. */
import { expect, test } from "vitest";
import { book, eventsOf, file, fresh, trained, unrolled } from "./unrolled.ts";

/** A tanh cell whose worker ends at the step of the cell that the environment names. */
const cell = file(
  `import { isMainThread } from "node:worker_threads";
import { add, Linear, tanh, zeros } from "unrolled/nn";

let steps = 0;

export default class Mortal {
  constructor(inputs, hidden, options) {
    this.input = new Linear(inputs, hidden, options);
    this.recurrent = new Linear(hidden, hidden, options);
    this._hidden = hidden;
  }

  zeroState(batch) {
    return zeros([batch, this._hidden]);
  }

  step(x, state) {
    if (!isMainThread && ++steps === Number(process.env.LAST_STEP)) process.exit(0);
    const output = tanh(add(this.input.forward(x), this.recurrent.forward(state)));
    return { output, state: output };
  }
}
`,
  "mortal.js",
);

const SIZES = "--hidden 8 --seq-length 12 --batch-size 4 --threads 2 --save-every 1".split(" ");

test("exit status 1, the replica and the cause in one line, and a checkpoint that the run goes on from", async () => {
  const [whole, out] = [fresh(), fresh()];
  const args = [book, "--cell", cell, ...SIZES, "--steps", "9"];
  const expected = (await trained([...args, "--out", whole])).at(-1);

  // In the midst of the sixth step: twelve of the cell for each, and two that found the state's shape.
  const env = { LAST_STEP: "70" };
  const { status, stdout, stderr } = await unrolled(["train", "text", ...args, "--out", out, "--json"], {
    env,
  });
  expect(status).toBe(1);
  const events = eventsOf(stdout);
  expect(events.at(-1)).toMatchObject({
    event: "error",
    code: "REPLICA",
    message: "replica 1 stopped: its thread ended with code 0",
  });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(events.findLast(({ event }) => event === "checkpoint")).toMatchObject({ step: 5 });

  const end = (await trained(["--resume", "--out", out, "--threads", "2", "--save-every", "1"])).at(-1);
  expect(end).toMatchObject({ step: 9, parametersSha256: expected?.parametersSha256 });
});
