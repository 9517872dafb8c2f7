import { expect, test } from "vitest";
import { runHostile } from "./run.ts";

test("a run notices crashes, exits, bare errors, NaN and arguments that are ignored, and goes on behind each", async () => {
  const suite = new URL("./runner-suite.ts", import.meta.url);
  const { problems, calls } = await runHostile(suite, { backend: "reference", rounds: 0 });
  const ofSeven = problems.filter((problem) => problem.includes("value = 7"));
  expect(ofSeven.map((problem) => problem.replace(/ (at |file:).*/, ""))).toEqual([
    "bare: value = 7: threw a bare TypeError: Cannot read properties of undefined (reading 'a')",
    "crash: value = 7: ended the process, SIGSEGV",
    "exit: value = 7: ended the process, exit 3",
    "NaN: value = 7: gave NaN",
    "stray: value = 7: left behind a bare TypeError: nobody waits",
    "shown: value = 7: a message that shows no value: got [object Object]",
    "ignored: value = 7: was accepted",
  ]);
  expect(problems).toContain("careless: options.mispelt = 1: was accepted");
  expect(problems).toContain("careless: options = null: was accepted");
  expect(calls).toBeGreaterThan(7 * 80);
});
