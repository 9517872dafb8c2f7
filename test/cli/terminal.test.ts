/** What a person sees: the same program on a pseudo-terminal, made by script(1) of util-linux. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { shellWord } from "../../src/cli/format.ts";
import { BIN, book, emptyFolder, fresh, root, TINY, trained, unrolled } from "./unrolled.ts";

const hasScript =
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;

interface Seen {
  readonly status: number | null;
  /** Every byte that the terminal got. */
  readonly raw: string;
  /** What stands on it in the end, line by line. */
  readonly screen: string[];
  /** All states of the live line. */
  readonly live: string[];
}

interface Setting {
  /** Commands of a shell beside the program, with the terminal as their standard input. */
  readonly beside?: string;
  readonly env?: Record<string, string>;
  /** What to do when the terminal shows `at` for the first time; keys are typed by `type`. */
  readonly when?: { readonly at: RegExp; readonly react: (type: (keys: string) => void) => void };
}

async function onTerminal(columns: number, args: readonly string[], setting: Setting = {}): Promise<Seen> {
  const { beside, env, when } = setting;
  const command = [process.execPath, BIN, ...args].map(shellWord).join(" ");
  const others = beside === undefined ? "" : `(${beside}) < /dev/tty &`;
  // Node shows no colours where CI is set, whatever the terminal.
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  const child = spawn(
    "script",
    ["-qec", `stty cols ${columns} rows 24; ${others} exec ${command}`, "/dev/null"],
    { cwd: root, env: { ...inherited, TERM: "xterm-256color", SHELL: "/bin/sh", ...env } },
  );
  let raw = "";
  let reacted = false;
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    raw += piece;
    if (when === undefined || reacted || !when.at.test(raw)) return;
    reacted = true;
    when.react((keys) => child.stdin.write(keys));
  });
  const [status] = await once(child, "close");
  return { status, raw, screen: screenOf(raw, columns), live: liveOf(raw) };
}

const ESCAPE = "\u001b";
const ERASE = `${ESCAPE}[K`;

/** States of the live line: drawn from the first column on, erasing what is behind. */
function liveOf(raw: string): string[] {
  const drawn = raw.split(ERASE).slice(0, -1);
  return drawn.map((text) => text.slice(text.lastIndexOf("\r") + 1)).filter((line) => line !== "");
}

/** A terminal that knows carriage return, line feed, erase to the end of the line, and ignores colours. */
function screenOf(raw: string, columns: number): string[] {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  const down = () => {
    row++;
    rows[row] ??= [];
  };
  const token = new RegExp(`${ESCAPE}\\[([0-9;]*)([A-Za-z])|.`, "gsu");
  for (const [text, code, letter] of raw.matchAll(token)) {
    if (letter === "K") rows[row].length = Math.min(rows[row].length, column);
    else if (letter === "m") expect(code).toMatch(/^[0-9;]+$/);
    else if (text === "\r") column = 0;
    else if (text === "\n") down();
    else {
      expect(text).not.toMatch(/\p{Cc}/u);
      if (column === columns) {
        column = 0;
        down();
      }
      for (let at = rows[row].length; at < column; at++) rows[row][at] = " ";
      rows[row][column++] = text;
    }
  }
  return rows.map((cells) => cells.join("").trimEnd());
}

// Long enough for many states of the line; the text is small, so that evaluations are short.
const args = (out: string, seconds = "0.9") => [
  "train",
  "text",
  book,
  "--out",
  out,
  ...TINY,
  "--max-seconds",
  seconds,
  "--eval-every",
  "20",
];

