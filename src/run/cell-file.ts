/** Which file holds a cell of the user's own. */
export type { CodeFile as CellFile } from "./checkpoint-metadata.ts";

/** Whether `--cell` names a file, not one of the built-in cells. */
export function isCellFile(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}
