/** Decoding: the state between steps, which outlives scopes, and one step of it. */
import type { AttentionMemory } from "../autograd/ops/attention.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import type { InitialState } from "../autograd/ops/recurrent.ts";
import type { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import { noGradient } from "../autograd/tape.ts";
import { scope } from "../backend/scope.ts";
import { ids, type Tensor, zeros } from "../backend/tensor.ts";
import { InputError, ScopeError } from "../core/errors.ts";
import { COUNT, checkValue, listOfAny, optional, type Range } from "../core/options.ts";
import {
  advance,
  checkDecoderInput,
  type DecoderInput,
  type DecoderModules,
  join,
  layerStates,
  mapParts,
  readOut,
} from "./sequence-decoder-step.ts";

/** What all rows of all states share that come from one `begin`. */
interface Shared {
  readonly decoder: DecoderModules;
  readonly memory: AttentionMemory | undefined;
  /** c of each sentence. */
  readonly context: Tensor | undefined;
  readonly bound: readonly BoundWeights[];
  readonly tensors: readonly Tensor[];
}

/** Where a decoder is: a row for each sequence that it writes. Made by `SequenceDecoder.begin` and `step`. */
export class DecoderState {
  /** The sentence that each row writes about, whose memory and c it reads. */
  readonly sentences: Int32Array;
  /** For this package. */
  readonly _layers: readonly InitialState[];
  readonly _shared: Shared;
  private _isUsed = false;

  /** For this package: `layers` are outside all scopes. */
  constructor(shared: Shared, sentences: Int32Array, layers: readonly InitialState[]) {
    this._shared = shared;
    this.sentences = sentences;
    this._layers = layers;
  }

  get rows(): number {
    return this.sentences.length;
  }

  /** Whether it was continued or disposed of. */
  get isUsed(): boolean {
    return this._isUsed;
  }

  /** A state of its own that continues from the same place, and shares what does not change. */
  copy(): DecoderState {
    this.check("DecoderState.copy");
    const layers = this._layers.map((layer) => mapParts(layer, (part) => part.keep()));
    return new DecoderState(this._shared, this.sentences, layers);
  }

  /** For this package. @throws ScopeError for a state that was used up */
  check(where: string): void {
    if (!this._isUsed) return;
    throw new ScopeError(`${where}: the state was continued or disposed of`, {
      hint: "a step uses its state up: continue with the new one, or with copy() of the old",
    });
  }

  /** Frees the memory of the rows; what all states of one `begin` share is freed by {@link close}. */
  dispose(): void {
    this._isUsed = true;
    for (const layer of this._layers) for (const part of Object.values(layer)) part.dispose();
  }

  /** Frees what all states of one `begin` share, and these rows. No step may follow. */
  close(): void {
    this.dispose();
    for (const tensor of this._shared.tensors) tensor.dispose();
    for (const bound of this._shared.bound) bound.dispose();
  }
}

/** The result of a step. */
export interface DecoderStep {
  /** Of the next symbol, [rows, V]. */
  readonly logits: Tensor;
  readonly state: DecoderState;
  /** With attention: the weights with which the next symbol is written, [rows, S]. */
  readonly weights: Tensor | undefined;
}

/** @throws InputError unless it is a symbol of the vocabulary */
export function checkSymbol(where: string, { config }: DecoderModules, symbol: number, place: string): void {
  const { vocabulary } = config;
  if (Number.isInteger(symbol) && symbol >= 0 && symbol < vocabulary) return;
  const expected = `integers from 0 to ${vocabulary - 1}`;
  throw new InputError(`${where}: symbols must be ${expected}, got ${symbol} at ${place}`);
}

/** See `SequenceDecoder.begin`. */
export function beginDecoding(decoder: DecoderModules, input: DecoderInput): DecoderState {
  const rows = checkDecoderInput("sequenceDecoder.begin", decoder, input, undefined);
  const { backend } = decoder.head.weight;
  return noGradient(() =>
    scope(() => {
      const tensors: Tensor[] = [];
      const keep = (tensor: Tensor) => {
        const kept = tensor.keep();
        tensors.push(kept);
        return kept;
      };
      const memory = keepMemory(decoder, input, keep);
      const context = input.context && keep(input.context);
      const shared = { decoder, memory, context, bound: decoder.rnn.keepBound(false), tensors };
      const sentences = Int32Array.from({ length: rows }, (_, row) => row);
      const { layers, hidden, cell } = decoder.config;
      const zero = () => zeros([rows, hidden], backend);
      let states: readonly InitialState[] = layerStates(layers, input.state0).map((given) => ({
        hidden: given.hidden ?? zero(),
        ...(cell === "lstm" && { cell: given.cell ?? zero() }),
      }));
      if (input.first !== undefined) {
        const { bound } = shared;
        states = advance(decoder, { x: input.first, state: states, memory, context, bound }).state;
      }
      return new DecoderState(shared, sentences, keepLayers(states));
    }, backend),
  );
}

function keepMemory(
  { attention }: DecoderModules,
  { memory, memoryLengths }: DecoderInput,
  keep: (tensor: Tensor) => Tensor,
): AttentionMemory | undefined {
  if (memory === undefined || attention === undefined) return undefined;
  const lengths = memoryLengths && ids(Int32Array.from(memoryLengths));
  return attention.bind(memory, lengths && { lengths }).keep(keep);
}

const keepLayers = (layers: readonly InitialState[]) =>
  layers.map((layer) => mapParts(layer, (part) => part.keep()));

const INTEGERS: Range = listOfAny(COUNT, "a list of integers of at least 0");

/** See `SequenceDecoder.step`. */
export function decodeStep(
  decoder: DecoderModules,
  symbols: Int32Array,
  state: DecoderState,
  rows: Int32Array | undefined,
): DecoderStep {
  const where = "sequenceDecoder.step";
  checkValue(`${where}: state`, { text: "what begin or step returned", fits: isState }, state);
  checkValue(`${where}: symbols`, INTEGERS, symbols);
  checkValue(`${where}: rows`, optional(INTEGERS), rows);
  state.check(where);
  const { _shared: shared, sentences, _layers: layers } = state;
  if (shared.decoder !== decoder) throw new InputError(`${where}: the state is that of another decoder`);
  checkRows(where, decoder, symbols, state, rows);
  return noGradient(() => {
    const at = rows && ids(rows, undefined, decoder.head.weight.backend);
    const from = at ? layers.map((layer) => mapParts(layer, (part) => gatherRows(part, at))) : layers;
    const own = rows ? Int32Array.from(rows, (row) => sentences[row]) : sentences;
    const { memory, bound } = shared;
    const context = shared.context && gatherRows(shared.context, ids(own));
    const x = decoder.embedding.forward(ids(symbols));
    const next = advance(decoder, { x, state: from, memory, sequences: own, context, bound });
    const logits = decoder.head.forward(readOut(decoder, join(next.read)));
    state.dispose();
    return { logits, state: new DecoderState(shared, own, keepLayers(next.state)), weights: next.weights };
  });
}

const isState = (value: unknown): boolean => value instanceof DecoderState;

function checkRows(
  where: string,
  decoder: DecoderModules,
  symbols: Int32Array,
  state: DecoderState,
  rows: Int32Array | undefined,
): void {
  const count = rows?.length ?? state.rows;
  if (symbols.length !== count || count === 0) {
    throw new InputError(`${where}: symbols must be one for each of ${count} rows, got ${symbols.length}`);
  }
  for (let row = 0; row < count; row++) checkSymbol(where, decoder, symbols[row], `row ${row}`);
  for (let row = 0; rows !== undefined && row < count; row++) {
    if (rows[row] < state.rows) continue;
    throw new InputError(`${where}: rows must be integers from 0 to ${state.rows - 1}, got ${rows[row]}`);
  }
}
