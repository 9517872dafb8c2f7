/** Whose word decides which code is loaded: the person's, now or before; never that of a run or a checkpoint. */
import { escapeControl, InputError, UnrolledError } from "../core/errors.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { findNamedCode, type NamedCode, rememberCode } from "./named-code.ts";
import { CELL, loadOwnCell, type OwnCell } from "./own-cell.ts";
import { loadOwnTask, type OwnTask, TASK } from "./own-task.ts";
import type { CodeKind, LoadOptions } from "./user-code.ts";

type Load<Loaded> = (path: string, options: LoadOptions) => Promise<Loaded | undefined>;

/**
 * Load code that the person has named, and remember that. Where it cannot be remembered a note says so.
 * @param expected what the model was trained with: another content is refused before it runs
 */
async function loadNamed<Loaded extends NamedCode>(
  kind: CodeKind,
  load: Load<Loaded>,
  path: string,
  expected: CodeFile | undefined,
  onNote: (text: string) => void,
): Promise<Loaded> {
  const code = (await load(path, { expected }))!;
  try {
    await rememberCode(code);
  } catch (error) {
    if (!(error instanceof UnrolledError)) throw error;
    onNote(`the ${kind.name} ${path} has to be named again the next time: ${error.message}`);
  }
  return code;
}

/**
 * Load the code that a run or a checkpoint asks for, if the person has named that very file with that content before.
 * @param where the run or checkpoint
 * @throws InputError where they have not; nothing of the file is read then
 */
async function loadRecorded<Loaded>(
  kind: CodeKind,
  load: Load<Loaded>,
  recorded: CodeFile,
  where: string,
): Promise<Loaded> {
  const record = await findNamedCode(recorded.path, recorded.sha256).catch((error) => {
    if (!(error instanceof UnrolledError)) throw error;
    throw makeUnnamedError(kind, recorded, where, error);
  });
  if (record === undefined) throw makeUnnamedError(kind, recorded, where);
  const isSame = (realPath: string) => realPath === record.realPath;
  const code = await load(recorded.path, { expected: recorded, isSame });
  if (code === undefined) throw makeUnnamedError(kind, recorded, where);
  return code;
}

function makeUnnamedError(
  { name, option }: CodeKind,
  { path, sha256 }: CodeFile,
  where: string,
  cause?: UnrolledError,
): InputError {
  const hash = `${sha256.slice(0, 12)}...`;
  const reason = cause === undefined ? "" : ` (${cause.problem})`;
  // The path comes from a file: what a shell would make more of than a name is not said as a command.
  const file = /^[\w./][\w./-]*$/.test(path) ? path : "FILE";
  return new InputError(
    `${escapeControl(where)} needs the code of the ${name} ${escapeControl(path)} (SHA-256 ${hash}), which you have not named here before${reason}`,
    { hint: `if you trust that file, repeat ${option} ${file}`, cause },
  );
}

/** The cell that `--cell` names. @throws InputError as {@link loadOwnCell} */
export function loadNamedCell(
  path: string,
  expected: CodeFile | undefined,
  onNote: (text: string) => void,
): Promise<OwnCell> {
  return loadNamed(CELL, loadOwnCell, path, expected, onNote);
}

/** The cell that a run or a checkpoint was trained with. @throws InputError where the person has not named it */
export function loadRecordedCell(recorded: CodeFile, where: string): Promise<OwnCell> {
  return loadRecorded(CELL, loadOwnCell, recorded, where);
}

/** The task in a file that the person names. @throws InputError as {@link loadOwnTask} */
export function loadNamedTask(
  path: string,
  expected: CodeFile | undefined,
  onNote: (text: string) => void,
): Promise<OwnTask> {
  return loadNamed(TASK, loadOwnTask, path, expected, onNote);
}

/** The task that a run or a checkpoint is of. @throws InputError where the person has not named it */
export function loadRecordedTask(recorded: CodeFile, where: string): Promise<OwnTask> {
  return loadRecorded(TASK, loadOwnTask, recorded, where);
}
