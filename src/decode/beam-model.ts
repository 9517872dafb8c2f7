import { type Backend, checkBackend, type FloatArray } from "../backend/backend.ts";
import { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import { COUNT, checkValue, FUNCTION, LIST, OBJECT, optional, SIZE } from "../core/options.ts";
import { showShape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/** What a model answers for n rows, each of which has read one more symbol. */
export interface BeamStep<State> {
  /** [n, V]: unnormalized log-probabilities of the next symbol. -Infinity: the symbol cannot follow. */
  readonly logits: Tensor | FloatArray;
  /** The state after these symbols, with n rows. */
  readonly state: State;
  /** [n, S]: what each row attended to at this step, if the model attends. */
  readonly weights?: Tensor | FloatArray | undefined;
}

/** Where a search begins. */
export interface BeamStart<State> {
  /** The state before the first symbol, with one row for each sentence. */
  readonly state: State;
  /** The number of sentences. */
  readonly rows: number;
  /** What each sentence reads first, [rows]. Default: the option `start` of the search for all. */
  readonly symbols?: Int32Array | undefined;
}

/**
 * A model that {@link beamSearch} searches: it computes the logits of the next symbol for many rows at once. Each row is
 * one unfinished sequence. A sentence whose rows are computed by themselves must get the same bits as in a batch, which
 * is so for the ops of this package.
 *
 * The search calls `begin` and `step` in a scope on `backend`. Logits and weights may be tensors of that scope. A state
 * must outlive it: `detach()` its tensors, which are then valid until the end of the next step, or `keep()` them and
 * free them in the next step and in `dispose`.
 */
export interface BeamModel<State> {
  /** The number of symbols, V. */
  readonly vocabulary: number;
  /** Where its tensors are. Default: the default backend. */
  readonly backend?: Backend | undefined;
  begin(): BeamStart<State>;
  /**
   * One more symbol for each of n rows. It is called once for each state, which it may overwrite.
   * @param symbols [n] the symbol that each row reads
   * @param rows [n] the row of `state` that each row continues. A row may be continued several times, or not at all
   */
  step(symbols: Int32Array, rows: Int32Array, state: State): BeamStep<State>;
  /** Frees the last state. It is called once at the end of a search, after an error too. */
  dispose?(state: State): void;
}

/** @throws InputError for a value that is not a {@link BeamModel} */
export function checkBeamModel(where: string, model: unknown): asserts model is BeamModel<unknown> {
  checkValue(
    `${where}: model`,
    { text: "a model with vocabulary, begin and step", fits: OBJECT.fits },
    model,
  );
  const { vocabulary, begin, step, dispose, backend } = model as Partial<BeamModel<unknown>>;
  checkValue(`${where}: model.vocabulary`, SIZE, vocabulary);
  checkValue(`${where}: model.begin`, FUNCTION, begin);
  checkValue(`${where}: model.step`, FUNCTION, step);
  checkValue(`${where}: model.dispose`, optional(FUNCTION), dispose);
  if (backend !== undefined) checkBackend(`${where}: model.backend`, backend);
}

/** @throws InputError if a model began with something else than a {@link BeamStart} */
export function checkStart(where: string, begun: unknown, vocabulary: number): void {
  checkValue(`${where}: what model.begin() returns`, { text: "{ state, rows }", fits: OBJECT.fits }, begun);
  const { rows, symbols } = begun as Partial<BeamStart<unknown>>;
  checkValue(`${where}: the rows of model.begin()`, COUNT, rows);
  if (symbols === undefined) return;
  checkValue(`${where}: the symbols of model.begin()`, LIST, symbols);
  if (symbols.length !== rows) {
    throw new ShapeError(`${where}: the symbols of model.begin()`, `[${rows}]`, `[${symbols.length}]`);
  }
  for (const symbol of Array.from(symbols)) {
    checkSymbol(`${where}: a symbol of model.begin()`, symbol, vocabulary);
  }
}

/** @throws InputError unless `symbol` is an id of the vocabulary */
export function checkSymbol(where: string, symbol: unknown, vocabulary: number): void {
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
  const text = `an id from 0 to ${vocabulary - 1}`;
  checkValue(where, { text, fits: (value) => fits(value) && (value as number) < vocabulary }, symbol);
}

/**
 * @param rows the number of rows that were asked for
 * @throws InputError, ShapeError if the answer of a model is not a {@link BeamStep} for these rows
 */
export function checkStep(where: string, answer: unknown, rows: number, vocabulary: number): void {
  checkValue(`${where}: what model.step() returns`, { text: "{ logits, state }", fits: OBJECT.fits }, answer);
  const { logits, weights } = answer as Partial<BeamStep<unknown>>;
  const expected = showShape([rows, vocabulary]);
  if (sizeOf(`${where}: the logits of model.step()`, logits) !== rows * vocabulary) {
    throw new ShapeError(`${where}: the logits of model.step()`, expected, shapeText(logits));
  }
  if (weights === undefined) return;
  if (sizeOf(`${where}: the weights of model.step()`, weights) % rows !== 0) {
    throw new ShapeError(`${where}: the weights of model.step()`, `[${rows}, places]`, shapeText(weights));
  }
}

function sizeOf(where: string, values: unknown): number {
  if (Tensor.isTensor(values) && values.dtype === "f32") {
    const { name, memory } = values.backend;
    if (memory.readSync !== undefined && memory.readInto !== undefined) return values.size;
    throw new InputError(`${where} cannot be read at once from the memory of the ${name} backend`, {
      hint: "a search is for the CPU: use a wasm or native backend",
    });
  }
  if (values instanceof Float32Array || values instanceof Float64Array) return values.length;
  throw new InputError(
    `${where} must be a tensor of floats, a Float32Array or a Float64Array, got ${showValue(values)}`,
  );
}

const shapeText = (values: unknown): string =>
  Tensor.isTensor(values) ? showShape(values.shape) : `[${(values as ArrayLike<unknown>).length}]`;
