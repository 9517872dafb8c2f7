import { describe, expect, test } from "vitest";
import { Rng } from "../../src/core/rng.ts";
import { fitUnit, scoreFit, sortUnit, unitOf } from "../../src/inspect/follow.ts";
import { searchUnits, valuesOf } from "../../src/inspect/search.ts";
import { SIGNALS, type Signal } from "../../src/inspect/signals.ts";

const rng = new Rng(4);
const noise = (n: number, scale = 1) => Float32Array.from({ length: n }, () => scale * rng.normal());
const every = (n: number, period: number) =>
  Float32Array.from({ length: n }, (_, at) => Number(at % period === 0));

describe("a unit and a share", () => {
  const signal = every(1000, 4);

  test("that it follows exactly: score 1, with a threshold between the two values, in either direction", () => {
    const high = fitUnit(sortUnit(signal.map((value) => 0.2 + 0.4 * value)), signal, "share");
    expect(high).toMatchObject({ direction: 1, score: 1 });
    expect(high.threshold).toBeCloseTo(0.4);
    expect(fitUnit(sortUnit(signal.map((value) => -value)), signal, "share")).toMatchObject({
      direction: -1,
      score: 1,
    });
  });

  test("that it does not follow: near 0, and on other text nearer", () => {
    const unit = noise(2000);
    const fitted = fitUnit(sortUnit(unit.subarray(0, 1000)), signal, "share");
    expect(fitted.score).toBeGreaterThan(0);
    expect(fitted.score).toBeLessThan(0.2);
    expect(Math.abs(scoreFit(fitted, unit.subarray(1000), signal, "share"))).toBeLessThan(0.15);
  });

  test("scores the same whatever share of the text the signal holds for", () => {
    for (const period of [2, 10, 50]) {
      const rare = every(1000, period);
      // Right for all that hold, and for half of the others.
      const unit = rare.map((value, at) => (value > 0 ? 1 : (at >> 1) % 2));
      expect(scoreFit({ direction: 1, threshold: 0.5, score: 1 }, unit, rare, "share")).toBeCloseTo(0.5, 1);
    }
  });

  test("that it follows the other way round on other text: below 0", () => {
    const fitted = fitUnit(sortUnit(signal), signal, "share");
    expect(
      scoreFit(
        fitted,
        signal.map((value) => 1 - value),
        signal,
        "share",
      ),
    ).toBe(-1);
  });

  test("a unit that never changes follows nothing", () => {
    expect(fitUnit(sortUnit(new Float32Array(1000).fill(0.3)), signal, "share").score).toBe(0);
    expect(fitUnit(sortUnit(new Float32Array(1000)), signal, "amount").score).toBe(0);
  });

  test("an amount is followed by correlation, rising or falling", () => {
    const amount = Float32Array.from({ length: 1000 }, (_, at) => at % 60);
    const falling = fitUnit(sortUnit(amount.map((value) => -2 * value + 7)), amount, "amount");
    expect(falling.direction).toBe(-1);
    expect(falling.score).toBeCloseTo(1, 5);
    expect(scoreFit(falling, amount, amount, "amount")).toBeCloseTo(-1, 5);
  });
});

describe("the search", () => {
  const characters = Array.from({ length: 2000 }, (_, at) => (at % 5 === 0 ? "A" : "b"));
  const upper: Signal = {
    name: "upper case",
    kind: "share",
    of: (all) => Float32Array.from(all, (character) => Number(character === "A")),
  };
  const never: Signal = { name: "never", kind: "share", of: (all) => new Float32Array(all.length) };

  /** A layer of noise in which one unit says what it is told to. */
  function layer(width: number, planted: number, value: (at: number) => number) {
    const hidden = noise(2000 * width);
    for (let at = 0; at < 2000; at++) hidden[at * width + planted] = value(at);
    return { width, hidden, cell: undefined };
  }

  test("finds a planted unit in its layer, with a score that held out text confirms", () => {
    const layers = [
      layer(6, 0, () => 0),
      layer(6, 4, (at) => (at % 5 === 0 ? 0.9 : 0.1) + 0.1 * rng.normal()),
    ];
    const { cells, absent } = searchUnits(layers, valuesOf([upper, never], characters));
    expect(cells).toHaveLength(3);
    expect(cells[0]).toMatchObject({ layer: 1, unit: 4, signal: "upper case" });
    expect(cells[0].detects).toMatch(/^above 0\.[3-7]/);
    expect(cells[0].heldOutScore).toBeGreaterThan(0.98);
    for (const { heldOutScore } of cells.slice(1)) expect(Math.abs(heldOutScore)).toBeLessThan(0.15);
    expect(absent).toEqual(["never"]);
  });

  test("is not taken in by a unit that follows on the first half alone", () => {
    const layers = [layer(3, 1, (at) => (at < 1000 && at % 5 === 0 ? 1 : 0))];
    const [chosen] = searchUnits(layers, valuesOf([upper], characters), 1).cells;
    expect(chosen).toMatchObject({ unit: 1, score: 1 });
    expect(chosen.heldOutScore).toBe(0);
  });

  test("looks at the cell states, where there are some", () => {
    const { hidden } = layer(3, 2, (at) => Number(at % 5 === 0));
    const [chosen] = searchUnits(
      [{ width: 3, hidden: noise(6000), cell: hidden }],
      valuesOf([upper], characters),
      1,
    ).cells;
    expect(chosen).toMatchObject({ unit: 2, heldOutScore: 1 });
  });
});

test("the values of a unit are those of its column; a unit or a symbol that is not there is refused", () => {
  const all = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...unitOf(all, 2, 1, 1, 3)]).toEqual([4, 6]);
  expect(unitOf(all, 2, 1, 3, 3)).toHaveLength(0);
  const refused: [unit: number, from: number, to: number, width: number, message: string][] = [
    [2, 0, 3, 2, "unitOf: unit must be below width=2, got 2"],
    [0, 0, 4, 2, "unitOf: from and to must be symbols in order, from 0 to 3, got 0 and 4"],
    [0, 2, 1, 2, "unitOf: from and to must be symbols in order, from 0 to 3, got 2 and 1"],
    [0, 0, 1, 4, "unitOf: all must be [symbols, width=4], got [6]"],
    [0.5, 0, 1, 2, "unitOf: unit must be an integer of at least 0, got 0.5"],
  ];
  for (const [unit, from, to, width, message] of refused) {
    expect(() => unitOf(all, width, unit, from, to)).toThrow(message);
  }
});

test("ends of symbols in a text without characters are refused: there is no value for them", () => {
  expect(() => valuesOf(SIGNALS, [], [0, 0])).toThrow(
    "valuesOf: a text without characters has no values for 2 ends",
  );
  expect(valuesOf(SIGNALS, [], []).map(({ values }) => values.length)).toEqual(SIGNALS.map(() => 0));
});
