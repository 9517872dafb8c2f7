import { describe, expect, test, vi } from "vitest";
import { gradcheck } from "../../src/cli/gradcheck.ts";
import type { LayerCheck } from "../../src/demos/gradcheck/run.ts";
import { mul, sum, tensor } from "../../src/nn/index.ts";
import { eventsOf, expectRefusal, refused, unrolled } from "./unrolled.ts";

/** The sum of squares, of which the tape is told one factor less: its gradient is half of what it should be. */
const HALF: LayerCheck = {
  name: "squares",
  build(backend) {
    const x = tensor([1, 2, 3], [3], "f32", backend);
    return { loss: () => sum(mul(x, x.keep())), leaves: { x } };
  },
};

const SQUARES: LayerCheck = {
  name: "right squares",
  build(backend) {
    const x = tensor([1, 2, 3], [3], "f32", backend);
    return { loss: () => sum(mul(x, x)), leaves: { x } };
  },
};

/** What the command writes for these checks, and the status that it ends with. */
async function run(checks: readonly LayerCheck[], json = false): Promise<{ status: number; stdout: string }> {
  let stdout = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text, ...rest: unknown[]) => {
    stdout += text;
    const done = rest.at(-1);
    if (typeof done === "function") done();
    return true;
  });
  try {
    return { status: await gradcheck(checks, json), stdout };
  } finally {
    spy.mockRestore();
  }
}

describe("unrolled gradcheck", () => {
  test("checks every layer, and ends with status 0 when all are right", async () => {
    const { status, stdout, stderr } = await unrolled(["gradcheck"]);
    expect([status, stderr]).toEqual([0, ""]);
    const rows = stdout.match(/^.+ +\d+ {2}\d\.\de-\d+ {2}ok$/gm) ?? [];
    expect(stdout).toContain(`all ${rows.length} agree with central differences to 1e-7`);
    for (const layer of [
      ...["RNN, tanh", "RNN, relu", "LSTM", "LSTM with projection", "GRU, reset after", "GRU, reset before"],
      ...[
        "LSTM, 2 layers, bidirectional",
        "LSTM, lengths",
        "Embedding",
        "Linear",
        "cross-entropy",
        "dropout",
      ],
      ...["RNNCell, tanh", "RNNCell, relu", "LSTMCell", "GRUCell, reset after", "GRUCell, reset before"],
    ]) {
      expect(
        rows.some((row) => row.startsWith(`${layer}  `)),
        layer,
      ).toBe(true);
    }
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("with --json writes a check a line, then how many failed", async () => {
    const { stdout } = await unrolled(["gradcheck", "--json"]);
    const events = eventsOf(stdout);
    expect(events.at(-1)).toEqual({ event: "end", checked: events.length - 1, failed: 0, tolerance: 1e-7 });
    for (const { event, passed, error } of events.slice(0, -1)) {
      expect([event, passed]).toEqual(["check", true]);
      expect(error).toBeLessThan(1e-7);
    }
  });

  test("ends with status 1 and says where, when one gradient is wrong", async () => {
    const { status, stdout } = await run([SQUARES, HALF]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^right squares +3 .* ok$/m);
    expect(stdout).toMatch(/^squares +3 .* WRONG in x$/m);
    expect(stdout).toMatch(/^1 of 2 are off by more than 1e-7: squares$/m);
    const json = await run([SQUARES, HALF], true);
    expect(json.status).toBe(1);
    expect(eventsOf(json.stdout).map(({ passed, failed }) => passed ?? failed)).toEqual([true, false, 1]);
  });

  test("its help fits in 80 columns and has an example", async () => {
    const { status, stdout } = await unrolled(["gradcheck", "--help"]);
    expect(status).toBe(0);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/Examples:\n {2}npx unrolled gradcheck/);
  });

  test.each([
    ["an argument", ["gradcheck", "lstm"], /too many arguments for 'gradcheck'/],
    ["an unknown option", ["gradcheck", "--jsn"], /unknown option '--jsn' — did you mean --json\?/],
  ])("refuses %s in one line, with status 2", async (_, args, message) => {
    expectRefusal(await refused(args), 2, message);
  });
});
