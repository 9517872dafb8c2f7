/** Which cell a run was trained with, when it is one of the user's own. */
export interface CellFile {
  /** As it was given, from the folder in which the program ran. */
  readonly path: string;
  /** Of the file's bytes; what it imports is not in it. */
  readonly sha256: string;
}

/** Whether `--cell` names a file, not one of the built-in cells. */
export function isCellFile(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}
