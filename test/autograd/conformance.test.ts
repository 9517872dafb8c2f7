import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import * as ops from "../../src/autograd/ops/index.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { type Case, evaluate, leavesOf, weigh } from "./conformance/case.ts";
import { elementwiseCases } from "./conformance/elementwise-cases.ts";
import { modelCases } from "./conformance/model-cases.ts";
import { shapeCases } from "./conformance/shape-cases.ts";

const cases: readonly Case[] = [...elementwiseCases, ...shapeCases, ...modelCases];
const named = cases.map((one) => [`${one.op} ${one.what}`, one] as const);

/** Central differences in float64 lose about six of sixteen digits. */
const GRADIENT_LIMIT = 1e-6;

/** Exports that the table need not hold, and where they are tested instead. */
const ELSEWHERE: Record<string, string> = {
  checkIds: "a check: conformance-errors.test.ts",
  NO_ROW: "a constant",
  argmax: "no gradient: argmax-equal.test.ts",
  equal: "no gradient: argmax-equal.test.ts",
  randomNormal: "takes no tensor: argmax-equal.test.ts",
  bindAdditiveMemory: "returns no tensor: attention.test.ts",
  bindDotMemory: "returns no tensor: attention.test.ts",
};

describe("the conformance table", () => {
  it("holds every op that is exported", () => {
    const tested = new Set(cases.map(({ op }) => op));
    const missing = Object.keys(ops).filter((name) => !tested.has(name) && !(name in ELSEWHERE));
    expect(missing).toEqual([]);
  });

  it("names only ops that are exported", () => {
    expect(cases.map(({ op }) => op).filter((op) => !(op in ops))).toEqual([]);
  });

  it("names every case once", () => {
    const names = named.map(([name]) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe("on the reference, the gradient of", () => {
  const backend = createReferenceBackend();

  it.each(named)("%s equals central differences", async (_name, one) => {
    const leaves = leavesOf(one, backend);
    const results = await checkGradients(() => weigh(one.run(leaves)), leaves);
    expect(results.map(({ name }) => name)).toEqual(Object.keys(one.inputs));
    for (const { name, error } of results) expect(error, name).toBeLessThanOrEqual(GRADIENT_LIMIT);
  });
});

const fast = backends.filter(({ backend }) => backend.name !== "reference");

describe.each(fast)("on $name", ({ backend, tolerance }) => {
  const reference = createReferenceBackend();

  it.each(named)("%s gives the reference's values and gradients", async (_name, one) => {
    const [got, expected] = [await evaluate(one, backend), await evaluate(one, reference)];
    expect(got.shapes).toEqual(expected.shapes);
    for (const [i, values] of expected.values.entries()) {
      expect(firstDifference(got.values[i], values, tolerance), `output ${i}`).toBeUndefined();
    }
    for (const [name, gradient] of Object.entries(expected.gradients)) {
      const difference = firstDifference(got.gradients[name] ?? [], gradient ?? [], tolerance);
      expect(difference, `gradient of ${name}`).toBeUndefined();
    }
  });
});
