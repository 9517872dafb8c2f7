/**
 * Every error that this package throws on purpose. A message is one line that says what is wrong, where, what
 * was expected and, after a dash, what to do. The same facts are in fields, so that code can act on them.
 *
 * Each class sets its own `name`, because minifiers rename classes.
 */

/** `input`: the caller can correct it (command line, file, argument). `failure`: the work itself failed. */
export type ErrorKind = "input" | "failure";

export interface ErrorDetails {
  /** What to do about it, in one line. */
  hint?: string;
  cause?: unknown;
}

export class UnrolledError extends Error {
  override name = "UnrolledError";
  /** What is wrong: the message without the hint. */
  problem: string;
  /** A stable code for programs: `INPUT`, `SHAPE`, `STALE_TENSOR`, ... */
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  private located = false;

  constructor(code: string, kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(
      withHint(message, details.hint),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.problem = message;
    this.code = code;
    this.kind = kind;
    this.hint = details.hint;
  }

  /** Adds where it happened. Only the first call has an effect, so that the innermost place is reported. */
  inContext(place: string): this {
    if (this.located) return this;
    this.located = true;
    this.problem += `, ${place}`;
    this.message = withHint(this.problem, this.hint);
    return this;
  }
}

/** The complete message, as in `error.message`. */
function withHint(problem: string, hint: string | undefined): string {
  return hint === undefined ? problem : `${problem} — ${hint}`;
}

/** An option, an argument or a data file is not valid. */
export class InputError extends UnrolledError {
  override name = "InputError";

  constructor(message: string, details: ErrorDetails = {}) {
    super("INPUT", "input", message, details);
  }
}

/** Two shapes do not fit each other; `expected` and `actual` contain both. */
export class ShapeError extends UnrolledError {
  override name = "ShapeError";
  readonly expected: string;
  readonly actual: string;

  /** @param where the operation and its argument, such as `lstm.forward: inputs` */
  constructor(where: string, expected: string, actual: string, details: ErrorDetails = {}) {
    super("SHAPE", "input", `${where} must be ${expected}, got ${actual}`, details);
    this.expected = expected;
    this.actual = actual;
  }
}

/** A tensor was used after the end of the scope that owned its memory. */
export class StaleTensorError extends UnrolledError {
  override name = "StaleTensorError";

  constructor(tensor: string) {
    super("STALE_TENSOR", "failure", `the ${tensor} belongs to a scope that has ended`, {
      hint: "keep it with .keep(), carry it to the next step with .detach(), or read it inside the scope",
    });
  }
}

/** An operation needs the memory of a scope and none is open, or a scope was used in a way that is not allowed. */
export class ScopeError extends UnrolledError {
  override name = "ScopeError";

  constructor(message: string, details: ErrorDetails = {}) {
    super("SCOPE", "failure", message, details);
  }
}

/** The heap has no space for another tensor. */
export class OutOfMemoryError extends UnrolledError {
  override name = "OutOfMemoryError";
  readonly bytes: number;

  /**
   * @param what what the memory was for
   * @param bytes how much was wanted
   * @param limit bytes that the heap may have at most
   * @param used bytes of it that are in use
   */
  constructor(what: string, bytes: number, limit: number, used: number, details: ErrorDetails = {}) {
    super(
      "OUT_OF_MEMORY",
      "failure",
      `no memory for ${what}: ${formatBytes(bytes)} wanted, ${formatBytes(used)} of ${formatBytes(limit)} in use`,
      { hint: "make the model, the batch or the sequence length smaller", ...details },
    );
    this.bytes = bytes;
  }
}

/** A file does not follow its format. `where` names the file and, if known, the field. */
export class FormatError extends UnrolledError {
  override name = "FormatError";

  constructor(where: string, problem: string, details: ErrorDetails = {}) {
    super("FORMAT", "input", `${where}: ${problem}`, details);
  }
}

/** Another process holds the lock of a run folder. */
export class LockError extends UnrolledError {
  override name = "LockError";

  constructor(message: string, details: ErrorDetails = {}) {
    super("LOCK", "input", message, details);
  }
}

/** Reading or writing failed, for example because the disk is full or a permission is missing. */
export class StorageError extends UnrolledError {
  override name = "StorageError";

  constructor(message: string, details: ErrorDetails = {}) {
    super("STORAGE", "failure", message, details);
  }
}

/** The loss or the gradient norm is no longer a finite number. */
export class DivergenceError extends UnrolledError {
  override name = "DivergenceError";
  readonly step: number;

  constructor(step: number, what: string, value: number) {
    super("DIVERGENCE", "failure", `step ${step}: the ${what} is ${value}, training has diverged`, {
      hint: "lower --lr or --clip-norm; the last good checkpoint is untouched",
    });
    this.step = step;
  }
}

/** A replica (worker) stopped with an error. */
export class ReplicaError extends UnrolledError {
  override name = "ReplicaError";

  constructor(replica: number, reason: string, details: ErrorDetails = {}) {
    super("REPLICA", "failure", `replica ${replica} stopped: ${reason}`, details);
  }
}

/** Describes a thrown value without its hint, for use in the message of another error. */
export function problemOf(thrown: unknown): string {
  // Not instanceof: errors from a worker or from another copy of this package are instances of other classes.
  const { problem } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as { problem?: unknown };
  if (typeof problem === "string") return problem;
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    // The object cannot be converted to a string.
    return "what was thrown cannot be shown";
  }
}

/**
 * Where in a user's file an error was thrown, such as `my-cell.ts:12`.
 * @param frame the first line of the stack trace that matches it is used
 * @returns undefined if the stack trace has no such line
 */
export function placeOf(error: unknown, frame = /./): string | undefined {
  if (!(frame instanceof RegExp)) throw new InputError("placeOf: frame must be a regular expression");
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const line of stack.split("\n")) {
    const [, file, number] = /([\w.-]+\.[cm]?[jt]sx?)(?:\?[^\s:)]*)?:(\d+)/.exec(line) ?? [];
    if (file !== undefined && frame.test(line)) return `${file}:${number}`;
  }
  return undefined;
}

/** A number of bytes in a unit that is easy to read: `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  if (!(typeof bytes === "number" && bytes >= 0))
    throw new InputError("formatBytes: bytes must be a number from 0 up");
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Escapes control characters, so that a name from outside cannot move the cursor or forge a line of output. */
export function escapeControl(text: string): string {
  if (typeof text !== "string")
    throw new InputError(`escapeControl: text must be a string, got a ${typeof text}`);
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const named: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
    return named[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
