import { describe, expect, test } from "vitest";
import { SIGNALS, valuesOf } from "../../src/inspect/index.ts";
import { followedBy, type ReadText, showUnit } from "../../src/inspect/shown-unit.ts";

/** A text with a unit 0 that is 5 inside quotes and 3 elsewhere, with a ripple, and a unit 1 that is always 0.25. */
function read(text: string): ReadText {
  const pieces = [...text];
  const signals = valuesOf(SIGNALS, pieces);
  const quotes = signals.find(({ signal }) => signal.name === "inside quotes")!.values;
  const hidden = Float32Array.from(
    pieces.flatMap((_, at) => [3 + 2 * quotes[at] + 0.1 * Math.sin(at), 0.25]),
  );
  return {
    ...{ pieces, ends: pieces.map((_, at) => at + 1), signals },
    layers: [{ width: 2, hidden, cell: undefined }],
  };
}

const narration = "He went on for a long time and nobody answered him at all.\n";
const speech = '"Do come in, and tell me what they have said," she cried.\n';
/** In the second half speech comes late. */
const novel = [
  speech.repeat(10),
  narration.repeat(12),
  narration.repeat(12),
  speech.repeat(3),
  narration.repeat(6),
];

describe("a unit on a text", () => {
  const scored = read(novel.join(""));
  const [follows] = followedBy(scored.layers[0], 0, scored.signals);
  const chosen = { layer: 0, unit: 0, follows };

  test("has a score for each signal, the best first", () => {
    expect(follows.signal).toBe("inside quotes");
    expect(follows.heldOutScore).toBeCloseTo(1, 5);
  });

  test("is above 0 exactly where it says that the signal holds, though all of its activations are high", () => {
    const { values, holds, scale } = showUnit(chosen, scored, undefined);
    expect(scale).toBe("threshold");
    expect(Array.from(values, (value) => value > 0)).toEqual(holds);
    expect(Math.max(...values)).toBeGreaterThan(0.9);
    expect(Math.min(...values)).toBeLessThan(-0.9);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  test("has an excerpt of the second half that begins a line, ends a word, and has both sides", () => {
    const { pieces, holds } = showUnit(chosen, scored, undefined);
    const excerpt = pieces.join("");
    const text = scored.pieces.join("");
    expect(text.indexOf(excerpt, text.length / 2)).toBeGreaterThan(0);
    expect(text).toContain(`\n${excerpt}`);
    expect(excerpt).toMatch(/\s$/);
    const share = holds!.filter((one) => one).length / holds!.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.8);
  });

  test("has the first excerpt of the second half where the signal is rare everywhere", () => {
    const rare = read(`${speech}${narration.repeat(20)}${narration.repeat(15)}${speech}${narration}`);
    const { pieces } = showUnit({ ...chosen }, rare, undefined);
    expect(pieces.join("")).toContain(speech);
  });

  test("is shown on a text of one's own on the scale of the text that was read", () => {
    const own = read('Yes, "no".');
    const { pieces, values, holds } = showUnit(chosen, scored, own);
    expect(pieces.join("")).toBe('Yes, "no".');
    expect(Array.from(values, (value) => value > 0)).toEqual(holds);
    expect(holds).toEqual([...'Yes, "no".'].map((_, at) => at >= 5 && at < 8));
  });

  test("that follows nothing is shown by its activation", () => {
    const { values, scale, signal, holds } = showUnit(
      { layer: 0, unit: 1, follows: undefined },
      scored,
      undefined,
    );
    expect([scale, signal, holds]).toEqual(["activation", undefined, undefined]);
    expect(new Set(values)).toEqual(new Set([0.25]));
  });

  test("marks the characters of a symbol that has several", () => {
    const { layers } = read("abc");
    const pieces = ['say "', "no", '" again'];
    const signals = valuesOf(SIGNALS, [...pieces.join("")]);
    const own: ReadText = { pieces, ends: [5, 7, 14], signals, layers };
    const { holds } = showUnit(chosen, scored, own);
    expect(holds).toEqual([...'say "no" again'].map((_, at) => at >= 4 && at < 7));
  });
});
