/** The file that contains a user's own cell. */
export type { CodeFile as CellFile } from "./checkpoint-metadata.ts";

/** Whether `--cell` names a file, not one of the built-in cells. */
export function isCellFile(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}
