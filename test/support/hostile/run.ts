/**
 * Calls public functions with hostile arguments in child processes, so that a call which ends its process is a line of
 * the report like any other. A suite is a file whose default export makes the calls (calls.ts).
 *
 *     const { problems, calls } = await runHostile(new URL("./ops-suite.ts", import.meta.url), { backend: "native" });
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Backend } from "../../../src/backend/index.ts";
import { LONG } from "../long.ts";
import type { ChildLine, ChildSettings } from "./child.ts";

export interface HostileReport {
  /** How many calls were made. */
  readonly calls: number;
  /** `crossEntropy: targets = [1.5, 4]: threw a bare TypeError: ...`, one for each call that went wrong. */
  readonly problems: readonly string[];
}

/** Calls with several wrong arguments for each function: many only where somebody asks for them. */
export const ROUNDS = LONG ? 2000 : 0;

/** So many processes may end before a report is given up. */
const MOST_CRASHES = 25;

/** A call that takes longer hangs. */
const LONGEST_CALL_MS = 60_000;

/** @throws Error when the suite itself cannot be run */
export async function runHostile(
  suite: URL,
  { backend, rounds = ROUNDS }: { backend: Backend["name"]; rounds?: number },
): Promise<HostileReport> {
  const problems: string[] = [];
  let from = 0;
  for (let crashes = 0; crashes < MOST_CRASHES; crashes++) {
    const run = await runChild({ suite: suite.href, backend, rounds, from });
    problems.push(...run.problems);
    if (run.calls !== undefined) return { calls: run.calls, problems };
    if (run.last === undefined) throw new Error(`${suite.href} cannot be run: ${run.ended} ${run.stderr}`);
    const said = run.stderr.trim().split("\n", 1)[0];
    problems.push(`${run.last.name}: ended the process, ${run.ended}${said && ` (${said})`}`);
    from = run.last.starts + 1;
  }
  problems.push(`gave up after ${MOST_CRASHES} processes`);
  return { calls: from, problems };
}

interface ChildRun {
  readonly problems: string[];
  /** Of the whole suite; undefined when the process ended before. */
  readonly calls: number | undefined;
  /** The call that was running at the end. */
  readonly last: { readonly starts: number; readonly name: string } | undefined;
  readonly ended: string;
  readonly stderr: string;
}

function runChild(settings: ChildSettings): Promise<ChildRun> {
  const file = fileURLToPath(new URL("./child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings", file, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const problems: string[] = [];
  let last: ChildRun["last"];
  let calls: number | undefined;
  let stderr = "";
  const hangs = setTimeout(() => child.kill("SIGKILL"), LONGEST_CALL_MS);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  createInterface({ input: child.stdout }).on("line", (text) => {
    hangs.refresh();
    const line = JSON.parse(text) as ChildLine;
    if ("starts" in line) last = line;
    else if ("calls" in line) calls = line.calls;
    else if (line.problem !== undefined) problems.push(`${last?.name}: ${line.problem}`);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(hangs);
      const ended = signal === null ? `exit ${code}` : signal === "SIGKILL" ? "it hung" : signal;
      resolve({ problems, calls, last, ended, stderr });
    });
  });
}
