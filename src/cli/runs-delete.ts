/** `unrolled runs --delete RUN...` */
import { resolve } from "node:path";
import { escapeControl, formatBytes, InputError } from "../core/errors.ts";
import { checkDeletable, deleteRun } from "../runs/run-list.ts";
import { canAsk, confirm } from "./confirm.ts";
import { note } from "./note.ts";
import { writeOut } from "./output.ts";

export interface DeleteOptions {
  /** Delete without asking. */
  readonly yes: boolean;
  readonly json: boolean;
}

/** Delete runs, all of them or, when one of them cannot be deleted, none. */
export async function deleteRuns(named: readonly string[], { yes, json }: DeleteOptions): Promise<void> {
  if (named.length === 0) {
    throw new InputError("--delete needs the runs to delete", { hint: "npx unrolled runs lists them" });
  }
  const folders = [...new Map(named.map((folder) => [resolve(folder), folder])).values()];
  const bytes = await checkDeletable(folders);
  if (!yes) {
    const what = folders.map(escapeControl).join(", ");
    if (!canAsk()) {
      throw new InputError("--delete asks before it deletes, and there is no terminal to ask on", {
        hint: "--yes deletes without asking",
      });
    }
    if (!(await confirm(`delete ${what} (${formatBytes(bytes)})?`))) {
      note("nothing was deleted");
      return;
    }
  }
  for (const folder of folders) {
    const deleted = await deleteRun(folder);
    const place = escapeControl(folder);
    await writeOut(
      json ? `${JSON.stringify(deleted)}\n` : `deleted ${place} (${formatBytes(deleted.bytes)})\n`,
    );
    if (deleted.kept.length > 0) {
      note(`kept in ${place}, since it is no part of a run: ${deleted.kept.join(", ")}`);
    }
  }
}
