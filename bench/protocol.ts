/**
 * What the runner and a contestant say to each other: one JSON object a line, requests on the contestant's
 * stdin, one reply each on its stdout. Any language can take part (see `peers/pytorch_char_lm.py`).
 */

/** The training step to be measured; the same for every contestant of one table. */
export interface Workload {
  vocab: number;
  time: number;
  batch: number;
  hidden: number;
  learningRate: number;
  /** The largest that a gradient keeps: of its global norm in char-lm, of each element in min-char-rnn. */
  clip: number;
  seed: number;
  /** `layers` and `streaming` only: which cell, and whether backward is part of the step, or it is `time` steps at batch 1. */
  cell?: "rnn" | "lstm" | "gru";
  mode?: "train" | "infer" | "stream";
}

export interface InitRequest extends Workload {
  cmd: "init";
  threads: number;
  /** Which engine of the library, where it has several. */
  backend?: string;
}

export interface StepRequest {
  cmd: "step";
  /** Training steps to make and to time one by one. */
  n: number;
}

/** The end of its stdin tells a contestant to leave. */
export type Request = InitRequest | StepRequest;

/** Answer to `init`: the model stands, and nothing has been trained yet. */
export interface ReadyReply {
  ready: true;
  library: string;
  version: string;
  /** How the library was used: formulation, SIMD, threads, precision. */
  settings: string;
}

/** Answer to `step`: one entry a step, in order. */
export interface StepReply {
  ms: number[];
  /** Mean cross-entropy of the step's batch before its update, nats per id. */
  losses: number[];
}

/** The library is not installed here; the runner skips the contestant by name. */
export interface MissingReply {
  missing: string;
}

export interface ErrorReply {
  error: string;
}

export type Reply = ReadyReply | StepReply | MissingReply | ErrorReply;

/** A line of a contestant's stdout; `null` when it is no object (a library's own chatter). */
export function parseReply(line: string): Reply | null {
  if (!line.startsWith("{")) return null;
  try {
    const reply: unknown = JSON.parse(line);
    return typeof reply === "object" && reply !== null ? (reply as Reply) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
