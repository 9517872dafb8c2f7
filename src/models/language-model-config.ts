import { blockRowsFor } from "../autograd/ops/linear-cross-entropy.ts";
import { InputError } from "../core/errors.ts";
import { BELOW_1, COUNT, FLAG, oneOf, optional, type Settled, SIZE, settle } from "../core/options.ts";

/** The kind of the recurrent cells. `own` is a user's cell, which `createCell` makes. */
export type LanguageModelCell = "rnn" | "lstm" | "gru" | "own";

/** The configuration of a language model, which determines its parameters and the function that it computes. */
export interface LanguageModelConfig {
  /** `gru` applies the reset gate after the recurrent product, as in PyTorch; `rnn` uses tanh. */
  readonly cell: LanguageModelCell;
  /** The number of different symbols. */
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  /** Dropout between layers, before the output layer and on an embedding (Zaremba et al. 2014). */
  readonly dropout: number;
  /** Whether all steps of a chunk have the same dropout mask. */
  readonly variational: boolean;
  /** The number of features of a learned vector for each symbol; 0: symbols are one-hot, at the cost of a gather. */
  readonly embedding: number;
  /** Whether the output layer uses the embedding's matrix (Press and Wolf 2017); both then have `hidden` features. */
  readonly tied: boolean;
}

/** The settings of a language model: vocabulary and hidden size are required, the others have defaults. */
export type LanguageModelSettings = Partial<LanguageModelConfig> &
  Pick<LanguageModelConfig, "vocabulary" | "hidden">;

const RANGES = {
  cell: oneOf("rnn", "lstm", "gru", "own"),
  vocabulary: SIZE,
  hidden: SIZE,
  layers: SIZE,
  dropout: BELOW_1,
  variational: FLAG,
  embedding: optional(COUNT),
  tied: FLAG,
};

const DEFAULTS = { cell: "lstm", layers: 1, dropout: 0, variational: false, tied: false } as const;

/**
 * Fills in defaults: one LSTM layer without dropout; symbols are one-hot, or vectors of `hidden` features if a user's
 * cell or tied weights need them.
 * @throws InputError for an invalid combination of settings
 */
export function completeConfig(settings: LanguageModelSettings): LanguageModelConfig {
  const where = "LanguageModel settings";
  const given = settle<Settled<LanguageModelConfig, "embedding">>(where, RANGES, DEFAULTS, settings);
  const { vocabulary, hidden, cell, layers, dropout, variational, tied } = given;
  const { embedding = tied || cell === "own" ? hidden : 0 } = given;
  const config = { cell, vocabulary, hidden, layers, dropout, variational, embedding, tied };
  checkConfig(config);
  return config;
}

/** The number of blocks of `hidden` rows in a layer's matrices. For a user's cell this is a lower bound. */
const GATES: Record<LanguageModelCell, number> = { rnn: 1, gru: 3, lstm: 4, own: 1 };

function checkConfig({ cell, hidden, embedding, tied }: LanguageModelConfig): void {
  if (cell === "own" && embedding === 0) {
    throw new InputError("a cell of your own reads vectors: --embedding must be at least 1, got 0", {
      hint: `leave it out for --embedding ${hidden}`,
    });
  }
  if (tied && embedding !== hidden) {
    throw new InputError(`tied weights need --embedding ${hidden}, as --hidden, got ${embedding}`, {
      hint: "the embedding and the output layer are one matrix",
    });
  }
}

/** The number of trainable parameters. For a user's cell this is a lower bound. */
export function parameterCount(config: LanguageModelConfig): number {
  const { vocabulary: V, hidden: H, layers, embedding: E, tied } = config;
  const gates = GATES[config.cell];
  const layer = (inputs: number) => gates * H * (inputs + H + 2);
  const head = tied ? V : V * (H + 1);
  return E * V + layer(E || V) + (layers - 1) * layer(H) + head;
}

/**
 * The number of bytes that a training step takes on a heap of float32: parameters, gradients, two moments of the
 * optimizer and packed copies; for every layer and step the gates, the states and their gradients; and the logits of
 * one block of rows with their gradients. For a user's cell this is a lower bound.
 */
export function trainingBytes(config: LanguageModelConfig, batch: number, steps: number): number {
  const { vocabulary: V, hidden: H, layers, embedding: E } = config;
  const perStep = layers * (3 * GATES[config.cell] + 2) * H + 2 * E;
  const logits = 2 * V * Math.min(batch * steps, blockRowsFor(V));
  return 4 * (7 * parameterCount(config) + batch * steps * perStep + logits);
}
