/** The `checkpoints` folder of a run: `step-N.safetensors`, of which the newest three and the best stay. */
import { join } from "node:path";
import { escapeControl, FormatError, InputError, StorageError } from "../core/index.ts";
import { CheckpointVersionError, decodeCheckpoint, type SafetensorsFile } from "../io/index.ts";
import {
  type FileSystem,
  nodeFileSystem,
  readIfThere,
  removeEmptyFolder,
  removeFile,
  writeFileDurable,
} from "./file-system.ts";
import { errorCode, tryStorage } from "./storage-errors.ts";

export const KEPT_CHECKPOINTS = 3;

export interface LoadedCheckpoint extends SafetensorsFile {
  step: number;
  path: string;
  /** One line for each newer checkpoint that was passed over because it is damaged. */
  warnings: string[];
}

/** Which checkpoint is the best, its validation loss, and the number that chose it where that is another one. */
export interface BestCheckpoint {
  step: number;
  loss: number;
  choose?: number;
}

/** Races with a training process that removes old checkpoints are lost this often at most. */
const ATTEMPTS = 5;

/**
 * The checkpoint in a file that the user named.
 * @throws FormatError if it is damaged; InputError if it is not there; StorageError
 */
export async function readCheckpointFile(
  path: string,
  fs: FileSystem = nodeFileSystem,
): Promise<SafetensorsFile> {
  const bytes = await readIfThere(fs, path);
  if (bytes === undefined) throw new InputError(`there is no checkpoint ${escapeControl(path)}`);
  return decodeCheckpoint(bytes, path);
}

/**
 * Whether an error says that a file is damaged, so that another may take its place. One that is whole, but of a newer
 * program, is not passed over: going on from an older one would lose that program's work.
 */
export function isDamage(error: unknown): error is FormatError {
  return error instanceof FormatError && !(error instanceof CheckpointVersionError);
}

export class CheckpointFolder {
  readonly path: string;
  private readonly fs: FileSystem;
  private readonly bestPath: string;

  constructor(path: string, fs: FileSystem) {
    this.path = path;
    this.fs = fs;
    this.bestPath = join(path, "best.json");
  }

  pathOf(step: number): string {
    return join(this.path, `step-${step}.safetensors`);
  }

  /** The steps of all checkpoints, newest first; none if there is no folder. */
  async steps(): Promise<number[]> {
    const names = await tryStorage("read", this.path, () =>
      this.fs.readdir(this.path).catch((error) => {
        if (errorCode(error) === "ENOENT") return [];
        throw error;
      }),
    );
    return names
      .map((name) => /^step-(0|[1-9][0-9]{0,15})\.safetensors$/.exec(name))
      .filter((match) => match !== null)
      .map((match) => Number(match[1]))
      .filter((step) => Number.isSafeInteger(step))
      .sort((a, b) => b - a);
  }

