/** A text by the values of a unit, as `unrolled inspect` shows it on a terminal. */
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { drawUnitText } from "../../src/cli/unit-text.ts";
import type { ShownText } from "../../src/inspect/shown-unit.ts";

const FAMILY = "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}";
const FLAG = "\u{1f1e9}\u{1f1ea}";

/** A stream without colours: values and signals are lines of marks. */
const plain = new PassThrough() as unknown as NodeJS.WriteStream;

/** A text whose symbols are its code points, the unit on at those for which `isOn`, the signal holding there too. */
function textOf(text: string, isOn: (codePoint: string) => boolean = () => false): ShownText {
  const pieces = [...text];
  return {
    pieces,
    values: Float32Array.from(pieces, (piece) => (isOn(piece) ? 0.9 : -0.9)),
    holds: pieces.map(isOn),
    layer: 0,
    unit: 0,
    signal: "a signal",
    scale: "threshold",
    detects: "above 0.50",
    score: 1,
  };
}

const onAt =
  (...codePoints: string[]) =>
  (at: string) =>
    codePoints.includes(at);
const show = (shown: ShownText, columns = 80) => drawUnitText(shown, columns, plain);

describe("a text by a unit", () => {
  test("has a mark for each column of a character, wide or not", () => {
    expect(show(textOf("a水b", onAt("水", "b")))).toEqual(["a水b", " ###", " ^^^"]);
  });

  test("shows code points that are one character as one, with the value after the last of them", () => {
    expect(show(textOf(`a${FAMILY}b`, onAt("\u{1f467}")))).toEqual([`a${FAMILY}b`, " ##", " ^^"]);
    expect(show(textOf("e\u0301x", onAt("e")))).toEqual(["e\u0301x"]);
    expect(show(textOf("e\u0301x", onAt("\u0301")))).toEqual(["e\u0301x", "#", "^"]);
  });

  test("breaks lines between characters, never within one", () => {
    expect(show(textOf(`${FLAG}${FAMILY}${FLAG}`), 5)).toEqual([`${FLAG}${FAMILY}`, FLAG]);
    expect(show(textOf("水水水"), 5)).toEqual(["水水", "水"]);
  });

  test("shows a line end as a sign and escapes other control characters", () => {
    expect(show(textOf("a\r\n\u001b[2J\tb"))).toEqual(["a\\r\u21b5", "\\u{1b}[2J b"]);
  });

  test("takes symbols of several characters", () => {
    const words = { ...textOf("ab"), pieces: ["one ", "two"], values: Float32Array.of(0.9, -0.9) };
    const holds = [...[false, false, false, false], ...[true, true, true]];
    expect(show({ ...words, holds })).toEqual(["one two", "####", "    ^^^"]);
  });
});
