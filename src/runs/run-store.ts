/**
 * The folder of a run: `run.json`, `metrics.jsonl`, `samples.jsonl`, `checkpoints/step-N.safetensors`, `report.html` and,
 * while a process writes, `.lock`. Everything but the logs is replaced whole or not at all, and is on the disk when a call resolves.
 */
import { dirname, join, resolve } from "node:path";
import { escapeControl, InputError } from "../core/index.ts";
import {
  BYTES,
  COUNT,
  checkValue,
  FINITE,
  OBJECT,
  OPTIONS,
  oneOf,
  optional,
  type Range,
  refuseOthers,
  settle,
  TEXT,
} from "../core/options.ts";
import {
  type FileSystem,
  nodeFileSystem,
  removeEmptyFolder,
  removeFile,
  sweepTemporaryFiles,
  writeFileDurable,
} from "./file-system.ts";
import { acquireLock, type RunLock } from "./lock.ts";
import { processIsAlive } from "./machine.ts";
import { RunJson, toJson } from "./run-json.ts";
import { type BestCheckpoint, CheckpointFolder, type LoadedCheckpoint } from "./run-store-checkpoints.ts";
import { type MetricsCut, type MetricsEvent, MetricsLog } from "./run-store-metrics.ts";
import { errorCode, tryStorage } from "./storage-errors.ts";

export { isDamage, type LoadedCheckpoint, readCheckpointFile } from "./run-store-checkpoints.ts";
export type { MetricsCut, MetricsEvent } from "./run-store-metrics.ts";

/** Samples that are pictures. */
const SAMPLES = "samples";

/** A page about the run that its training may leave there. */
const REPORT = "report.html";

export interface OpenOptions {
  /** "read" takes no lock and may look at a run in training; "write" locks. Default "read". */
  mode?: "read" | "write";
  fs?: FileSystem;
}

const FOLDER: Range = { text: "the path of a folder", fits: (value) => TEXT.fits(value) && value !== "" };

/** Failures are StorageError with the path, the reason in words and a hint; what was saved before stays intact. */
export class RunStore {
  /** The folder, as it was given. */
  readonly folder: string;
  private readonly fs: FileSystem;
  private readonly metrics: MetricsLog;
  private readonly samples: MetricsLog;
  private readonly checkpoints: CheckpointFolder;
  private readonly runJson: RunJson;
  /** Undefined in a store that only reads, and after {@link close}. */
  private lock: RunLock | undefined;

  private constructor(folder: string, fs: FileSystem, lock: RunLock | undefined) {
    this.folder = folder;
    this.fs = fs;
    this.lock = lock;
    this.metrics = new MetricsLog(join(folder, "metrics.jsonl"), fs, ["step", "eval"]);
    this.samples = new MetricsLog(join(folder, "samples.jsonl"), fs, ["sample"]);
    this.checkpoints = new CheckpointFolder(join(folder, "checkpoints"), fs);
    this.runJson = new RunJson(join(folder, "run.json"), fs);
  }

  /**
   * A new run, locked for writing. The folder and its parents are made; it may hold other files, but no run.
   * @throws InputError if it holds a run; LockError; StorageError
   */
  static async create(folder: string, fs: FileSystem = nodeFileSystem): Promise<RunStore> {
    checkValue("RunStore.create: folder", FOLDER, folder);
    checkValue("RunStore.create: fs", OBJECT, fs);
    const checkpoints = join(folder, "checkpoints");
    await tryStorage("create", folder, () => fs.mkdir(folder));
    return RunStore.locked(folder, fs, async (store) => {
      const names = await tryStorage("read", folder, () => fs.readdir(folder));
      const isRun = ["run.json", "metrics.jsonl", "samples.jsonl"].some((name) => names.includes(name));
      if (isRun || (await store.checkpoints.steps()).length > 0) {
        throw new InputError(`${escapeControl(folder)} already holds a run`, {
          hint: "continue it with --resume, or choose another folder with --out",
        });
      }
      await tryStorage("create", checkpoints, () => fs.mkdir(checkpoints));
      await tryStorage("create", folder, async () => {
        await fs.syncFolder(folder);
        // The folder's own name. Its parent may be somebody else's, who forbids to open it.
        await fs.syncFolder(dirname(folder)).catch((error) => {
          if (!["EACCES", "EPERM"].includes(errorCode(error) ?? "")) throw error;
        });
      });
    });
  }

