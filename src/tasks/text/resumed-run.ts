/** The run that a training goes on with. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FormatError, InputError } from "../../core/errors.ts";
import { readCheckpointFacts } from "../../run/model-metadata.ts";
import { isDamage, RunStore } from "../../train/run-store.ts";
import type { Snapshot } from "../../train/snapshot.ts";
import { loadNamedCell, loadRecordedCell } from "../cell-choice.ts";
import { isCellFile } from "../cell-file.ts";
import type { OwnCell } from "../own-cell.ts";
import type { Hooks } from "./corpus.ts";
import type { TextTrainOptions } from "./options.ts";
import { newestRun, refuseOtherSettings } from "./resume.ts";
import { parseTextRun, sameModel, shardsOfRun, snapshotOf, type TextRun } from "./run-file.ts";

export interface Resumed {
  readonly store: RunStore;
  readonly run: TextRun;
  readonly cell: OwnCell | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly seconds: number;
  readonly bestLoss: number;
}

/**
 * Its folder, locked, and its latest checkpoint; undefined where it holds no run yet. Nothing in it is changed.
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
    const cell = await cellOfRun(run, options, folder, hooks.onNote);
    refuseOtherSettings(run, options, folder, cell);
    const latest = await store.latestCheckpoint();
    for (const warning of latest?.warnings ?? []) {
      hooks.onNote(`${warning}; going on from step ${latest?.step} instead`);
    }
    if (latest === undefined) {
      await refuseLostCheckpoints(store);
      hooks.onNote(`${folder} was stopped before its first checkpoint: starting from the beginning`);
      return { store, run, cell, snapshot: undefined, seconds: 0, bestLoss: Number.POSITIVE_INFINITY };
    }
    const facts = readCheckpointFacts(latest, latest.path);
    if (!sameModel(facts.model, run.model)) {
      throw new FormatError(latest.path, "is of another model than run.json describes");
    }
    return {
      ...{ store, run, cell, snapshot: snapshotOf(latest, latest.step, latest.path), seconds: facts.seconds },
      bestLoss: await readBestLoss(store, hooks),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Where a best checkpoint was marked there were checkpoints: starting over would lose what they held without a word. */
async function refuseLostCheckpoints(store: RunStore): Promise<void> {
  try {
    // With no checkpoint at all it cannot be there either.
    await store.bestCheckpoint();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new InputError(`${store.folder} has lost its checkpoints: ${error.problem}`, {
      hint: "put them back, or start a new run, in another folder",
      cause: error,
    });
  }
}

/** The lowest validation loss so far; where its checkpoint is lost the best is looked for anew, and a note says so. */
async function readBestLoss(store: RunStore, { onNote }: Hooks): Promise<number> {
  try {
    return (await store.bestCheckpoint())?.loss ?? Number.POSITIVE_INFINITY;
  } catch (error) {
    if (!isDamage(error)) throw error;
    onNote(`the best checkpoint is lost (${error.problem}): the next evaluation counts as the best`);
    return Number.POSITIVE_INFINITY;
  }
}

/** The cell of a run that goes on: wherever its file is now, it must be the same. */
async function cellOfRun(
  run: TextRun,
  options: TextTrainOptions,
  folder: string,
  onNote: Hooks["onNote"],
): Promise<OwnCell | undefined> {
  if (run.cellFile === undefined) return undefined;
  if (options.cell === undefined) return loadRecordedCell(run.cellFile, folder);
  return isCellFile(options.cell) ? loadNamedCell(options.cell, undefined, onNote) : undefined;
}

/** Say what keeps a run from ending with the bits of an uninterrupted one. */
export function warnAboutBits(before: TextRun, now: TextRun, hooks: Hooks): void {
  const changes = (["backend", "instructions", "precision", "version"] as const)
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} ${before[name]} -> ${now[name]}`);
  const [shardsBefore, shardsNow] = [before, now].map(shardsOfRun);
  if (shardsBefore !== shardsNow) changes.push(`shards ${shardsBefore} -> ${shardsNow}`);
  // Only the cosine looks at its end.
  if (now.settings.lrDecay === null && before.limits.epochs !== now.limits.epochs) {
    changes.push(`epochs ${before.limits.epochs ?? "none"} -> ${now.limits.epochs ?? "none"}`);
  }
  if (changes.length > 0) {
    hooks.onNote(`bits may differ from an uninterrupted run: ${changes.join(", ")}`);
  }
}