  /** First the new file is safe on the disk, then it may become the best, then old ones go. */
  async save(
    step: number,
    bytes: Uint8Array,
    best: { loss: number; choose?: number } | undefined,
  ): Promise<string> {
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new InputError(`the step of a checkpoint must be a whole number, got ${step}`);
    }
    if (best !== undefined && !Number.isFinite(best.loss)) {
      throw new InputError(`the loss of the best checkpoint must be finite, got ${best.loss}`);
    }
    const path = this.pathOf(step);
    try {
      await writeFileDurable(this.fs, path, bytes);
      if (best !== undefined) {
        await writeFileDurable(this.fs, this.bestPath, `${JSON.stringify({ step, ...best })}\n`);
      }
      await this.prune();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const hint = "the checkpoints saved before are intact: continue with --resume";
      throw new StorageError(error.problem, {
        hint: error.hint === undefined ? hint : `${error.hint}; ${hint}`,
        cause: error.cause,
      });
    }
    return path;
  }

  /** The newest checkpoint that is whole, or undefined if there are none. @throws FormatError if none is whole */
  async latest(): Promise<LoadedCheckpoint | undefined> {
    for (let attempt = 0; ; attempt++) {
      const warnings: string[] = [];
      let vanished = false;
      for (const step of await this.steps()) {
        const path = this.pathOf(step);
        const bytes = await readIfThere(this.fs, path);
        if (bytes === undefined) {
          vanished = true;
          continue;
        }
        try {
          return { ...(await decodeCheckpoint(bytes, path)), step, path, warnings };
        } catch (error) {
          if (!isDamage(error)) throw error;
          warnings.push(error.problem);
        }
      }
      if (vanished && attempt < ATTEMPTS) continue;
      if (warnings.length === 0) return undefined;
      throw new FormatError(escapeControl(this.path), `no checkpoint is whole; ${warnings.join("; ")}`, {
        hint: "start a new run, in another folder",
      });
    }
  }

  /** The best checkpoint and its loss, or undefined if none was marked. @throws FormatError if it is damaged or gone */
  async best(): Promise<(LoadedCheckpoint & { loss: number; choose?: number }) | undefined> {
    for (let attempt = 0; ; attempt++) {
      const best = await this.readBest();
      if (best === undefined) return undefined;
      const path = this.pathOf(best.step);
      const bytes = await readIfThere(this.fs, path);
      if (bytes !== undefined)
        return { ...(await decodeCheckpoint(bytes, path)), ...best, path, warnings: [] };
      if (attempt >= ATTEMPTS) {
        const problem = `names step ${best.step}, which has no checkpoint`;
        throw new FormatError(escapeControl(this.bestPath), problem, {
          hint: "remove the file, then the latest checkpoint is used",
        });
      }
    }
  }

  /**
   * The checkpoint to take the model from: the best, or where none is marked or the best is lost the newest that is
   * whole; `warnings` then say why, one line each. Undefined if nothing was saved.
   * @throws FormatError if there were some and none is whole, or one that counts is of another format version
   */
  async bestOrLatest(): Promise<LoadedCheckpoint | undefined> {
    let lost: FormatError;
    try {
      return (await this.best()) ?? (await this.latest());
    } catch (error) {
      if (!isDamage(error)) throw error;
      lost = error;
    }
    const latest = await this.latest();
    if (latest === undefined) {
      throw new FormatError(escapeControl(this.path), `holds no checkpoint; ${lost.problem}`, {
        hint: "put them back, or start a new run, in another folder",
        cause: lost,
      });
    }
    const warnings = [lost.problem, ...latest.warnings.filter((warning) => warning !== lost.problem)];
    return { ...latest, warnings };
  }

  /** Removes what was saved after a step, and the mark of a best checkpoint that is later, damaged or gone. */
  async removeAfter(step: number): Promise<void> {
    const best = await this.best().catch((error) => {
      if (isDamage(error)) return { step: Number.POSITIVE_INFINITY };
      throw error;
    });
    if (best !== undefined && best.step > step) await removeFile(this.fs, this.bestPath);
    for (const later of await this.steps()) {
      if (later > step) await removeFile(this.fs, this.pathOf(later));
    }
  }

  /** Removes all checkpoints, the mark of the best one and then the folder. @returns what else is in it and stays */
  async removeAll(): Promise<string[]> {
    for (const step of await this.steps()) await removeFile(this.fs, this.pathOf(step));
    await removeFile(this.fs, this.bestPath);
    return removeEmptyFolder(this.fs, this.path);
  }

  private async prune(): Promise<void> {
    const steps = await this.steps();
    if (steps.length <= KEPT_CHECKPOINTS) return;
    const best = await this.readBest().catch((error) => {
      if (error instanceof FormatError) return "unknown" as const;
      throw error;
    });
    // Any of them may be the best one. The next best one mends the file.
    if (best === "unknown") return;
    for (const step of steps.slice(KEPT_CHECKPOINTS)) {
      if (step !== best?.step) await removeFile(this.fs, this.pathOf(step));
    }
  }

  /** What is known of the best checkpoint without reading it. @throws FormatError */
  async readBest(): Promise<BestCheckpoint | undefined> {
    const bytes = await readIfThere(this.fs, this.bestPath);
    if (bytes === undefined) return undefined;
    try {
      const { step, loss, choose } = JSON.parse(new TextDecoder().decode(bytes));
      const isStep = Number.isSafeInteger(step) && step >= 0;
      if (isStep && Number.isFinite(loss) && choose === undefined) return { step, loss };
      if (isStep && Number.isFinite(loss) && Number.isFinite(choose)) return { step, loss, choose };
    } catch {
      // Refused below, like well-formed JSON of another form.
    }
    throw new FormatError(escapeControl(this.bestPath), 'must be {"step": N, "loss": X}', {
      hint: "remove the file, then the latest checkpoint is used",
    });
  }
}