  /** An existing run. @throws InputError if there is none; LockError (to write); StorageError */
  static async open(folder: string, options: OpenOptions = {}): Promise<RunStore> {
    checkValue("RunStore.open: folder", FOLDER, folder);
    const ranges = { mode: oneOf("read", "write"), fs: OBJECT };
    const { mode, fs } = settle("RunStore.open", ranges, { mode: "read", fs: nodeFileSystem }, options);
    const names = await tryStorage("read", folder, () =>
      fs.readdir(folder).catch((error) => {
        if (!["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) throw error;
        throw new InputError(`there is no run folder ${escapeControl(folder)}`, {
          hint: "a run is the folder that `npx unrolled train` names at its start and end, as runs/text-...",
        });
      }),
    );
    if (!names.includes("run.json")) {
      throw new InputError(`${escapeControl(folder)} is not a run folder: it holds no run.json`, {
        hint: "a run is the folder that `npx unrolled train` names at its start and end, as runs/text-...",
      });
    }
    if (mode === "read") return new RunStore(folder, fs, undefined);
    return RunStore.locked(folder, fs, async (store) => {
      await tryStorage("create", store.checkpoints.path, () => fs.mkdir(store.checkpoints.path));
    });
  }

  /** A locked store, after `prepare` and without the leftovers of writers that died; unlocked if that fails. */
  private static async locked(
    folder: string,
    fs: FileSystem,
    prepare: (store: RunStore) => Promise<void>,
  ): Promise<RunStore> {
    const store = new RunStore(folder, fs, await acquireLock(folder));
    try {
      await store.refuseLinks();
      await prepare(store);
      await sweepTemporaryFiles(fs, folder, processIsAlive);
      await sweepTemporaryFiles(fs, store.checkpoints.path, processIsAlive);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Through these a folder from somebody else could have files elsewhere written or removed. */
  private async refuseLinks(): Promise<void> {
    for (const path of [this.checkpoints.path, this.metrics.path, this.samples.path]) {
      if (!(await tryStorage("read", path, () => this.fs.isLink(path)))) continue;
      throw new InputError(`${escapeControl(path)} is a symbolic link: a run is not written through links`, {
        hint: "put what it links to in its place, or make the whole folder of the run a link",
      });
    }
  }

  /** Replaces `run.json`. */
  async writeRunJson(run: object): Promise<void> {
    this.mustWrite();
    checkValue("runStore.writeRunJson: run", OPTIONS, run);
    await this.runJson.write(toJson("runStore.writeRunJson: run", run, 2));
  }

  /** The object in `run.json`, its fields unchecked. @throws FormatError */
  readRunJson(): Promise<Record<string, unknown>> {
    return this.runJson.read();
  }

  /** One line of `metrics.jsonl`. Not synced: a power cut may take the lines since the last checkpoint. */
  async appendMetrics(event: object): Promise<void> {
    this.mustWrite();
    checkValue("runStore.appendMetrics: event", OPTIONS, event);
    toJson("runStore.appendMetrics: event", event);
    await this.metrics.append(event);
  }

  /** One line of `samples.jsonl`, synced with the next checkpoint. */
  async appendSample(event: object): Promise<void> {
    this.mustWrite();
    checkValue("runStore.appendSample: event", OPTIONS, event);
    toJson("runStore.appendSample: event", event);
    await this.samples.append(event);
  }

  /** A sample that is a picture: `samples/step-N.svg`. Returns its path. */
  async writePicture(step: number, svg: string): Promise<string> {
    this.mustWrite();
    checkValue("runStore.writePicture: step", COUNT, step);
    checkValue("runStore.writePicture: svg", TEXT, svg);
    const folder = join(this.folder, SAMPLES);
    if (await tryStorage("read", folder, () => this.fs.isLink(folder))) {
      throw new InputError(`${escapeControl(folder)} is a symbolic link: a run is not written through links`);
    }
    await tryStorage("create", folder, () => this.fs.mkdir(folder));
    const path = join(folder, `step-${step}.svg`);
    await writeFileDurable(this.fs, path, svg);
    return path;
  }

  /** Replaces `report.html`. Returns its path. */
  async writeReport(html: string): Promise<string> {
    this.mustWrite();
    checkValue("runStore.writeReport: html", TEXT, html);
    const path = join(this.folder, REPORT);
    await writeFileDurable(this.fs, path, html);
    return path;
  }

  /** All events of the log. @throws FormatError naming the line */
  readMetrics(): Promise<MetricsEvent[]> {
    return this.metrics.read();
  }

  /** Keep the log's step and eval events up to `step`; torn or broken lines go, and are told. */
  async cutMetrics(step: number): Promise<MetricsCut> {
    this.mustWrite();
    checkValue("runStore.cutMetrics: step", COUNT, step);
    return this.metrics.cut(step);
  }

  /**
   * Go back to `step` before continuing from its checkpoint: checkpoints saved later and the mark of a best that is
   * later, damaged or gone are removed, and the logs are cut. Without it, a resume from an older checkpoint would find
   * the newer ones again.
   * @param onKept called with each event that stays in a log: steps and evaluations, then samples
   * @returns what became of `metrics.jsonl`
   */
  async rewindTo(step: number, onKept?: (event: MetricsEvent) => void): Promise<MetricsCut> {
    this.mustWrite();
    checkValue("runStore.rewindTo: step", COUNT, step);
    await this.checkpoints.removeAfter(step);
    const cut = await this.metrics.cut(step, onKept);
    await this.samples.cut(step, onKept);
    return cut;
  }

  /**
   * Save the bytes of a checkpoint (see encodeCheckpoint) after everything logged so far, then remove old ones:
   * the newest three and the best stay.
   * @param options.best if this is the best checkpoint so far: its validation loss, and the number that chose it where
   * that is another one; both finite
   * @returns its path: `<folder>/checkpoints/step-N.safetensors`
   */
  async saveCheckpoint(
    step: number,
    bytes: Uint8Array,
    options: { best?: { loss: number; choose?: number } } = {},
  ): Promise<string> {
    this.mustWrite();
    checkValue("runStore.saveCheckpoint: step", COUNT, step);
    checkValue("runStore.saveCheckpoint: bytes", BYTES, bytes);
    refuseOthers("runStore.saveCheckpoint", { best: 0 }, options);
    checkValue("runStore.saveCheckpoint: best", optional(OPTIONS), options.best);
    if (options.best !== undefined)
      checkValue("runStore.saveCheckpoint: best.loss", FINITE, options.best.loss);
    checkValue("runStore.saveCheckpoint: best.choose", optional(FINITE), options.best?.choose);
    await this.metrics.sync();
    await this.samples.sync();
    return this.checkpoints.save(step, bytes, options.best);
  }

  /**
   * The newest checkpoint that is whole; `warnings` tells of newer, damaged ones. Undefined if nothing was saved.
   * @throws FormatError if none is whole, or the newest is of another format version
   */
  latestCheckpoint(): Promise<LoadedCheckpoint | undefined> {
    return this.checkpoints.latest();
  }

  /** The best checkpoint, or undefined if none was marked as such. @throws FormatError if it is damaged or gone */
  bestCheckpoint(): Promise<(LoadedCheckpoint & { loss: number; choose?: number }) | undefined> {
    return this.checkpoints.best();
  }

  /**
   * The checkpoint to take the model from: the best, or where none is marked or the best is lost the newest that is
   * whole; `warnings` then say why, one line each. Undefined if nothing was saved.
   * @throws FormatError if there were some and none is whole, or one that counts is of another format version
   */
  bestOrLatestCheckpoint(): Promise<LoadedCheckpoint | undefined> {
    return this.checkpoints.bestOrLatest();
  }

  /** Step and validation loss of the best checkpoint, which is not read. @throws FormatError */
  bestLoss(): Promise<BestCheckpoint | undefined> {
    return this.checkpoints.readBest();
  }

  /** Steps of the saved checkpoints, newest first. */
  checkpointSteps(): Promise<number[]> {
    return this.checkpoints.steps();
  }

  /** Where the checkpoint of a step lies or would lie. */
  checkpointPath(step: number): string {
    checkValue("runStore.checkpointPath: step", COUNT, step);
    return this.checkpoints.pathOf(step);
  }

  /**
   * Remove the run: the files that a run consists of, `run.json` last, and the folders if they are empty then. The store
   * is closed. When a file cannot be removed, what is left is still a run, which can be removed again.
   * @returns paths of what else is in the folder and stays
   */
  async remove(): Promise<string[]> {
    this.mustWrite();
    const kept = (await this.checkpoints.removeAll()).map((name) => join("checkpoints", name));
    await Promise.all([this.metrics.close(), this.samples.close()]);
    for (const path of [this.metrics.path, this.samples.path, join(this.folder, REPORT), this.runJson.path])
      await removeFile(this.fs, path);
    await this.close();
    // An absolute path: a folder cannot be removed by the name `.`.
    const left = await removeEmptyFolder(this.fs, resolve(this.folder));
    return [...kept, ...left.filter((name) => name !== "checkpoints" || kept.length === 0)];
  }

  /** Ends the writing and unlocks. Calling it again does nothing. */
  async close(): Promise<void> {
    const lock = this.lock;
    this.lock = undefined;
    try {
      await Promise.all([this.metrics.close(), this.samples.close()]);
    } finally {
      lock?.release();
    }
  }

  private mustWrite(): void {
    if (this.lock !== undefined) return;
    throw new InputError(`the run ${escapeControl(this.folder)} is not open for writing`);
  }
}
