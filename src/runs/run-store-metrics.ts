/** The logs of a run, `metrics.jsonl` and `samples.jsonl`: one JSON object per line, appended as training goes. */
import { escapeControl, FormatError } from "../core/index.ts";
import { type FileSystem, type OpenFile, readIfThere, writeAll, writeFileDurable } from "./file-system.ts";
import { tryStorage } from "./storage-errors.ts";

/** An event as the command line's `--json` prints it. */
export type MetricsEvent = Readonly<Record<string, unknown>>;

export interface MetricsCut {
  /** Lines that stay. */
  kept: number;
  /** Lines of later steps and of other events that went. */
  dropped: number;
  /** Numbers (from 1) of lines that went because they hold no JSON object, a torn last one included. */
  damaged: number[];
}

const NEWLINE = 10;

/** Calls may overlap: they take effect one after another, in the order of the calls. */
export class MetricsLog {
  readonly path: string;
  private readonly fs: FileSystem;
  private readonly kinds: readonly string[];
  private file: OpenFile | undefined;
  /** Bytes of whole lines, known while the file is open. */
  private bytes = 0;
  private queue: Promise<unknown> = Promise.resolve();

  /** @param kinds the events that belong in it; {@link cut} removes others */
  constructor(path: string, fs: FileSystem, kinds: readonly string[]) {
    this.path = path;
    this.fs = fs;
    this.kinds = kinds;
  }

  /** A line appears whole or, at the latest after the next call, not at all. @throws StorageError */
  append(event: object): Promise<void> {
    const line = new TextEncoder().encode(`${JSON.stringify(event)}\n`);
    return this.inTurn("write", async () => {
      this.file ??= await this.open();
      try {
        await writeAll(this.file, line);
      } catch (error) {
        // A part of the line may be there: opening again cuts it off, if it cannot be done now.
        await this.closeFile().catch(() => {});
        await this.fs.truncate(this.path, this.bytes).catch(() => {});
        throw error;
      }
      this.bytes += line.byteLength;
    });
  }

  /** Resolves when all lines are on the disk. @throws StorageError */
  sync(): Promise<void> {
    return this.inTurn("write", async () => this.file?.sync());
  }

  /**
   * Keep the events up to a step, so that a resumed run continues the log without a seam.
   * The file is replaced in one go.
   * @param onKept called with each event that stays, in their order
   * @throws StorageError
   */
  cut(step: number, onKept?: (event: MetricsEvent) => void): Promise<MetricsCut> {
    return this.inTurn("write", async () => {
      await this.closeFile();
      const content = await readIfThere(this.fs, this.path);
      const cut: MetricsCut = { kept: 0, dropped: 0, damaged: [] };
      if (content === undefined) return cut;
      const kept: Uint8Array[] = [];
      for (const { bytes, whole, number } of lines(content)) {
        const event = whole ? parseEvent(bytes) : undefined;
        if (event === undefined) cut.damaged.push(number);
        else if (this.belongsBefore(event, step)) {
          kept.push(bytes);
          onKept?.(event);
        } else cut.dropped++;
      }
      cut.kept = kept.length;
      if (cut.dropped + cut.damaged.length > 0) {
        await writeFileDurable(this.fs, this.path, Buffer.concat(kept));
      }
      return cut;
    });
  }

  /** All events; a torn last line, which a running writer may leave, is left out. @throws FormatError, StorageError */
  read(): Promise<MetricsEvent[]> {
    return this.inTurn("read", async () => {
      const events: MetricsEvent[] = [];
      const content = (await readIfThere(this.fs, this.path)) ?? new Uint8Array(0);
      for (const { bytes, whole, number } of lines(content)) {
        if (!whole) break;
        const event = parseEvent(bytes);
        if (event === undefined) {
          throw new FormatError(`${escapeControl(this.path)}, line ${number}`, "is not a JSON object");
        }
        events.push(event);
      }
      return events;
    });
  }

  close(): Promise<void> {
    return this.inTurn("write", () => this.closeFile());
  }

  private belongsBefore({ event, step }: MetricsEvent, last: number): boolean {
    return (
      typeof event === "string" && this.kinds.includes(event) && typeof step === "number" && step <= last
    );
  }

  /** Opens for appending; a torn last line is cut off before anything is written behind it. */
  private async open(): Promise<OpenFile> {
    const content = (await readIfThere(this.fs, this.path)) ?? new Uint8Array(0);
    this.bytes = content.lastIndexOf(NEWLINE) + 1;
    if (this.bytes < content.byteLength) await this.fs.truncate(this.path, this.bytes);
    return this.fs.open(this.path, "append");
  }

  private async closeFile(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    await file?.close();
  }

  private inTurn<T>(action: string, work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(() => tryStorage(action, this.path, work));
    this.queue = result.catch(() => {});
    return result;
  }
}

interface Line {
  /** With the line break, if there is one. */
  bytes: Uint8Array;
  /** Whether it ends in a line break. */
  whole: boolean;
  number: number;
}

function* lines(content: Uint8Array): Generator<Line> {
  let number = 1;
  for (let begin = 0; begin < content.byteLength; number++) {
    const newline = content.indexOf(NEWLINE, begin);
    const end = newline < 0 ? content.byteLength : newline + 1;
    yield { bytes: content.subarray(begin, end), whole: newline >= 0, number };
    begin = end;
  }
}

function parseEvent(bytes: Uint8Array): MetricsEvent | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as MetricsEvent) : undefined;
  } catch {
    return undefined;
  }
}
