/** The data that a run was trained and validated on. */

import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { assetOf, openRecordedSource, sourceOf } from "../sources/paths.ts";
import type { OpenedCheckpoint } from "./open-trained.ts";
import { refuseOtherData } from "./resume.ts";
import { type TaskRun, validationPaths } from "./run-file.ts";

/**
 * Load it again, as it was.
 * @throws InputError when it is gone or no longer the same
 */
export async function loadOwnData(
  { task, facts, store }: OpenedCheckpoint,
  run: TaskRun,
  hooks: LoadHooks,
): Promise<unknown> {
  const folder = store?.folder ?? "";
  const { paths, validation } = run.data;
  const recorded = (names: readonly string[]) => openRecordedSource(names, folder, task.words.data);
  const { data } = await task.load(
    {
      source: paths.length === 0 ? undefined : await recorded(paths),
      validation: validation && (await recorded(validationPaths(validation))),
      settings: run.settings,
      isChosen: () => true,
      known: { of: "run", facts },
      threads: undefined,
      verify: (read, symbols) => refuseOtherData(task, run, folder, read, symbols),
      asset: assetOf,
      file: (path) => sourceOf([path]),
    },
    hooks,
  );
  return data;
}

/** @throws InputError for a checkpoint file, which does not say what it was trained on */
export function requireRun(run: TaskRun | undefined, { task }: OpenedCheckpoint, purpose: string): TaskRun {
  if (run !== undefined) return run;
  const { data } = task.words;
  throw new InputError(`a checkpoint file alone does not say what ${data} to ${purpose}`, {
    hint: `name a ${data}, or give the run's folder`,
  });
}
