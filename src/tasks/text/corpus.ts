import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UnrolledError } from "../../core/errors.ts";
import type { TextCorpus } from "../../data/index.ts";
import { readText } from "./source.ts";

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
