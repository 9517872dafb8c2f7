import { FormatError, InputError, UnrolledError } from "../core/errors.ts";
import {
  BELOW_1,
  COUNT,
  FLAG,
  OPTIONS,
  oneOf,
  optional,
  type Range,
  type Ranges,
  SIZE,
  settle,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { FIRST_SYMBOL } from "../core/symbols.ts";
import type { BuiltInCell } from "./cells.ts";

export type DecoderAttention = "none" | "additive" | "dot";

/** What f_y reads besides h'_t. */
export interface OutputReads {
  /** The vector of y_{t-1}. */
  readonly previous: boolean;
  /** c, or with attention c_t. */
  readonly context: boolean;
}

/** Everything that determines the parameters and the function of a {@link SequenceDecoder}. */
export interface SequenceDecoderConfig {
  /** `gru` applies the reset gate after the recurrent product, as in PyTorch; `rnn` uses tanh. */
  readonly cell: BuiltInCell;
  /** The number of different symbols, with END, START and UNKNOWN (core/symbols.ts), which come first. */
  readonly vocabulary: number;
  /** Features of the vector of a symbol. */
  readonly embedding: number;
  /** Features of the hidden state of a layer. */
  readonly hidden: number;
  readonly layers: number;
  /** On the vectors of symbols, between layers, and before the output matrix (Zaremba et al. 2014). */
  readonly dropout: number;
  /** Features of c, which enters f_out at every step; 0: there is none. */
  readonly context: number;
  /** Features of a place that is attended; 0: there is nothing to attend. Not together with `context`. */
  readonly memory: number;
  /** How places are scored: {@link AdditiveAttention} or {@link DotAttention}; `none` without a memory. */
  readonly attention: DecoderAttention;
  /** Features of queries and keys; 0 without attention. */
  readonly attentionUnits: number;
  readonly outputReads: OutputReads;
  /** Features of a layer tanh(W [h'_t; ...] + b) before the output matrix; 0: the matrix reads all of it. */
  readonly readout: number;
  /** The output matrix is that of the vectors of symbols (Press and Wolf 2017); `readout` must be `embedding` then. */
  readonly tieWeights: boolean;
}

/** What has to be given: the vocabulary and the hidden size. */
export type SequenceDecoderSettings = Partial<SequenceDecoderConfig> &
  Pick<SequenceDecoderConfig, "vocabulary" | "hidden">;

/** END, START, UNKNOWN, and a symbol to say. */
export const SYMBOLS: Range = {
  text: `an integer of at least ${FIRST_SYMBOL + 1}: END, START, UNKNOWN and a symbol`,
  fits: (value) => SIZE.fits(value) && (value as number) > FIRST_SYMBOL,
};

const READS: Range = {
  text: "{ previous, context }, each true or false, and nothing else",
  fits: (value) => {
    if (!OPTIONS.fits(value)) return false;
    const { previous, context, ...others } = value as Partial<Record<string, unknown>>;
    return FLAG.fits(previous) && FLAG.fits(context) && Object.keys(others).length === 0;
  },
};

export const ATTENTION = oneOf("none", "additive", "dot");
export const CELL = oneOf("rnn", "lstm", "gru");

export const DECODER_RANGES: Readonly<Record<keyof SequenceDecoderConfig, Range>> = {
  cell: CELL,
  vocabulary: SYMBOLS,
  embedding: SIZE,
  hidden: SIZE,
  layers: SIZE,
  dropout: BELOW_1,
  context: COUNT,
  memory: COUNT,
  attention: ATTENTION,
  attentionUnits: COUNT,
  outputReads: READS,
  readout: COUNT,
  tieWeights: FLAG,
};

const DEFAULTS = {
  cell: "gru",
  layers: 1,
  dropout: 0,
  context: 0,
  memory: 0,
  tieWeights: false,
} as const;

type Derived = "embedding" | "attention" | "attentionUnits" | "outputReads" | "readout";

/** Settings whose defaults depend on others may be missing. */
type Given = Omit<SequenceDecoderConfig, Derived> & Partial<Pick<SequenceDecoderConfig, Derived>>;

const GIVEN: Ranges<Given> = {
  ...DECODER_RANGES,
  embedding: optional(SIZE),
  attention: optional(ATTENTION),
  attentionUnits: optional(COUNT),
  outputReads: optional(READS),
  readout: optional(COUNT),
};

/**
 * Fills in defaults: one GRU layer; vectors of `hidden` features; additive attention of `hidden` units where there is a
 * memory; f_y reads y_{t-1}, and c_t where there is attention; no readout layer unless the weights are tied.
 * @throws InputError for a combination that makes no model
 */
export function completeDecoderConfig(settings: SequenceDecoderSettings): SequenceDecoderConfig {
  const where = "SequenceDecoder settings";
  const given = settle<Given>(where, GIVEN, DEFAULTS, settings);
  const { hidden, memory, embedding = hidden, tieWeights } = given;
  const { attention = memory > 0 ? "additive" : "none", readout = tieWeights ? embedding : 0 } = given;
  const { attentionUnits = attention === "none" ? 0 : hidden } = given;
  const { previous, context } = given.outputReads ?? { previous: true, context: memory > 0 };
  const outputReads = { previous, context };
  const config = { ...given, embedding, attention, attentionUnits, outputReads, readout };
  checkCombination(where, config);
  return config;
}

function checkCombination(where: string, config: SequenceDecoderConfig): void {
  const { context, memory, attention, attentionUnits, outputReads, readout, embedding, tieWeights } = config;
  if (context > 0 && memory > 0) {
    throw new InputError(`${where}: context and memory exclude each other: one of them must be 0`);
  }
  if (memory > 0 !== (attention !== "none")) {
    throw new InputError(
      `${where}: attention must be ${memory > 0 ? '"additive" or "dot" with' : '"none" without'} a memory, got "${attention}"`,
    );
  }
  if (memory > 0 !== attentionUnits > 0) {
    throw new InputError(
      `${where}: attentionUnits must be ${memory > 0 ? "at least 1 with" : "0 without"} attention, got ${attentionUnits}`,
    );
  }
  if (outputReads.context && contextFeatures(config) === 0) {
    throw new InputError(`${where}: outputReads.context must be false without a context or a memory`);
  }
  if (tieWeights && readout !== embedding) {
    throw new InputError(
      `${where}: readout must be embedding=${embedding} with tied weights, got ${readout}`,
    );
  }
}

/** Features of c or of c_t. */
export function contextFeatures({ context, memory }: SequenceDecoderConfig): number {
  return context + memory;
}

/** Features of all that f_y reads. */
export function outputFeatures(config: SequenceDecoderConfig): number {
  const { hidden, embedding, outputReads } = config;
  return (
    hidden + (outputReads.previous ? embedding : 0) + (outputReads.context ? contextFeatures(config) : 0)
  );
}

/** Blocks of `hidden` rows in the matrices of a layer. */
export const GATES: Readonly<Record<BuiltInCell, number>> = { rnn: 1, gru: 3, lstm: 4 };

/** The number of parameters of a recurrent layer in one direction. */
export function layerParameters(cell: BuiltInCell, inputs: number, hidden: number): number {
  return GATES[cell] * hidden * (inputs + hidden + 2);
}

/** The number of trainable parameters. */
export function decoderParameterCount(config: SequenceDecoderConfig): number {
  const { cell, vocabulary: V, embedding: E, hidden: H, layers, memory, attentionUnits: A } = config;
  const F = outputFeatures(config);
  const R = config.readout;
  const body =
    layerParameters(cell, E + contextFeatures(config), H) + (layers - 1) * layerParameters(cell, H, H);
  const attention = A * (H + memory) + (config.attention === "additive" ? A : 0);
  const head = (config.tieWeights ? 0 : V * (R || F)) + V + (R > 0 ? R * (F + 1) : 0);
  return V * E + body + attention + head;
}

/**
 * The number of bytes that a pass of a training step takes on a heap of float32, without the parameters: for every step
 * and layer the gates, states and their gradients; vectors, contexts and queries; the blocks of logits; and the memory.
 * @param batch sequences in a step
 * @param time symbols of the longest target, without START and END
 * @param places of the longest memory; 0 without one
 */
export function decoderPassBytes(
  config: SequenceDecoderConfig,
  batch: number,
  time: number,
  places: number,
): number {
  const { cell, embedding: E, hidden: H, layers, memory, attentionUnits: A, vocabulary: V } = config;
  const F = outputFeatures(config);
  const gates = GATES[cell] === 3 ? 4 : GATES[cell];
  const inputs = E + contextFeatures(config);
  const perStep = layers * (5 * gates + 4) * H + 6 * inputs + 3 * F + 3 * config.readout + 3 * (A + places);
  const logits = Math.max(2 ** 22, 128 * V);
  return 4 * (batch * ((time + 1) * perStep + 3 * places * (memory + A)) + 2 * logits);
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads the fields of a config from a file and completes them.
 * @param where the file, named in errors
 * @param what names the object in errors, such as `model.decoder`
 * @param ranges of all fields, each of which must be there; fields of other names are ignored
 * @throws FormatError naming the field that makes no model
 */
export function parseFields<Config>(
  value: unknown,
  where: string,
  what: string,
  ranges: Readonly<Record<string, Range>>,
  complete: (fields: never) => Config,
): Config {
  if (!isObject(value)) throw new FormatError(where, `${what} must be an object`);
  const fields: Record<string, unknown> = {};
  for (const [name, { text, fits }] of Object.entries(ranges)) {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!fits(field))
      throw new FormatError(where, `${what}.${name} must be ${text}, got ${showValue(field)}`);
    fields[name] = field;
  }
  try {
    return complete(fields as never);
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
}

/** No heap holds more. */
export const MOST_BYTES = 2 ** 32;

/**
 * The config of a decoder from a file, with everything checked. Fields of other names are ignored.
 * @param what names the object in errors; default `model.decoder`
 * @throws FormatError naming the field that makes no model, or a decoder larger than any heap
 */
export function parseDecoderConfig(
  value: unknown,
  where: string,
  what = "model.decoder",
): SequenceDecoderConfig {
  const config = parseFields(value, where, what, DECODER_RANGES, completeDecoderConfig);
  if (28 * decoderParameterCount(config) + decoderPassBytes(config, 1, 1, 1) > MOST_BYTES) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}
