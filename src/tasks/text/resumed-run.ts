/** The run that a training goes on with. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { TrainingHistory } from "../../train/history.ts";
import { RunStore } from "../../train/run-store.ts";
import type { Snapshot } from "../../train/snapshot.ts";
import { isCellFile } from "../cell-file.ts";
import { loadOwnCell, type OwnCell } from "../own-cell.ts";
import type { Hooks } from "./corpus.ts";
import type { TextTrainOptions } from "./options.ts";
import { newestRun, refuseOtherSettings } from "./resume.ts";
import { parseTextRun, readCheckpointFacts, snapshotOf, type TextRun } from "./run-file.ts";

export interface Resumed {
  readonly store: RunStore;
  readonly run: TextRun;
  readonly cell: OwnCell | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly seconds: number;
  readonly bestLoss: number;
  /** Of the earlier sittings, up to the checkpoint. */
  readonly history: TrainingHistory;
}

/**
 * Its folder, locked, cut back to its latest checkpoint; undefined where it holds no run yet.
 * @throws InputError for options that the run does not have, FormatError, LockError
 */
export async function openResumed(options: TextTrainOptions, hooks: Hooks): Promise<Resumed | undefined> {
  if (options.from !== undefined) {
    throw new InputError("--from and --resume exclude each other", {
      hint: "--resume goes on with a run, --from starts a new one from its weights",
    });
  }
  const folder = options.out ?? (await newestRun());
  if (existsSync(folder) && !existsSync(join(folder, "run.json"))) {
    hooks.onNote(`${folder} holds no run yet: starting from the beginning`);
    return undefined;
  }
  const store = await RunStore.open(folder, { mode: "write" });
  try {
    const run = parseTextRun(await store.readRunJson(), join(folder, "run.json"));
    const cell = await cellOfRun(run, options);
    refuseOtherSettings(run, options, folder, cell);
    const latest = await store.latestCheckpoint();
    for (const warning of latest?.warnings ?? []) {
      hooks.onNote(`${warning}; going on from step ${latest?.step} instead`);
    }
    const history = new TrainingHistory();
    await store.rewindTo(latest?.step ?? 0, (event) => history.add(event));
    if (latest === undefined) {
      hooks.onNote(`${folder} was stopped before its first checkpoint: starting from the beginning`);
      return {
        store,
        run,
        cell,
        snapshot: undefined,
        seconds: 0,
        bestLoss: Number.POSITIVE_INFINITY,
        history,
      };
    }
    const facts = readCheckpointFacts(latest, latest.path);
    const best = await store.bestCheckpoint();
    return {
      ...{ store, run, cell, snapshot: snapshotOf(latest, latest.step, latest.path), seconds: facts.seconds },
      bestLoss: best?.loss ?? Number.POSITIVE_INFINITY,
      history,
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The cell of a run that goes on: wherever its file is now, it must be the same. */
async function cellOfRun(run: TextRun, options: TextTrainOptions): Promise<OwnCell | undefined> {
  if (run.cellFile === undefined) return undefined;
  if (options.cell === undefined) return loadOwnCell(run.cellFile.path, run.cellFile);
  return isCellFile(options.cell) ? loadOwnCell(options.cell) : undefined;
}

/** Say what keeps a run from ending with the bits of an uninterrupted one. */
export function warnAboutBits(before: TextRun, now: TextRun, hooks: Hooks): void {
  const changes = (["backend", "instructions", "precision", "threads", "version"] as const)
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} ${before[name]} -> ${now[name]}`);
  // Only the cosine looks at its end.
  if (now.settings.lrDecay === null && before.limits.epochs !== now.limits.epochs) {
    changes.push(`epochs ${before.limits.epochs ?? "none"} -> ${now.limits.epochs ?? "none"}`);
  }
  if (changes.length > 0) {
    hooks.onNote(`bits may differ from an uninterrupted run: ${changes.join(", ")}`);
  }
}
