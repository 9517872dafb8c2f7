/** The command as a person starts it: a process of its own on the built package. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, vi } from "vitest";
import { runCommand } from "../../src/cli/program.ts";

export const BIN = join(import.meta.dirname, "../../bin/unrolled.js");

/** A folder that is gone after the tests of this file. */
export const root = mkdtempSync(join(tmpdir(), "unrolled-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** A path in {@link root} where nothing is yet. */
export const fresh = (name = "run"): string => join(root, `${name}-${made++}`);

export function emptyFolder(): string {
  const path = fresh("folder");
  mkdirSync(path);
  return path;
}

export function file(content: string | Uint8Array, name = "text.txt"): string {
  const path = `${fresh()}-${name}`;
  writeFileSync(path, content);
  return path;
}

/** Text that is neither constant nor random. */
export function madeText(lines: number): string {
  const line = (i: number) => `line ${(i * i) % 97} of the book of ${i % 13} things, said ${i % 7}.\n`;
  return Array.from({ length: lines }, (_, i) => line(i)).join("");
}

export const book = file(madeText(150), "book.txt");

/** Options of a training whose step takes about a millisecond. */
export const TINY = "--hidden 8 --seq-length 12 --batch-size 4 --threads 1".split(" ");

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Colours off, and nothing of the test runner's own. */
function environment(own: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, NODE_OPTIONS: __, ...others } = process.env;
  return { ...others, NO_COLOR: "1", ...own };
}

/** Start it and go on; {@link ended} waits for its end. */
export function start(args: readonly string[], options: StartOptions = {}): ChildProcessWithoutNullStreams {
  const { cwd = root, env, input } = options;
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: environment(env) });
  // A child that refuses its input closes it early.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return child;
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
  });
  const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { status, signal, stdout, stderr };
}

export function unrolled(args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  return ended(start(args, options));
}

/**
 * The same without a process: what the command writes and the status that it would end with. For command lines
 * that are refused, which leave nothing behind; one at a time.
 */
export async function refused(args: readonly string[]): Promise<Outcome> {
  vi.stubEnv("NO_COLOR", "1").stubEnv("FORCE_COLOR", undefined);
  const said = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text, ...rest: unknown[]) => {
      said[name] += text;
      const done = rest.at(-1);
      if (typeof done === "function") done();
      return true;
    }),
  );
  try {
    return { status: await runCommand(args), signal: null, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
  }
}

/** Events of `--json`; every line has to be an object. */
export type Event = Record<string, unknown> & { event: string };

export function eventsOf(stdout: string): Event[] {
  if (stdout === "") return [];
  expect(stdout.endsWith("\n")).toBe(true);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
}

/** The first event that fits; the child goes on. */
export async function eventOf(
  child: ChildProcessWithoutNullStreams,
  fits: (event: Event) => boolean,
): Promise<Event> {
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const event = JSON.parse(line) as Event;
    if (fits(event)) {
      // Whoever reads on, nobody may stop the child by not reading.
      child.stdout.resume();
      return event;
    }
  }
  throw new Error("the command ended before the event came");
}

/**
 * The same without a process, for command lines that leave nothing behind in it; one at a time.
 * @param cwd default: {@link root}, as for a process
 */
export async function unrolledHere(args: readonly string[], cwd = root): Promise<Outcome> {
  const before = process.cwd();
  process.chdir(cwd);
  try {
    return await refused(args);
  } finally {
    process.chdir(before);
  }
}

/** Train to the end with `--json`: in a process of its own only where it has an input or an environment of its own. */
export async function trained(args: readonly string[], options: StartOptions = {}): Promise<Event[]> {
  const line = ["train", "text", ...args, "--json"];
  const needsProcess = options.input !== undefined || options.env !== undefined;
  const outcome = needsProcess ? unrolled(line, options) : unrolledHere(line, options.cwd);
  const { status, stdout, stderr } = await outcome;
  expect(stderr.replace(/^note: .*\n/gm, "")).toBe("");
  expect(status).toBe(0);
  return eventsOf(stdout);
}

/** One line that says what is wrong, nothing on stdout, no stack trace. */
export function expectRefusal(outcome: Outcome, status: number, message: RegExp): void {
  expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).not.toMatch(/UNROLLED_DEBUG|\bat .*:\d+:\d+/);
  expect(outcome.stdout).toBe("");
  expect(outcome.status).toBe(status);
}

/** What holds of a folder that a refused training must not have made. */
export function expectNothingAt(path: string): void {
  expect(existsSync(path)).toBe(false);
}
