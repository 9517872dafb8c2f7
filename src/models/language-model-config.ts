import { blockRowsFor } from "../autograd/ops/linear-cross-entropy.ts";
import { InputError } from "../core/errors.ts";
import { BELOW_1, COUNT, FLAG, oneOf, optional, type Settled, SIZE, settle } from "../core/options.ts";

/** `own`: a user's cell, made by a function that the model is given. */
export type LanguageModelCell = "rnn" | "lstm" | "gru" | "own";

/** Everything that fixes the shapes and the function of a language model. */
export interface LanguageModelConfig {
  /** `gru` resets after the recurrent product, as PyTorch; `rnn` is the tanh one. */
  readonly cell: LanguageModelCell;
  /** How many different symbols there are. */
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  /** Between layers, before the output layer and on an embedding (Zaremba et al. 2014). */
  readonly dropout: number;
  /** One dropout mask for all steps of a chunk. */
  readonly variational: boolean;
  /** Features of a learned vector for each symbol; 0: symbols go in one-hot, which costs a gather. */
  readonly embedding: number;
  /** The output layer has the embedding's matrix (Press and Wolf 2017); both then have `hidden` features. */
  readonly tied: boolean;
}

/** What has to be said of a language model; the rest has defaults. */
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
 * Defaults: one LSTM layer without dropout; symbols go in one-hot, but as vectors of `hidden` features where a cell of
 * the user's own or tied weights need them.
 * @throws InputError for a combination that makes no model
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

/** Blocks of hidden rows in a layer's matrices; an own cell's are not known before it is made. */
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

/** Numbers that training changes; at least so many for an own cell. */
export function parameterCount(config: LanguageModelConfig): number {
  const { vocabulary: V, hidden: H, layers, embedding: E, tied } = config;
  const gates = GATES[config.cell];
  const layer = (inputs: number) => gates * H * (inputs + H + 2);
  const head = tied ? V : V * (H + 1);
  return E * V + layer(E || V) + (layers - 1) * layer(H) + head;
}

/**
 * Bytes that a training step takes on a heap of float32: parameters, gradients, two moments of the optimiser and
 * packed copies; for every layer and step the gates, states and their gradients; and the logits of the rows that have
 * them at a time, with their gradients. At least so many for an own cell.
 */
export function trainingBytes(config: LanguageModelConfig, batch: number, steps: number): number {
  const { vocabulary: V, hidden: H, layers, embedding: E } = config;
  const perStep = layers * (3 * GATES[config.cell] + 2) * H + 2 * E;
  const logits = 2 * V * Math.min(batch * steps, blockRowsFor(V));
  return 4 * (7 * parameterCount(config) + batch * steps * perStep + logits);
}
