/** What a reader of timings has to know about the machine. */

import { readFileSync } from "node:fs";
import os from "node:os";

export interface Machine {
  cpu: string;
  /** Logical cores that this process may use. */
  cores: number;
  /** Vector instruction sets that the CPU has; `null` where the system does not say. */
  instructions: string[] | null;
  platform: string;
  memoryGiB: number;
  /** Of the minute before the run: anything far above 0 disturbs the timings. */
  loadAverage: number;
  node: string;
  v8: string;
}

const VECTOR_FLAG = /^(sse4_2|avx\w*|fma|amx_\w+|asimd\w*|sve\w*)$/;

export function describeMachine(): Machine {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    instructions: vectorInstructions(),
    platform: `${os.platform()}-${os.arch()}`,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadAverage: Math.round(os.loadavg()[0] * 100) / 100,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

function vectorInstructions(): string[] | null {
  if (os.platform() !== "linux") return null;
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
  return flags === undefined ? null : flags.split(/\s+/).filter((flag) => VECTOR_FLAG.test(flag));
}
