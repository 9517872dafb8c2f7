import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { escapeControl, InputError, UnrolledError } from "../core/errors.ts";
import type { TextCorpus } from "../data/index.ts";
import { readText, STDIN } from "./text-files.ts";

/** What a long task tells while it works. */
export interface Hooks {
  /** The person wants to stop: finish the step, save, end. */
  readonly signal: AbortSignal;
  onProgress(activity: string, done: number, total: number | null): void;
  /** One line that people should see. */
  onNote(text: string): void;
}

/** Of work that has nothing to save: the signal, if there is one, ends it with the signal's reason. */
export type LoadHooks = Pick<Hooks, "onProgress" | "onNote"> & Partial<Pick<Hooks, "signal">>;

/** A snapshot of this project's own source text: ours to give away, and made of words a reader can judge. */
const BUNDLED = new URL("../../../corpus/unrolled.txt", import.meta.url);

export function describeData(paths: readonly string[]): string {
  if (paths.length === 0) return "the bundled corpus (this project's own source)";
  return paths.length === 1 ? paths[0] : `${paths.length} files`;
}

/** Starts of network shares and devices on Windows: reading one tells another machine who asks. */
const NETWORK_OR_DEVICE = /^[\\/]{2}/;

/**
 * Read the text of a run from where its run.json says that it is. Such a file may come from somebody else: it names
 * ordinary files and folders, and nothing that waits, never ends or is on another machine.
 * @param where the run
 * @throws InputError naming the path that is none of them
 */
export async function readRecordedCorpus(
  paths: readonly string[],
  where: string,
  hooks: LoadHooks,
): Promise<TextCorpus> {
  for (const path of paths) {
    if (path === STDIN) continue;
    const isOrdinary = NETWORK_OR_DEVICE.test(path) ? false : await isFileOrFolder(path);
    if (isOrdinary) continue;
    throw new InputError(
      `${escapeControl(where)} names ${escapeControl(path)} as its text, which is no ordinary file or folder here`,
      { hint: "name the text yourself" },
    );
  }
  return readCorpus(paths, hooks);
}

/** Also where there is nothing, which reading says better. */
function isFileOrFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile() || found.isDirectory(),
    () => true,
  );
}

/** Read the text of a run; no paths: the bundled corpus. */
export async function readCorpus(paths: readonly string[], hooks: LoadHooks): Promise<TextCorpus> {
  if (paths.length === 0 && !existsSync(BUNDLED)) {
    throw new UnrolledError("CORPUS", "failure", "the bundled corpus is missing", {
      hint: "install the package again, or name a text of your own",
    });
  }
  const activity = `reading ${describeData(paths)}`;
  return readText(paths.length === 0 ? [fileURLToPath(BUNDLED)] : paths, {
    onProgress: (done, total) => hooks.onProgress(activity, done, total),
    onWarning: (message) => hooks.onNote(message),
    signal: hooks.signal,
  });
}
