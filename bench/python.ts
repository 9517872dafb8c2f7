import { spawnSync } from "node:child_process";

const FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)";

/**
 * A python3 that has `module`: the one that was named, else that of the environment (UNROLLED_PYTHON), else the one on the
 * PATH. Undefined when it lacks the module.
 */
export function findPython(module: string, named?: string): string | undefined {
  const python = named ?? (process.env.UNROLLED_PYTHON || "python3");
  return spawnSync(python, ["-c", FIND, module]).status === 0 ? python : undefined;
}