describe.skipIf(!hasScript)("on a terminal (needs script of util-linux)", () => {
  test.each([80, 40, 20])("of %i columns the live line fits, and is gone in the end", async (columns) => {
    const out = fresh();
    // The number of steps is guessed after a second.
    const seconds = columns === 80 ? "1.2" : undefined;
    const { status, screen, live, raw } = await onTerminal(columns, args(out, seconds));
    expect(status).toBe(0);
    expect(live.length).toBeGreaterThan(4);
    expect(live.filter((line) => line.length >= columns)).toEqual([]);
    const all = screen.join("\n");
    if (columns === 80) {
      expect(live.at(-1)).toMatch(
        /^step [\d,]+ of ~?[\d,]+ {2}loss \d\.\d{3} {2}validation \d\.\d{3} {2}[\d.]+[kM]? chars\/s {2}0:0\d left$/,
      );
      expect(all).toMatch(/^model {4}LSTM, 1 layer of 8: [\d,]+ parameters$/m);
      expect(all).toMatch(
        /^step 20 {2}loss \d\.\d{3} {2}validation \d\.\d{3}, (\d+% (above|below)|level with) the trigram$/m,
      );
      expect(all).toMatch(/^done {5}step [\d,]+ after 0:0\d: \d\.\d{3} nats per character/m);
    }
    expect(all).not.toMatch(/\d left|reading|counting/);
    // Samples are dimmed; nothing but colours and erasing is asked of the terminal.
    expect(raw).toContain(`${ESCAPE}[2m    `);
    expect(screen.at(-1)).toBe("");
  });

  test("that becomes narrower while it trains, the line follows", async () => {
    const flag = fresh("narrow");
    const { status, live } = await onTerminal(80, args(fresh()), {
      beside: `until [ -e ${flag} ]; do sleep 0.05; done; stty cols 30`,
      when: { at: /validation/, react: () => writeFileSync(flag, "") },
    });
    expect(status).toBe(0);
    expect(Math.max(...live.map((line) => line.length))).toBeGreaterThan(40);
    expect(live.at(-1)!.length).toBeLessThan(30);
  });

  test("with NO_COLOR there are no colours, with TERM=dumb no live line either", async () => {
    const plain = await onTerminal(80, args(fresh()), { env: { NO_COLOR: "1" } });
    expect(plain.raw).not.toContain(`${ESCAPE}[2m`);
    expect(plain.live.length).toBeGreaterThan(4);
    const dumb = await onTerminal(80, args(fresh(), "0.2"), {
      env: { NO_COLOR: "1", TERM: "dumb" },
    });
    expect(dumb.raw).not.toContain(ESCAPE);
  });

  test("Ctrl-C leaves the note and no rest of the live line", async () => {
    const training = ["train", "text", book, "--out", fresh(), ...TINY, "--steps", "1e9"];
    const { status, screen } = await onTerminal(70, training, {
      when: { at: /step [\d,]+ of 1,000,000,000/, react: (type) => type("\u0003") },
    });
    expect(status).toBe(130);
    const all = screen.join("\n");
    expect(all).toMatch(
      /^note: stopping after this step and saving; .*\n(.*\n)*saved {4}step [\d,]+ after 0:0\d\n/m,
    );
    expect(all).not.toMatch(/chars\/s/);
  });

  test("runs --delete asks, and takes everything but yes as no", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, "--steps", "1"]);
    for (const answer of ["n\n", "\n", "\u0004"]) {
      const { status, screen } = await onTerminal(200, ["runs", "--delete", out], {
        when: { at: /\[y\/N\]/, react: (type) => type(answer) },
      });
      expect(status).toBe(0);
      expect(screen[0]).toMatch(/^delete .* \([\d.]+ KiB\)\? \[y\/N\]/);
      expect(screen.join("\n")).toContain("note: nothing was deleted");
      expect(existsSync(out)).toBe(true);
    }
    const { status, screen } = await onTerminal(200, ["runs", "--delete", out], {
      when: { at: /\[y\/N\]/, react: (type) => type("y\n") },
    });
    expect(status).toBe(0);
    expect(screen.join("\n")).toMatch(/\ndeleted .* \([\d.]+ KiB\)\n/);
    expect(existsSync(out)).toBe(false);
  });

  test("an error comes on a line of its own", async () => {
    const { status, screen } = await onTerminal(80, ["train", "text", emptyFolder()]);
    expect(status).toBe(2);
    expect(screen[0]).toMatch(/^error: the folder '/);
  });

  test("a sample ends its line, and says how to write it again", async () => {
    const out = fresh();
    await trained([book, "--out", out, ...TINY, "--steps", "2"]);
    const { status, screen } = await onTerminal(80, ["sample", out, "--length", "40"]);
    expect(status).toBe(0);
    expect(screen.at(-2)).toMatch(/^note: --seed \d+ writes this again$/);
  });
});

test("without a terminal lines come at evaluations and every few seconds, never one a step", async () => {
  const every = ["--steps", "70", "--eval-every", "20"];
  const { status, stdout, stderr } = await unrolled([
    "train",
    "text",
    book,
    "--out",
    fresh(),
    ...TINY,
    ...every,
  ]);
  expect([status, stderr]).toEqual([0, ""]);
  for (const character of ["\r", ESCAPE]) expect(stdout).not.toContain(character);
  const steps = [...stdout.matchAll(/^step ([\d,]+) /gm)].map(([, step]) => Number(step.replaceAll(",", "")));
  expect(steps).toEqual(expect.arrayContaining([20, 40, 60, 70]));
  expect(steps.length).toBeLessThan(10);
  expect(stdout).toMatch(/\nloss in nats per character\n/);
  expect(stdout).toMatch(
    /\nnext {5}npx unrolled sample .* --prime "line "\n {9}npx unrolled eval .*\n {9}npx unrolled train text --resume/,
  );
});
