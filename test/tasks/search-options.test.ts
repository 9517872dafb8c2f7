/** Options of a search: declared once, checked, and refused where a model has no use for them. */
import { describe, expect, test } from "vitest";
import { TASKS } from "../../src/tasks/index.ts";
import { pickSearch } from "../../src/tasks/search-options.ts";

const writer = { name: "writer", searches: true };

describe("pickSearch", () => {
  test("takes what was said among other options, and nothing else", () => {
    const options = { beam: 3, lengthPenalty: 0, text: "a", json: true, maxLength: undefined };
    expect(pickSearch(writer, options)).toEqual({ beam: 3, lengthPenalty: 0 });
    expect(pickSearch(writer, {})).toEqual({});
  });

  test.each([
    [{ beam: 0 }, "--beam must be an integer from 1 to 1,000, got 0"],
    [{ beam: 2.5 }, "--beam must be an integer from 1 to 1,000, got 2.5"],
    [{ lengthPenalty: -1 }, "--length-penalty must be a number from 0 to 10, got -1"],
    [{ lengthPenalty: Number.NaN }, "--length-penalty must be a number from 0 to 10, got NaN"],
    [{ maxLength: 1e9 }, "--max-length must be an integer from 1 to 100,000, got 1000000000"],
    [{ copyUnknown: "yes" }, '--copy-unknown must be true or false, got "yes"'],
    [{ beam: 2, best: 3 }, "--best 3 is more than the 2 hypotheses that are kept"],
  ])("refuses %j", (options, message) => {
    expect(() => pickSearch(writer, options as never)).toThrow(message);
  });

  test("refuses every option for a model that searches nothing", async () => {
    const classify = await TASKS.classify();
    expect(() => pickSearch(classify, { beam: 5 })).toThrow(
      "--beam is for models that write sequences, and this is one of classify",
    );
    expect(pickSearch(classify, {})).toEqual({});
  });
});
