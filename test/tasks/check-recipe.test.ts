/** `unrolled check` on a task with planted defects: each is found by the check that is there for it. */
import { describe, expect, test } from "vitest";
import { type CheckName, type CheckResult, checkRecipe } from "../../src/tasks/recipe.ts";
import type { Checked } from "../../src/tasks/recipe-training.ts";
import { planted } from "../support/planted-task.ts";

async function check(checked: Checked, seconds = 30): Promise<Record<CheckName, CheckResult>> {
  const results: [CheckName, CheckResult][] = [];
  for await (const result of checkRecipe(checked, seconds)) results.push([result.check, result]);
  return Object.fromEntries(results) as Record<CheckName, CheckResult>;
}

/** The checks that did not pass, with their verdicts. */
const complaints = (results: Record<CheckName, CheckResult>) =>
  Object.fromEntries(
    Object.values(results)
      .filter(({ verdict }) => verdict !== "passed")
      .map((result) => [result.check, result.verdict]),
  );

test("sound", async () => {
  const results = await check(planted());
  expect(complaints(results)).toEqual({});
});
