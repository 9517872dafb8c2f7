/** One step of a decoder: what its parts are, what it goes on from, and what the step computes. */
import { requireFloats } from "../autograd/check.ts";
import { tanh } from "../autograd/ops/activations.ts";
import type { AttentionMemory } from "../autograd/ops/attention.ts";
import { concat } from "../autograd/ops/concat.ts";
import { type InitialState, recurrent } from "../autograd/ops/recurrent.ts";
import type { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { select } from "../autograd/ops/time.ts";
import { kernelsOf } from "../autograd/tape.ts";
import { type Tensor, zeros } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import { checkValue, type Names, OPTIONS, refuseOthers } from "../core/options.ts";
import { checkShape } from "../core/shape.ts";
import type { AdditiveAttention, DotAttention } from "../nn/attention.ts";
import type { Embedding } from "../nn/embedding.ts";
import type { Linear } from "../nn/linear.ts";
import type { RecurrentLayer } from "../nn/recurrent-layer.ts";
import { checkStateParts, checkStateShapes, type RecurrentState } from "../nn/recurrent-state.ts";
import { checkLengths } from "../nn/timeline.ts";
import type { SequenceDecoderConfig } from "./sequence-decoder-config.ts";

/** What a decoder goes on from: B sentences or images. */
export interface DecoderInput {
  /** h'_0 of every layer, [layers, B, H], and for an LSTM the cell; absent: zeros. */
  readonly state0?: RecurrentState | undefined;
  /** c [B, C], for a decoder with `context`. */
  readonly context?: Tensor | undefined;
  /** What is attended, [B, S, M], for a decoder with `memory`. */
  readonly memory?: Tensor | undefined;
  /** Places of each memory, B integers from 1 to S; what lies behind is never read. Default: S each. */
  readonly memoryLengths?: ArrayLike<number> | undefined;
  /** [B, embedding]: an input before START, such as an image (Vinyals et al. 2015, "Show and tell"). */
  readonly first?: Tensor | undefined;
}

/** The parts of a decoder. */
export interface DecoderModules {
  readonly config: SequenceDecoderConfig;
  readonly embedding: Embedding;
  readonly rnn: RecurrentLayer;
  readonly attention?: AdditiveAttention | DotAttention;
  readonly readout?: Linear;
  readonly head: Linear;
}

const INPUT: Names<DecoderInput> = { state0: 0, context: 0, memory: 0, memoryLengths: 0, first: 0 };

/**
 * @param batch how many sentences there must be; undefined: as many as the input has
 * @returns how many there are
 * @throws InputError, ShapeError for an input that does not fit the decoder
 */
export function checkDecoderInput(
  where: string,
  { config, head }: DecoderModules,
  input: DecoderInput,
  batch: number | undefined,
): number {
  checkValue(`${where}: input`, OPTIONS, input);
  refuseOthers(`${where}: input`, INPUT, input);
  const { state0, context, memory, memoryLengths, first } = input;
  const isGiven = (name: string, size: number, tensor: Tensor | undefined) => {
    if (size > 0 === (tensor !== undefined)) return;
    throw new InputError(`${where}: ${name} must be ${size > 0 ? "given to" : "left out for"} this decoder`);
  };
  isGiven("context", config.context, context);
  isGiven("memory", config.memory, memory);
  requireFloats(where, {}, { context, memory, first });
  const hasCell = config.cell === "lstm";
  if (state0 !== undefined) checkStateParts(`${where}: state0`, state0, hasCell);
  kernelsOf(where, head.weight, context, memory, first, state0?.hidden, state0?.cell);
  const count = batch ?? (context ?? memory ?? first)?.shape[0] ?? (state0?.hidden ?? state0?.cell)?.shape[1];
  if (count === undefined)
    throw new InputError(`${where}: input must have a state, a context, a memory or a first input`);
  const rows = ["batch", count] as const;
  if (context) checkShape(`${where}: context`, context.shape, [rows, ["features", config.context]]);
  if (first) checkShape(`${where}: first`, first.shape, [rows, ["embedding", config.embedding]]);
  if (memory) {
    const axes = [rows, ["places", null], ["features", config.memory]] as const;
    checkShape(`${where}: memory`, memory.shape, axes);
  }
  if (memoryLengths !== undefined) {
    if (memory === undefined)
      throw new InputError(`${where}: memoryLengths must be left out without a memory`);
    checkLengths(`${where}: memoryLengths`, memoryLengths, memory.shape[0], memory.shape[1]);
  }
  if (state0 !== undefined) {
    const widths = { hidden: config.hidden, cell: hasCell ? config.hidden : undefined };
    checkStateShapes(`${where}: state0`, state0, [["layers", config.layers], rows], widths);
  }
  if (count === 0) throw new InputError(`${where}: input is empty`);
  return count;
}

/** The state of every layer, as the kernels read it: [B, H] each. */
export function layerStates(layers: number, state: DecoderInput["state0"]): InitialState[] {
  return Array.from({ length: layers }, (_, layer) => mapParts(state ?? {}, (part) => select(part, layer)));
}

/** A state with a part for each that there is. */
export function mapParts({ hidden, cell }: InitialState, change: (part: Tensor) => Tensor): InitialState {
  return { ...(hidden && { hidden: change(hidden) }), ...(cell && { cell: change(cell) }) };
}

/** What one step of the recurrent layers reads. */
export interface StepInput {
  /** The vectors of y_{t-1}, [n, E]. */
  readonly x: Tensor;
  /** h'_{t-1} of each layer. */
  readonly state: readonly InitialState[];
  /** With attention: of the first n sequences, or of those in `sequences`, one for each row. */
  readonly memory?: AttentionMemory | undefined;
  readonly sequences?: Int32Array | undefined;
  /** c of each row. */
  readonly context?: Tensor | undefined;
  readonly bound: readonly BoundWeights[];
  /** Dropout on what a layer reads of the one below. */
  readonly drop?: (x: Tensor, layer: number) => Tensor;
}

export interface StepOutput {
  readonly state: readonly InitialState[];
  /** What f_y reads, to be concatenated: h'_t, emb(y_{t-1}), c_t. */
  readonly read: readonly Tensor[];
  /** [n, S] */
  readonly weights: Tensor | undefined;
}

export function advance(decoder: DecoderModules, step: StepInput): StepOutput {
  const { x, state, memory, sequences, bound, drop } = step;
  const { hidden, outputReads } = decoder.config;
  const rows = x.shape[0];
  let weights: Tensor | undefined;
  let c = step.context;
  if (memory !== undefined && decoder.attention !== undefined) {
    const query = decoder.attention.query.forward(state.at(-1)?.hidden ?? zeros([rows, hidden], x.backend));
    const found = sequences ? memory.attendRows(query, sequences) : memory.attendFirst(query, rows);
    c = found.context;
    weights = found.weights;
  }
  let h = c === undefined ? x : concat([x, c]);
  const next = bound.map((weightsOfLayer, layer) => {
    if (layer > 0 && drop !== undefined) h = drop(h, layer);
    const run = recurrent(weightsOfLayer, reshape(h, [1, ...h.shape]), state[layer]);
    h = run.hidden;
    return { hidden: run.hidden, ...(run.cell && { cell: run.cell }) };
  });
  return { state: next, read: readParts(outputReads, h, x, c), weights };
}

/** What f_y reads: h', and of the vectors and c what it is to. */
export function readParts(
  { previous, context }: SequenceDecoderConfig["outputReads"],
  h: Tensor,
  vectors: Tensor,
  c: Tensor | undefined,
): Tensor[] {
  return [h, ...(previous ? [vectors] : []), ...(context && c ? [c] : [])];
}

export function join(parts: readonly Tensor[], axis = -1): Tensor {
  return parts.length === 1 ? parts[0] : concat(parts, axis);
}

/** What the output matrix reads, of what f_y reads. */
export function readOut({ readout }: DecoderModules, features: Tensor): Tensor {
  return readout === undefined ? features : tanh(readout.forward(features));
}
