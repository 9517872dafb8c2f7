/** What can be known of processes, so that the lock of one that has died is told from that of one that runs. */
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errorCode } from "./storage-errors.ts";

/** A process that runs, or has ended and was not waited for. */
export interface ProcessFacts {
  /** Whether it has ended. */
  readonly ended: boolean;
  /** When it started, in the system's own words; tells a reused pid apart. */
  readonly started: string;
}

/** The machine as a lock sees it; tests put another one here. */
export interface Machine {
  readonly pid: number;
  readonly host: string;
  /** Id of the boot, on Linux: after a restart every pid means something else. */
  readonly boot: string | null;
  /** On Linux, the namespace in which pids have a meaning: two containers may have one host name and not one pid. */
  readonly pidNamespace: string | null;
  /** Whether a file cannot be replaced while another process reads it. */
  readonly isWindows: boolean;
  /** Whether there is a process of that pid, of whatever user. */
  exists(pid: number): boolean;
  /** Undefined where the system does not say. */
  factsOf(pid: number): ProcessFacts | undefined;
}

/** @param platform and `run` of another system: tests only */
export function createMachine(
  platform: NodeJS.Platform = process.platform,
  run: (command: string, args: readonly string[]) => string = runCommand,
): Machine {
  const isLinux = platform === "linux";
  return {
    pid: process.pid,
    host: hostname(),
    boot: isLinux ? orNull(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) : null,
    pidNamespace: isLinux ? orNull(() => readlinkSync("/proc/self/ns/pid")) : null,
    isWindows: platform === "win32",
    exists,
    factsOf(pid) {
      if (isLinux) return orNull(() => parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))) ?? undefined;
      if (platform === "win32") return undefined;
      return orNull(() => parsePs(run("ps", ["-o", "stat=", "-o", "lstart=", "-p", `${pid}`]))) ?? undefined;
    },
  };
}

const HERE = createMachine();

/** The machine on which this runs. */
export function thisMachine(): Machine {
  return HERE;
}

/** Whether a process of this machine runs. */
export function processIsAlive(pid: number, machine: Machine = HERE): boolean {
  return machine.exists(pid) && machine.factsOf(pid)?.ended !== true;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process runs and belongs to another user.
    return errorCode(error) === "EPERM";
  }
}

/** /proc/<pid>/stat (man 5 proc): the state letter and the start time in ticks since the boot. */
function parseStat(stat: string): ProcessFacts {
  // The second field is the name in parentheses, which may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { ended: fields[0] === "Z" || fields[0] === "X", started: fields[19] };
}

/** `Ss   Mon Nov 23 09:45:00 2026`, as ps of macOS and the BSDs prints it. */
function parsePs(line: string): ProcessFacts | null {
  const [, state, started] = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(line) ?? [];
  return state === undefined ? null : { ended: state.startsWith("Z"), started };
}

/** What the system does not tell is not known, whatever the reason. */
function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function runCommand(command: string, args: readonly string[]): string {
  // One language and one time zone, so that two processes have the same words for a date.
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  return execFileSync(command, args, {
    encoding: "utf8",
    timeout: 2000,
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
}
