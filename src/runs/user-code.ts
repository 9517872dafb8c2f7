/** Code of the user's own, in a file: a cell for `--cell`, a task for `train`. */
import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { escapeControl, InputError, placeOf, problemOf, UnrolledError } from "../core/errors.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { importBytes } from "./own-package.ts";

/** Oldest Node that runs TypeScript as it is. */
const NODE_WITH_TYPESCRIPT = "22.18";

/** A kind of code, for messages. */
export interface CodeKind {
  /** "cell" */
  readonly name: string;
  /** What names such a file on the command line: "--cell". */
  readonly option: string;
  /** What the option takes besides files: names. */
  readonly others: readonly string[];
}

/** Code that has been loaded. */
export interface LoadedCode extends CodeFile {
  /** Where the file itself lies: absolute, without links. */
  readonly realPath: string;
  /** For messages: "the cell ./my-cell.ts". */
  readonly where: string;
  /** Its default export. */
  readonly exported: unknown;
}

export interface LoadOptions {
  /** What a run was trained with: another content is refused. */
  readonly expected?: CodeFile;
  /** Asked before anything is read: whether the file itself lies where the person has named it. */
  readonly isSame?: (realPath: string) => boolean;
}

/**
 * The default export of a file. The file's code runs: whoever calls this knows that the person has named it
 * (code-choice.ts).
 * @returns undefined only where `isSame` says no
 * @throws InputError when the file cannot be read or run, or has changed
 */
export async function loadCode(
  kind: CodeKind,
  path: string,
  { expected, isSame }: LoadOptions = {},
): Promise<LoadedCode | undefined> {
  const where = `the ${kind.name} ${escapeControl(path)}`;
  const unreadable = (cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "does not exist" : `cannot be read: ${cause.code}`;
    const hint =
      expected === undefined
        ? hintFor(kind)
        : `run this where it was trained, or say with ${kind.option} where the file is now`;
    throw new InputError(`${where} ${why}`, { hint, cause });
  };
  const realPath = await realpath(resolve(path)).catch(unreadable);
  if (isSame?.(realPath) === false) return undefined;
  const bytes = await readFile(realPath).catch(unreadable);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (expected !== undefined && expected.sha256 !== sha256) {
    throw makeChangedError(where, kind, sha256, expected.sha256);
  }
  const exported = await importDefault({ realPath, bytes, sha256 }, where);
  return { path, realPath, sha256, where, exported };
}

function hintFor({ option, others }: CodeKind): string {
  if (others.length === 0) return "name a TypeScript or JavaScript file";
  return `${option} takes ${others.join(", ")} or a TypeScript or JavaScript file`;
}

function makeChangedError(where: string, { option }: CodeKind, now: string, expected: string): InputError {
  return new InputError(
    `${where} has changed since the training: its SHA-256 is ${now.slice(0, 12)}..., the run has ${expected.slice(0, 12)}...`,
    { hint: `restore the file, or say with ${option} where the one of the training is` },
  );
}

/** The name of a file without its folder and its extension. */
export function nameOfFile(path: string): string {
  return basename(path).replace(/\.[cm]?[jt]s$/, "");
}

interface Code {
  readonly realPath: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

async function importDefault({ realPath, bytes, sha256 }: Code, where: string): Promise<unknown> {
  if (/\.[cm]?ts$/.test(realPath) && !process.features.typescript) {
    const here = process.versions.node;
    throw new InputError(
      `${where} is TypeScript, which needs Node ${NODE_WITH_TYPESCRIPT}, this is Node ${here}`,
      {
        hint: "use a newer Node, or a .js file",
      },
    );
  }
  const url = pathToFileURL(realPath);
  // A file that has changed is another module: without this a second look would find the first one.
  url.searchParams.set("sha256", sha256);
  let module: { default?: unknown };
  try {
    module = (await importBytes(url, bytes)) as typeof module;
  } catch (cause) {
    throw makeLoadError(where, cause);
  }
  return module.default;
}

function makeLoadError(where: string, cause: unknown): InputError {
  const [line] = problemOf(cause).split("\n");
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const hint = code.includes("TYPESCRIPT")
    ? "Node only takes the types away: no enum, no namespace, no constructor(private x)"
    : undefined;
  return new InputError(`${where} cannot be loaded: ${escapeControl(line)}${describePlace(cause)}`, {
    hint,
    cause,
  });
}

/** Runs the user's own code: its errors are told with its file. */
export function runUserCode<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof UnrolledError) throw cause.inContext(`in ${where}`);
    throw new InputError(
      `${where} cannot be made: ${escapeControl(problemOf(cause))}${describePlace(cause)}`,
      {
        cause,
      },
    );
  }
}

/** ` (my-cell.ts:12)`, where it is known. */
function describePlace(error: unknown): string {
  const place = placeOf(error);
  return place === undefined ? "" : ` (${place})`;
}
