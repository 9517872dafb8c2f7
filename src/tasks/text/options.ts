import { availableParallelism } from "node:os";
import type { Precision } from "../../backend/native/native.ts";
import { formatBytes, InputError } from "../../core/errors.ts";
import type { TokenKind } from "../../data/tokenizer.ts";
import {
  type LanguageModelConfig,
  type LanguageModelSettings,
  trainingBytes,
} from "../../models/language-model-config.ts";
import type { BackendChoice } from "../engine.ts";
import type { OptimizerName } from "../optimizers.ts";

/** What a person may say; `undefined` is "not said", which matters when a run is resumed. */
export interface TextTrainOptions {
  /** Files, folders, or "-" for standard input; empty: the bundled corpus. */
  data: string[];
  /** A file to validate on, instead of the end of the data. */
  val?: string;
  out?: string;
  from?: string;
  resume: boolean;
  /** A built-in cell, or the file of one's own. */
  cell?: string;
  layers?: number;
  hidden?: number;
  dropout?: number;
  variational?: boolean;
  embedding?: number;
  tieWeights?: boolean;
  tokens?: TokenKind;
  vocabSize?: number;
  seqLength?: number;
  batchSize?: number;
  optimizer?: OptimizerName;
  lr?: number;
  lrDecay?: number;
  lrDecayAfter?: number;
  initUniform?: number;
  clipNorm?: number;
  clipValue?: number;
  weightDecay?: number;
  epochs?: number;
  steps?: number;
  maxSeconds?: number;
  patience?: number;
  valSplit?: number;
  seed?: number;
  backend?: BackendChoice;
  precision?: Precision;
  threads?: number;
  /** Parts of a batch that are computed by themselves, a multiple of the threads. */
  shards?: number;
  evalEvery?: number;
  saveEvery?: number;
  profile?: boolean;
}

/** Options that fix what a run computes: a resumed run must have the same. */
export interface TextSettings {
  /** A built-in cell, or the file of one's own as it was given. */
  readonly cell: string;
  readonly layers: number;
  readonly hidden: number;
  readonly dropout: number;
  readonly variational: boolean;
  /** Features of a symbol's vector; 0 for one-hot. */
  readonly embedding: number;
  readonly tieWeights: boolean;
  /** What the symbols are. */
  readonly tokens: TokenKind;
  /** How many words or tokens at most; 0 for characters, of which there are as many as the text has. */
  readonly vocabSize: number;
  readonly seqLength: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  readonly lr: number;
  /** What the rate is multiplied by after each pass, from pass `lrDecayAfter` on; null: it falls along a cosine. */
  readonly lrDecay: number | null;
  readonly lrDecayAfter: number;
  /** Initial values of all parameters are uniform in [-initUniform, initUniform); null: PyTorch's. */
  readonly initUniform: number | null;
  readonly clipNorm: number;
  /** null: gradients are not cut by value. */
  readonly clipValue: number | null;
  /** `weightDecay` of torch.optim: decoupled with adamw, else an L2 penalty in the gradient. */
  readonly weightDecay: number;
  readonly valSplit: number;
  readonly seed: number;
}

export const DEFAULTS: TextSettings = {
  cell: "lstm",
  layers: 1,
  // Writes plausible words and lines after a minute on two cores; larger ones need longer to get ahead of it.
  hidden: 128,
  dropout: 0,
  variational: false,
  // A small alphabet loses nothing by going in one-hot, and a gather is cheaper than a product.
  embedding: 0,
  tieWeights: false,
  tokens: "char",
  vocabSize: 0,
  // A gradient through 64 steps reaches over a line; longer chunks update more rarely in the same time.
  seqLength: 64,
  batchSize: 32,
  optimizer: "adam",
  // With Adam five times char-rnn's 2e-3, which is still far from done after four passes: on the bundled corpus it ends
  // at 2.29 nats there, 6e-3 at 1.76, 1e-2 and 1.5e-2 at about 1.45, 3e-2 at 1.81 (one seed each). The schedule takes
  // it down.
  lr: 1e-2,
  lrDecay: null,
  lrDecayAfter: 1,
  initUniform: null,
  // Karpathy's value: it only cuts the rare explosion.
  clipNorm: 5,
  clipValue: null,
  weightDecay: 0,
  valSplit: 0.1,
  seed: 1,
};

/**
 * What another optimiser than Adam starts from. Nats after two passes over the bundled corpus (one seed; Adam has 1.82):
 * RMSprop 2.39 at 3e-3, 1.69 at 1e-2, 1.80 at 3e-2; Adagrad 2.48 at 0.03, 1.78 at 0.1, 1.87 at 0.3; AdamW as Adam. Plain
 * gradient descent needs large steps that are always cut: 1.93 at PyTorch's word language model's 20 and norm 0.25, while
 * with a norm of 5 it has 3.44 at 0.5, 2.93 at 2 and 2.85 at 8, and diverges above.
 */
const BY_OPTIMIZER: Record<OptimizerName, Partial<Pick<TextSettings, "lr" | "clipNorm" | "weightDecay">>> = {
  sgd: { lr: 20, clipNorm: 0.25 },
  rmsprop: {},
  adagrad: { lr: 0.1 },
  adam: {},
  // torch.optim.AdamW's.
  adamw: { weightDecay: 1e-2 },
};

