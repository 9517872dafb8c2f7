import { afterAll, describe, expect, it } from "vitest";
import * as core from "../../src/core/errors.ts";
import { BinaryContentError } from "../../src/data/index.ts";
import { CheckpointVersionError } from "../../src/io/index.ts";

const { InputError, problemOf, UnrolledError } = core;

type Thrown = InstanceType<typeof UnrolledError>;

/** One of each class that a caller may meet, under its name. */
const MAKE: Record<string, () => Thrown> = {
  UnrolledError: () => new UnrolledError("CODE", "failure", "it broke"),
  InputError: () => new InputError("it broke"),
  ShapeError: () => new core.ShapeError("x", "[2]", "[3]"),
  StaleTensorError: () => new core.StaleTensorError("tensor [2]"),
  ScopeError: () => new core.ScopeError("it broke"),
  OutOfMemoryError: () => new core.OutOfMemoryError("tensor [2]", 8, 4, 0),
  FormatError: () => new core.FormatError("file", "it broke"),
  LockError: () => new core.LockError("it broke"),
  StorageError: () => new core.StorageError("it broke"),
  DivergenceError: () => new core.DivergenceError(3, "loss", Number.NaN),
  ReplicaError: () => new core.ReplicaError(1, "it broke"),
  BinaryContentError: () => new BinaryContentError("file", 3),
  CheckpointVersionError: () => new CheckpointVersionError("file", "9"),
};

const classes = { ...core, BinaryContentError, CheckpointVersionError };

describe("the name of an error", () => {
  const all = Object.entries(classes).filter(
    ([, value]) =>
      typeof value === "function" && (value === UnrolledError || value.prototype instanceof UnrolledError),
  );
  const former = all.map(([, value]) => [value, (value as { name: string }).name] as const);
  afterAll(() => {
    for (const [value, name] of former) Object.defineProperty(value, "name", { value: name });
  });

  it("is known here for every class", () => {
    expect(Object.keys(MAKE).sort()).toEqual(all.map(([name]) => name).sort());
  });

  it("stays when a minifier renames the classes", () => {
    for (const [value] of former) Object.defineProperty(value, "name", { value: "t" });
    for (const [name, make] of Object.entries(MAKE)) expect(make().name).toBe(name);
  });
});

describe("a hint", () => {
  const error = new InputError("rate must be above 0, got 0", { hint: "leave it out" });

  it("is the end of the message, and a field", () => {
    expect(error.message).toBe("rate must be above 0, got 0 — leave it out");
    expect(String(error)).toBe("InputError: rate must be above 0, got 0 — leave it out");
    expect([error.problem, error.hint]).toEqual(["rate must be above 0, got 0", "leave it out"]);
    expect(error.stack).toContain("— leave it out");
  });

  it("stays at the end when the place is added, once", () => {
    const placed = new InputError("it broke", { hint: "mend it" })
      .inContext("in step 3")
      .inContext("in step 4");
    expect(placed.message).toBe("it broke, in step 3 — mend it");
  });

  it("is left out where one error tells of another", () => {
    expect(problemOf(error)).toBe("rate must be above 0, got 0");
    expect(problemOf(structuredClone(Object.assign(new Error("whole"), {})))).toBe("whole");
    expect(problemOf(new TypeError("not ours"))).toBe("not ours");
    expect(problemOf("a string")).toBe("a string");
  });

  it("does not stand in a message without one", () => {
    expect(new InputError("it broke").message).toBe("it broke");
  });
});
