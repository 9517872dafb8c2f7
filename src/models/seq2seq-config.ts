import { FormatError, InputError } from "../core/errors.ts";
import { BELOW_1, COUNT, FLAG, optional, type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import type { BuiltInCell } from "./cells.ts";
import {
  ATTENTION,
  CELL,
  completeDecoderConfig,
  type DecoderAttention,
  decoderParameterCount,
  decoderPassBytes,
  GATES,
  layerParameters,
  MOST_BYTES,
  parseFields,
  type SequenceDecoderConfig,
  SYMBOLS,
} from "./sequence-decoder-config.ts";

/** Everything that determines the parameters and the function of a {@link Seq2Seq}. */
export interface Seq2SeqConfig {
  /** Of encoder and decoder. `gru` applies the reset gate after the recurrent product, as in PyTorch; `rnn` uses tanh. */
  readonly cell: BuiltInCell;
  /** The number of different symbols of each side, with END, START and UNKNOWN (core/symbols.ts), which come first. */
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  /** Features of the vector of a symbol. */
  readonly embedding: number;
  /** Features of the hidden state of a layer, in the encoder for each direction. */
  readonly hidden: number;
  /** Of the encoder, and of the decoder. */
  readonly layers: number;
  /** A second set of weights of the encoder reads each source from its end. */
  readonly bidirectional: boolean;
  /** `none`: c is the last state of the encoder. Otherwise c_t is a mean of its outputs, weighted anew at every step. */
  readonly attention: DecoderAttention;
  /** Features of queries and keys; 0 without attention. */
  readonly attentionUnits: number;
  /** f_y reads c, or c_t, besides h'_t and y_{t-1} (Cho et al. 2014; Bahdanau et al. 2015). */
  readonly contextToOutput: boolean;
  /** Features of a layer tanh(W [h'_t; ...] + b) before the output matrix; 0: the matrix reads all of it. */
  readonly readout: number;
  /** One vocabulary: both sides have the same vectors. */
  readonly tieEmbeddings: boolean;
  /** The output matrix is that of the vectors of target symbols; `readout` must be `embedding` then. */
  readonly tieWeights: boolean;
  /** On the vectors of symbols, between layers, and before the output matrix (Zaremba et al. 2014). */
  readonly dropout: number;
}

/** What has to be given: the vocabularies and the hidden size. */
export type Seq2SeqSettings = Partial<Seq2SeqConfig> &
  Pick<Seq2SeqConfig, "sourceVocabulary" | "targetVocabulary" | "hidden">;

const RANGES: Readonly<Record<keyof Seq2SeqConfig, Range>> = {
  cell: CELL,
  sourceVocabulary: SYMBOLS,
  targetVocabulary: SYMBOLS,
  embedding: SIZE,
  hidden: SIZE,
  layers: SIZE,
  bidirectional: FLAG,
  attention: ATTENTION,
  attentionUnits: COUNT,
  contextToOutput: FLAG,
  readout: COUNT,
  tieEmbeddings: FLAG,
  tieWeights: FLAG,
  dropout: BELOW_1,
};

const DEFAULTS = {
  cell: "gru",
  layers: 1,
  bidirectional: false,
  attention: "none",
  tieEmbeddings: false,
  tieWeights: false,
  dropout: 0,
} as const;

type Derived = "embedding" | "attentionUnits" | "contextToOutput" | "readout";

/** Settings whose defaults depend on others may be missing. */
type Given = Omit<Seq2SeqConfig, Derived> & Partial<Pick<Seq2SeqConfig, Derived>>;

const GIVEN: Ranges<Given> = {
  ...RANGES,
  embedding: optional(SIZE),
  attentionUnits: optional(COUNT),
  contextToOutput: optional(FLAG),
  readout: optional(COUNT),
};

/**
 * Fills in defaults: the lecture's form, one GRU layer in one direction whose last state is c, which f_y does not read;
 * with attention f_y reads c_t, and queries and keys have `hidden` features.
 * @throws InputError for a combination that makes no model
 */
export function completeSeq2SeqConfig(settings: Seq2SeqSettings): Seq2SeqConfig {
  const where = "Seq2Seq settings";
  const given = settle<Given>(where, GIVEN, DEFAULTS, settings);
  const { hidden, embedding = hidden, attention, tieWeights } = given;
  const { attentionUnits = attention === "none" ? 0 : hidden } = given;
  const { contextToOutput = attention !== "none", readout = tieWeights ? embedding : 0 } = given;
  const config = { ...given, embedding, attentionUnits, contextToOutput, readout };
  if (config.tieEmbeddings && config.sourceVocabulary !== config.targetVocabulary) {
    throw new InputError(
      `${where}: tieEmbeddings needs one vocabulary, got ${config.sourceVocabulary} source and ${config.targetVocabulary} target symbols`,
    );
  }
  decoderConfigOf(config);
  return config;
}

/** Features of the outputs of the encoder, and of c. */
export function encodedFeatures({ hidden, bidirectional }: Seq2SeqConfig): number {
  return bidirectional ? 2 * hidden : hidden;
}

/** The decoder of a model. */
export function decoderConfigOf(config: Seq2SeqConfig): SequenceDecoderConfig {
  const { cell, targetVocabulary, embedding, hidden, layers, dropout, attention, attentionUnits } = config;
  const encoded = encodedFeatures(config);
  return completeDecoderConfig({
    ...{ cell, vocabulary: targetVocabulary, embedding, hidden, layers, dropout, attention, attentionUnits },
    context: attention === "none" ? encoded : 0,
    memory: attention === "none" ? 0 : encoded,
    outputReads: { previous: true, context: config.contextToOutput },
    readout: config.readout,
    tieWeights: config.tieWeights,
  });
}

/** Features of h'_0 of all layers, and for an LSTM of their cells. */
export function bridgeFeatures({ cell, layers, hidden }: Seq2SeqConfig): number {
  return (cell === "lstm" ? 2 : 1) * layers * hidden;
}

/** The number of trainable parameters. */
export function seq2seqParameterCount(config: Seq2SeqConfig): number {
  const { cell, sourceVocabulary, embedding: E, hidden: H, layers, tieEmbeddings } = config;
  const D = encodedFeatures(config);
  const encoder = (D / H) * (layerParameters(cell, E, H) + (layers - 1) * layerParameters(cell, D, H));
  const vectors = tieEmbeddings ? 0 : sourceVocabulary * E;
  return (
    vectors + encoder + bridgeFeatures(config) * (D + 1) + decoderParameterCount(decoderConfigOf(config))
  );
}

/**
 * The number of bytes that a training step takes on a heap of float32: parameters, gradients, two moments of the
 * optimizer and packed copies; for every layer, direction and step the gates, states and their gradients; and what the
 * decoder takes.
 * @param batch pairs in a step
 * @param sourceTime symbols of the longest source
 * @param targetTime symbols of the longest target, without START and END
 */
export function seq2seqTrainingBytes(
  config: Seq2SeqConfig,
  batch: number,
  sourceTime: number,
  targetTime: number,
): number {
  const D = encodedFeatures(config);
  const gates = GATES[config.cell] === 3 ? 4 : GATES[config.cell];
  const perStep = config.layers * (2 * gates + 4) * D + 3 * config.embedding;
  const decoder = decoderConfigOf(config);
  const pass = decoderPassBytes(decoder, batch, targetTime, decoder.memory > 0 ? sourceTime : 0);
  return 4 * (7 * seq2seqParameterCount(config) + batch * sourceTime * perStep) + pass;
}

/**
 * The config of a model from a file, with everything checked. Fields of other names are ignored.
 * @param where the file, named in errors
 * @throws FormatError naming the field that makes no model, or a model larger than any heap
 */
export function parseSeq2SeqConfig(value: unknown, where: string): Seq2SeqConfig {
  const config = parseFields(value, where, "model", RANGES, completeSeq2SeqConfig);
  // Sizes come from a file: refuse what no heap can hold before anything is allocated for them.
  if (seq2seqTrainingBytes(config, 1, 1, 1) > MOST_BYTES) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}
