/** `run.json` of a run's folder, as JSON; run-file.ts says what its fields mean. */
import { escapeControl, FormatError, InputError, problemOf } from "../core/errors.ts";
import { type FileSystem, readIfThere, writeFileDurable } from "./file-system.ts";

/** @throws InputError for what JSON has no form for: cycles, bigints */
export function toJson(where: string, value: object, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch (cause) {
    const reason = escapeControl(problemOf(cause).split("\n")[0]);
    throw new InputError(`${where} cannot be written as JSON: ${reason}`, { cause });
  }
}

export class RunJson {
  readonly path: string;
  private readonly fs: FileSystem;

  constructor(path: string, fs: FileSystem) {
    this.path = path;
    this.fs = fs;
  }

  /** Replaces the file. */
  async write(json: string): Promise<void> {
    await writeFileDurable(this.fs, this.path, `${json}\n`);
  }

  /** The object in the file, its fields unchecked. @throws InputError where there is no file, FormatError */
  async read(): Promise<Record<string, unknown>> {
    const where = escapeControl(this.path);
    const bytes = await readIfThere(this.fs, this.path);
    if (bytes === undefined) throw new InputError(`there is no ${where}`);
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (cause) {
      throw new FormatError(where, `is not valid JSON: ${escapeControl(problemOf(cause))}`, { cause });
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FormatError(where, "must hold a JSON object");
    }
    return value as Record<string, unknown>;
  }
}
