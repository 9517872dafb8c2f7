/** Cells that a user has written, in a file of their own: `--cell ./my-cell.ts`. */
import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parameters } from "../autograd/parameter.ts";
import { escapeControl, InputError, placeOf, problemOf, UnrolledError } from "../core/errors.ts";
import type { Cell, CreateCell, CreateCellOptions } from "../nn/cell.ts";
import { nameOfCell } from "../nn/cell.ts";
import type { CellFile } from "../run/cell-file.ts";
import { importBytes } from "./own-package.ts";

export interface OwnCell extends CellFile {
  /** Where the file itself lies: absolute, without links. */
  readonly realPath: string;
  /** What errors and tables call it. */
  readonly name: string;
  readonly create: CreateCell;
}

/** Oldest Node that runs TypeScript as it is. */
const NODE_WITH_TYPESCRIPT = "22.18";

export interface LoadOptions {
  /** What a run was trained with: another content is refused. */
  readonly expected?: CellFile;
  /** Asked before anything is read: whether the file itself lies where the person has named it. */
  readonly isSame?: (realPath: string) => boolean;
}

/**
 * The cell in a file. Its default export is a class, constructed as `new MyCell(inputs, hidden, { rng, backend })`, or a
 * function that is called so and returns the cell. The file's code runs: whoever calls this knows that the person has
 * named it (cell-choice.ts).
 * @returns undefined only where `isSame` says no
 * @throws InputError when the file cannot be read or run, or does not export such a thing
 */
export async function loadOwnCell(path: string, options?: { expected?: CellFile }): Promise<OwnCell>;
export async function loadOwnCell(path: string, options: LoadOptions): Promise<OwnCell | undefined>;
export async function loadOwnCell(path: string, options: LoadOptions = {}): Promise<OwnCell | undefined> {
  const { expected, isSame } = options;
  const where = `the cell ${escapeControl(path)}`;
  const unreadable = (cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "does not exist" : `cannot be read: ${cause.code}`;
    const hint =
      expected === undefined
        ? "--cell takes rnn, lstm, gru or a TypeScript or JavaScript file"
        : "run this where it was trained, or say with --cell where the file is now";
    throw new InputError(`${where} ${why}`, { hint, cause });
  };
  const realPath = await realpath(resolve(path)).catch(unreadable);
  if (isSame?.(realPath) === false) return undefined;
  const bytes = await readFile(realPath).catch(unreadable);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (expected !== undefined && expected.sha256 !== sha256) throw changedCell(where, sha256, expected.sha256);
  const made = await importDefault({ realPath, bytes, sha256 }, where);
  // An unnamed function gets the name of its export.
  const isNamed = made.name !== "" && !made.name.includes("default");
  const name = isNamed ? made.name : basename(path).replace(/\.[cm]?[jt]s$/, "");
  const isClass = /^class\b/.test(Function.prototype.toString.call(made));
  const create: CreateCell = (inputs, hidden, options) => {
    const cell = inFile(where, () =>
      isClass ? new made(inputs, hidden, options) : made(inputs, hidden, options),
    );
    checkCell(where, cell, options);
    return cell;
  };
  return { path, realPath, sha256, name, create };
}

function changedCell(where: string, found: string, expected: string): InputError {
  return new InputError(
    `${where} has changed since the training: its SHA-256 is ${found.slice(0, 12)}..., the run has ${expected.slice(0, 12)}...`,
    { hint: "restore the file, or say with --cell where the one of the training is" },
  );
}

/** Something that may be called or constructed; which of the two is looked at before. */
type Made = { readonly name: string } & ((...args: Parameters<CreateCell>) => unknown) &
  (new (
    ...args: Parameters<CreateCell>
  ) => unknown);

interface CellCode {
  readonly realPath: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

async function importDefault({ realPath, bytes, sha256 }: CellCode, where: string): Promise<Made> {
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
    throw loadFailure(where, cause);
  }
  const made = module.default;
  if (typeof made !== "function") {
    throw new InputError(`${where} must have a class or a function as its default export`, {
      hint: "export default class MyCell { constructor(inputs, hidden, { rng, backend }) ... }",
    });
  }
  return made as Made;
}

function loadFailure(where: string, cause: unknown): InputError {
  const [line] = problemOf(cause).split("\n");
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const hint = code.includes("TYPESCRIPT")
    ? "Node only takes the types away: no enum, no namespace, no constructor(private x)"
    : undefined;
  return new InputError(`${where} cannot be loaded: ${escapeControl(line)}${inLine(cause)}`, { hint, cause });
}

/** The user's own code runs in here: its errors are told with its file. */
function inFile<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof UnrolledError) throw cause.inContext(`in ${where}`);
    throw new InputError(`${where} cannot be made: ${escapeControl(problemOf(cause))}${inLine(cause)}`, {
      cause,
    });
  }
}

/** ` (my-cell.ts:12)`, where it is known. */
function inLine(error: unknown): string {
  const place = placeOf(error);
  return place === undefined ? "" : ` (${place})`;
}

function checkCell(
  where: string,
  made: unknown,
  { backend }: CreateCellOptions,
): asserts made is Cell<unknown> {
  if (typeof made !== "object" || made === null) {
    throw new InputError(`${where} must return a cell, got ${made === null ? "null" : typeof made}`, {
      hint: "a cell is an object with zeroState(batch) and step(x, state)",
    });
  }
  for (const method of ["zeroState", "step"]) {
    if (typeof (made as Record<string, unknown>)[method] === "function") continue;
    throw new InputError(`${where} returns ${nameOfCell(made)} without a method ${method}`, {
      hint: "a cell is an object with zeroState(batch) and step(x, state)",
    });
  }
  const found = parameters(made);
  if (found.length === 0) {
    throw new InputError(`${where} has no parameters, so it cannot learn`, {
      hint: "keep its modules (Linear, ...) in fields whose names do not begin with _",
    });
  }
  const other = backend && found.find(({ tensor }) => tensor.backend !== backend);
  if (other !== undefined) {
    throw new InputError(`${where}: its parameter ${other.name} is on another backend than the model`, {
      hint: "hand the options on: new Linear(inputs, hidden, options)",
    });
  }
}
