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
  /** `layers`, `growth` and `streaming`: which cell; forward and backward, forward alone, or `time` steps at batch 1. */
  cell?: "rnn" | "lstm" | "gru";
  mode?: "train" | "infer" | "stream";
  /** `seq2seq`: features of a layer before the output matrix; absent: there is none. */
  readout?: number;
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

/** Load the library and make nothing: `memory` asks it before `init`, to know what a process has by then. */
export interface LoadRequest {
  cmd: "load";
}

/** The end of its stdin tells a contestant to leave. */
export type Request = LoadRequest | InitRequest | StepRequest;

/** Answer to `load`. */
export interface LoadedReply {
  loaded: true;
}

/** Answer to `init`: the model stands, and nothing has been trained yet. */
export interface ReadyReply {
  ready: true;
  library: string;
  version: string;
  /** How the library was used: formulation, SIMD, threads, precision. */
  settings: string;
  /** Of a contestant of ours: the instruction set, whose measured peak its speed is compared with. */
  instructions?: string;
  /** What a step has to read at least (its weights), where that bounds its speed. */
  bytes?: number;
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

export type Reply = LoadedReply | ReadyReply | StepReply | MissingReply | ErrorReply;

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