/** The settings of a new run with an optimizer, before anybody says anything. */
export function defaultsOf(optimizer: OptimizerName): TextSettings {
  return { ...DEFAULTS, ...BY_OPTIMIZER[optimizer], optimizer };
}

export function isOptimizerName(name: string): name is OptimizerName {
  return Object.hasOwn(BY_OPTIMIZER, name);
}

/** Of words as many as the Penn Treebank's models have; of byte pairs few, since most texts here are small. */
export const VOCABULARY_SIZES: Record<TokenKind, number> = { char: 0, word: 10_000, bpe: 1024 };

/** Without any limit a run makes so many passes. */
export const DEFAULT_EPOCHS = 20;

/** Updates that a pass should make at least: with 20 passes a model of letters then learns more than frequencies. */
const LEAST_CHUNKS = 16;

/**
 * The rows of a batch where nobody has said how many: as many as the default, but on a short text fewer, by powers of two,
 * so that a pass makes 16 updates or more. Nats after 20 passes over the first 5 kB of a text with 32 and with 4 rows (the
 * trigram in brackets): Shakespeare 3.16 and 2.18 (2.33), program text 3.56 and 2.67 (2.49); over 20 kB with 32 and with 16:
 * Shakespeare 2.10 and 1.91 (2.03), program text 2.39 and 1.96 (1.97). Above 32,768 symbols nothing changes, and a text
 * that does not fill one batch is too short: the error that says so tells what to do.
 * @param symbols of the training text
 * @param least the replicas that have to have a row each
 */
export function defaultBatchSize(symbols: number, seqLength: number, least = 1): number {
  let rows = DEFAULTS.batchSize;
  if (symbols <= rows * seqLength) return rows;
  while (rows > least && Math.floor(Math.floor((symbols - 1) / rows) / seqLength) < LEAST_CHUNKS) {
    rows = Math.max(least, Math.floor(rows / 2));
  }
  return rows;
}

/** More replicas than this gain little at these batch sizes: the sum of the gradients grows with each. */
const MAXIMUM_DEFAULT_THREADS = 4;

export function defaultThreads(batchSize: number): number {
  return Math.min(availableParallelism(), MAXIMUM_DEFAULT_THREADS, batchSize);
}

/** @throws InputError unless the threads can divide the shards of a batch, each of which has a row */
export function checkShards(shards: number, threads: number, batchSize: number): void {
  if (shards > batchSize) {
    throw new InputError(`--shards ${shards} is more than the ${batchSize} rows of a batch`);
  }
  if (shards % threads !== 0) {
    throw new InputError(`--shards ${shards} must be a multiple of --threads ${threads}`);
  }
}

/** @throws InputError when a replica would have no row */
export function checkThreads(threads: number, batchSize: number): void {
  if (threads <= batchSize) return;
  throw new InputError(`--threads ${threads} is more than the ${batchSize} rows of a batch`, {
    hint: `use --threads ${batchSize} or less, or a larger --batch-size`,
  });
}

export const BUILT_IN_CELLS = ["rnn", "lstm", "gru"] as const;

export function isBuiltInCell(cell: string): cell is (typeof BUILT_IN_CELLS)[number] {
  return BUILT_IN_CELLS.some((name) => name === cell);
}

/** The settings of a new run: what was said over what another run brings over the defaults. */
export function settingsOf(options: TextTrainOptions, brought: Partial<TextSettings> = {}): TextSettings {
  const start = defaultsOf(options.optimizer ?? DEFAULTS.optimizer);
  const vocabSize = VOCABULARY_SIZES[options.tokens ?? DEFAULTS.tokens];
  const settings = { ...start, vocabSize, ...brought, ...given(options) };
  // A large vocabulary one-hot would give every word a vector of all gates.
  const needsVectors = settings.tieWeights || settings.tokens !== "char" || !isBuiltInCell(settings.cell);
  const isSaid = options.embedding !== undefined || brought.embedding !== undefined;
  return needsVectors && !isSaid ? { ...settings, embedding: settings.hidden } : settings;
}

/** The model that settings describe. */
export function modelOf(settings: TextSettings, vocabulary: number): LanguageModelSettings {
  const { cell, hidden, layers, dropout, variational, embedding, tieWeights: tied } = settings;
  const kind = isBuiltInCell(cell) ? cell : "own";
  return { cell: kind, vocabulary, hidden, layers, dropout, variational, embedding, tied };
}

/** What 32-bit addresses reach. */
const HEAP_BYTES = 4 * 2 ** 30;

/** @throws InputError with the memory that the model would need, when that is more than a heap can have */
export function checkMemory(
  config: LanguageModelConfig,
  batchSize: number,
  seqLength: number,
  bound = "",
): void {
  const bytes = trainingBytes(config, batchSize, seqLength);
  if (bytes <= HEAP_BYTES) return;
  const { hidden, layers } = config;
  throw new InputError(
    `--hidden ${hidden} with --layers ${layers}, --batch-size ${batchSize} and --seq-length ${seqLength} needs ` +
      `${bound}${formatBytes(bytes)} of memory, more than the ${formatBytes(HEAP_BYTES)} of the heap`,
    { hint: "make the model, the batch or the sequences smaller" },
  );
}

/** Only what was said. */
export function given(options: TextTrainOptions): Partial<TextSettings> {
  const found: Record<string, unknown> = {};
  for (const name of Object.keys(DEFAULTS) as (keyof TextSettings)[]) {
    if (options[name] !== undefined) found[name] = options[name];
  }
  return found;
}
