import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.ts";
import { FLAG, refuseOthers, settle } from "../../src/core/options.ts";
import { showValue } from "../../src/core/show-value.ts";

describe("showValue", () => {
  it.each<[unknown, string]>([
    [undefined, "undefined"],
    [Number.NaN, "NaN"],
    ["a\nb", '"a\\nb"'],
    ["x".repeat(1000), `"${"x".repeat(60)}..."`],
    [Symbol("s"), "Symbol(s)"],
    [3n, "3n"],
    [[0.9, "1", null], '[0.9, "1", null]'],
    [new Array(100).fill(0), "[0, 0, 0, 0, 0, 0, 0, 0, ...]"],
    [() => 1, "a function"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [{ toString: undefined }, "an object"],
    [new Int32Array(3), "an Int32Array"],
    [new Map(), "a Map"],
    [{ dtype: "f32", shape: [2, 3] }, "a tensor [2, 3]"],
  ])("a value in a few words", (value, shown) => expect(showValue(value)).toBe(shown));

  it("throws nothing, whatever an object does", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(showValue(proxy)).toBe("an object that cannot be read");
    const round: unknown[] = [];
    round.push(round);
    expect(showValue(round)).toBe("[[[...]]]");
  });
});

describe("options that are no object of names", () => {
  it.each([
    [null],
    [5],
    ["lr"],
    [[]],
    [() => 1],
    [Symbol("s")],
    [new Map()],
    [Promise.resolve()],
    [new Float32Array(0)],
  ])("%o is refused", (given) => {
    const message = expect.stringMatching(/^adam: options must be an object, got /);
    const error = expect.objectContaining({ name: "InputError", message });
    expect(() => settle("adam", { on: FLAG }, { on: true }, given as never)).toThrow(error);
    expect(() => refuseOthers("adam", { on: 0 }, given as never)).toThrow(error);
  });

  it("instances of classes, and objects without a prototype, are objects of names", () => {
    class Mine {
      on = true;
    }
    expect(settle("adam", { on: FLAG }, {}, new Mine())).toEqual({ on: true });
    expect(settle("adam", { on: FLAG }, { on: true }, Object.create(null))).toEqual({ on: true });
    expect(() => settle<Mine>("adam", { on: FLAG }, {}, Object.assign(new Mine(), { off: 1 }))).toThrow(
      InputError,
    );
  });
});
