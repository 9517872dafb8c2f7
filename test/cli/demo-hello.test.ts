import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HelloView } from "../../src/cli/demo-hello.ts";
import { helloDemo } from "../../src/demos/hello/demo.ts";
import { eventsOf, expectRefusal, refused, unrolled } from "./unrolled.ts";

describe("unrolled demo hello", () => {
  test("shows the network before and after, and why it needs a memory", async () => {
    const { status, stdout, stderr } = await unrolled(["demo", "hello"]);
    expect([status, stderr]).toEqual([0, ""]);
    const headings = ["Before training", "Training", "After training", "Why it needs a memory"];
    expect(stdout.split("\n").filter((line) => headings.includes(line))).toEqual(headings);
    expect(stdout).toMatch(/^ +\d+ {2}0\.\d{4} {2}hello$/m);
    expect(stdout).toMatch(/^letter pairs, best {2}0\.3466 {2}\(2 ln 2\)\/4$/m);
    const [, own] = /^this network +(\d\.\d+)/m.exec(stdout) ?? [];
    expect(Number(own)).toBeLessThan(0.3466);
  });

  test("shows all 33 weights before and after, in rows that are as long as their names say", async () => {
    const { stdout } = await unrolled(["demo", "hello"]);
    const [, ...parts] = stdout.split(/^(?:Before|After) training$/m);
    const tables = parts.map((part) => part.slice(0, part.indexOf("    step 1")));
    expect(tables).toHaveLength(2);
    for (const table of tables) expect(table.match(/[+-]\d\.\d\d/g)).toHaveLength(33);
    expect(tables[0]).not.toBe(tables[1]);
    expect(tables[1]).toMatch(/^W_xh +h +e +l +o +W_hh +h1' +h2' +h3' +W_hy +h1 +h2 +h3$/m);
  });

  test("writes what docs/demos.md shows", async () => {
    const page = readFileSync(new URL("../../docs/demos.md", import.meta.url), "utf8");
    const { stdout } = await unrolled(["demo", "hello"]);
    expect(page).toContain(`\`\`\`\n${stdout.slice(stdout.indexOf("\nTraining\n") + 1)}\`\`\`\n`);
  });

  test("prints plain characters without colours where there is no terminal", async () => {
    const { stdout } = await unrolled(["demo", "hello"]);
    expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
  });

  test.each([80, 40])(
    "fits in %i columns, with the steps below each other where they must be",
    async (columns) => {
      for (const seed of [1, 2, 3]) {
        const view = new HelloView(columns);
        for await (const event of helloDemo({ seed })) {
          for (const line of view.show(event)) {
            expect(line.length, line).toBeLessThanOrEqual(columns);
            expect(line).toBe(line.trimEnd());
          }
          if (event.event === "trace") {
            const matrices = view.show(event).filter((line) => line.startsWith("W_"));
            expect(matrices).toHaveLength(columns === 80 ? 1 : 3);
          }
        }
      }
    },
  );

  test("writes the same for the same seed, and something else for another", async () => {
    const [first, again, other] = await Promise.all(
      ["5", "5", "6"].map((seed) => unrolled(["demo", "hello", "--seed", seed])),
    );
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
  });

  test("with --json writes one object a line", async () => {
    const { status, stdout } = await unrolled(["demo", "hello", "--json", "--seed", "2"]);
    expect(status).toBe(0);
    const all = eventsOf(stdout);
    const steps = all.filter(({ event }) => event === "step");
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, index) => index + 1));
    const others = all.map(({ event }) => event).filter((event) => event !== "step");
    expect(others).toEqual(["start", "trace", "trace", "memory", "end"]);
    expect(all[0]).toMatchObject({ task: "hello", seed: 2, backend: "reference", parameters: 33 });
  });

  test.each([
    ["no name", ["demo"], /demo needs a name — the demos are: hello/],
    ["an unknown name", ["demo", "helo", "--seed", "3"], /there is no demo 'helo' — did you mean hello\?/],
    ["an argument too many", ["demo", "hello", "world"], /too many arguments for 'hello'/],
    ["an unknown option", ["demo", "hello", "--sed", "3"], /unknown option '--sed' — did you mean --seed\?/],
    ["a seed that is no number", ["demo", "hello", "--seed", "x"], /--seed must be a number, got 'x'/],
    ["a seed that is no integer", ["demo", "hello", "--seed", "1.5"], /--seed must be an integer, got 1\.5/],
  ])("refuses %s in one line, with status 2", async (_, args, message) => {
    expectRefusal(await refused(args), 2, message);
  });
});
