/** Cells that a user has written, in a file of their own: `--cell ./my-cell.ts`. */
import { parameters } from "../autograd/parameter.ts";
import { InputError } from "../core/errors.ts";
import type { Cell, CreateCell, CreateCellOptions } from "../nn/cell.ts";
import { nameOfCell } from "../nn/cell.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { type CodeKind, type LoadOptions, loadCode, nameOfFile, runUserCode } from "./user-code.ts";

export interface OwnCell extends CodeFile {
  /** Where the file itself lies: absolute, without links. */
  readonly realPath: string;
  /** What errors and tables call it. */
  readonly name: string;
  readonly create: CreateCell;
}

export const CELL: CodeKind = { name: "cell", option: "--cell", others: ["rnn", "lstm", "gru"] };

/** Something that may be called or constructed; which of the two is looked at before. */
type Maker = { readonly name: string } & ((...args: Parameters<CreateCell>) => unknown) &
  (new (
    ...args: Parameters<CreateCell>
  ) => unknown);

/**
 * The cell in a file. Its default export is a class, constructed as `new MyCell(inputs, hidden, { rng, backend })`, or a
 * function that is called so and returns the cell. The file's code runs: whoever calls this knows that the person has
 * named it (code-choice.ts).
 * @returns undefined only where `isSame` says no
 * @throws InputError when the file cannot be read or run, or does not export such a thing
 */
export async function loadOwnCell(path: string, options?: { expected?: CodeFile }): Promise<OwnCell>;
export async function loadOwnCell(path: string, options: LoadOptions): Promise<OwnCell | undefined>;
export async function loadOwnCell(path: string, options: LoadOptions = {}): Promise<OwnCell | undefined> {
  const code = await loadCode(CELL, path, options);
  if (code === undefined) return undefined;
  const { where, exported, realPath, sha256 } = code;
  if (typeof exported !== "function") {
    throw new InputError(`${where} must have a class or a function as its default export`, {
      hint: "export default class MyCell { constructor(inputs, hidden, { rng, backend }) ... }",
    });
  }
  const maker = exported as Maker;
  // An unnamed function gets the name of its export.
  const isNamed = maker.name !== "" && !maker.name.includes("default");
  const name = isNamed ? maker.name : nameOfFile(path);
  const isClass = /^class\b/.test(Function.prototype.toString.call(maker));
  const create: CreateCell = (inputs, hidden, options) => {
    const cell = runUserCode(where, () =>
      isClass ? new maker(inputs, hidden, options) : maker(inputs, hidden, options),
    );
    checkCell(where, cell, options);
    return cell;
  };
  return { path, realPath, sha256, name, create };
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
  const all = parameters(made);
  if (all.length === 0) {
    throw new InputError(`${where} has no parameters, so it cannot learn`, {
      hint: "keep its modules (Linear, ...) in fields whose names do not begin with _",
    });
  }
  const other = backend && all.find(({ tensor }) => tensor.backend !== backend);
  if (other !== undefined) {
    throw new InputError(`${where}: its parameter ${other.name} is on another backend than the model`, {
      hint: "hand the options on: new Linear(inputs, hidden, options)",
    });
  }
}
