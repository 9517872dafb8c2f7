/** Whose word decides which cell's code is loaded: the person's, now or before; never that of a run or a checkpoint. */
import { escapeControl, InputError, UnrolledError } from "../core/errors.ts";
import type { CellFile } from "../run/cell-file.ts";
import { findNamedCell, rememberCell } from "./named-cells.ts";
import { loadOwnCell, type OwnCell } from "./own-cell.ts";

/**
 * Load a cell that the person has named, and remember that. Where it cannot be remembered a note says so.
 * @param expected what the model was trained with: another content is refused before it runs
 * @throws InputError as {@link loadOwnCell}
 */
export async function loadNamedCell(
  path: string,
  expected: CellFile | undefined,
  onNote: (text: string) => void,
): Promise<OwnCell> {
  const cell = await loadOwnCell(path, { expected });
  try {
    await rememberCell(cell);
  } catch (error) {
    if (!(error instanceof UnrolledError)) throw error;
    onNote(`the cell ${path} has to be named again the next time: ${error.message}`);
  }
  return cell;
}

/**
 * Load the cell that a run or a checkpoint asks for, if the person has named that very file with that content before.
 * @param where the run or checkpoint
 * @throws InputError where they have not; nothing of the file is read then
 */
export async function loadRecordedCell(recorded: CellFile, where: string): Promise<OwnCell> {
  const named = await findNamedCell(recorded.path, recorded.sha256).catch((error) => {
    if (!(error instanceof UnrolledError)) throw error;
    throw notNamed(recorded, where, error);
  });
  if (named === undefined) throw notNamed(recorded, where);
  const isSame = (realPath: string) => realPath === named.realPath;
  const cell = await loadOwnCell(recorded.path, { expected: recorded, isSame });
  if (cell === undefined) throw notNamed(recorded, where);
  return cell;
}

function notNamed({ path, sha256 }: CellFile, where: string, cause?: UnrolledError): InputError {
  const hash = `${sha256.slice(0, 12)}...`;
  const reason = cause === undefined ? "" : ` (${cause.problem})`;
  // The path comes from a file: what a shell would make more of than a name is not said as a command.
  const file = /^[\w./][\w./-]*$/.test(path) ? path : "FILE";
  return new InputError(
    `${escapeControl(where)} needs the code of the cell ${escapeControl(path)} (SHA-256 ${hash}), which you have not named here before${reason}`,
    { hint: `if you trust that file, repeat --cell ${file}`, cause },
  );
}
