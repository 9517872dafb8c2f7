import { describe, expect, test } from "vitest";
import { SIGNALS } from "../../src/inspect/index.ts";

/** `x` where the signal holds after the character above it. */
function marks(name: string, text: string): string {
  const signal = SIGNALS.find((one) => one.name === name);
  if (signal === undefined) throw new Error(`no signal ${name}`);
  const characters = [...text];
  return Array.from(signal.of(characters), (value, at) =>
    value > 0 ? "x" : characters[at] === "\n" ? "|" : ".",
  ).join("");
}

describe("a signal is what holds after a character has been read:", () => {
  test.each([
    ["inside quotes", 'a "bc" d', "..xxx..."],
    ["inside quotes", 'a "b\nc" d "e', "..xxxx......"],
    ["inside quotes", "“é” «x»", "xx..xx."],
    ["inside brackets", "f(a[1], b) c", ".xxxxxxxx..."],
    ["inside brackets", "(a\n\nb", "xxx|."],
    ["inside brackets", "a)b", "..."],
    ["inside braces", "{ a {b} } c", "xxxxxxxx..."],
    ["inside a URL", "see https://a.org/b now", "....xxxxxxxxxxxxxxx...."],
    ["inside a comment", "a // b\nc /* d\n */ e", "..xxxx|..xxxxxxx..."],
    ["inside a comment", "http://a b", ".........."],
    ["inside a code span", "a `b c` d", "..xxxx..."],
    ["inside a word", "a1, été!", "xx..xxx."],
    ["upper case", "AbÉ", "x.x"],
    ["in a number", "a12.5", ".xx.x"],
    ["in the indentation", "a\n  b c\n\td", ".xxx...xx."],
  ])("%s in %j", (name, text, expected) => {
    const found = marks(name, text);
    expect(found.replaceAll("|", ".")).toBe(expected.replaceAll("|", ".").padEnd(found.length, "."));
  });

  test("the position in a line counts from its start", () => {
    const signal = SIGNALS.find(({ name }) => name === "position in line")!;
    expect([...signal.of([..."ab\nc\n\nd"])]).toEqual([1, 2, 0, 1, 0, 0, 1]);
    expect(signal.kind).toBe("amount");
  });

  test("letters beyond 16 bits count as one character", () => {
    expect(marks("inside a URL", "\u{1f600} https://\u{1f600}.org x")).toBe("..xxxxxxxxxxxxx..");
  });
});
