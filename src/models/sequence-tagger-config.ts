import { FormatError, InputError, UnrolledError } from "../core/errors.ts";
import { BELOW_1, COUNT, FLAG, oneOf, optional, type Range, SIZE, settle } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** `own`: a user's cell, made by a function that the model is given. */
export type TaggerCell = "rnn" | "lstm" | "gru" | "own";

/** Channels, height and width of a frame of pixels. */
export type ImageSize = readonly [channels: number, height: number, width: number];

/** Everything that determines the parameters and the function of a {@link SequenceTagger}. */
export interface SequenceTaggerConfig {
  /** `gru` applies the reset gate after the recurrent product, as in PyTorch; `rnn` uses tanh. */
  readonly cell: TaggerCell;
  /** The number of different ids, if a step of a sequence is an id; otherwise 0. */
  readonly vocabulary: number;
  /** The number of features, if a step is a frame of numbers; otherwise 0. */
  readonly features: number;
  /** The size of a frame, if a step is an image; otherwise null. Its numbers are in the order of the three axes. */
  readonly image: ImageSize | null;
  /** Output channels of the first convolution of images; those after it have twice as many. */
  readonly filters: number;
  /** The number of labels, at least 2. */
  readonly classes: number;
  /** Features of the hidden state of one direction. */
  readonly hidden: number;
  readonly layers: number;
  /** A second set of weights reads each sequence from its end. Not for cells of one's own. */
  readonly bidirectional: boolean;
  /** The label of step t is the output after step t + delay, 0 to 10,000: so many later steps are known by then. */
  readonly delay: number;
  /** Features of a learned vector for each id; 0: ids are one-hot. */
  readonly embedding: number;
  /** On an embedding or convolved frame, between layers, and before the output layer (Zaremba et al. 2014). */
  readonly dropout: number;
  /** One dropout mask for all steps of a sequence (Gal and Ghahramani 2016). */
  readonly variational: boolean;
}

/** What has to be given: the labels, the hidden size, and one of `vocabulary`, `features` and `image`. */
export type SequenceTaggerSettings = Partial<SequenceTaggerConfig> &
  Pick<SequenceTaggerConfig, "classes" | "hidden">;

const CLASSES: Range = {
  text: "an integer of at least 2",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2,
};

const MOST_DELAY = 10_000;

const DELAY: Range = {
  text: `an integer from 0 to ${MOST_DELAY}`,
  fits: (value) => COUNT.fits(value) && (value as number) <= MOST_DELAY,
};

/** Pooling halves a frame at least once. */
const LEAST_SIDE = 2;

export const IMAGE: Range = {
  text: `[channels, height, width] with sides of at least ${LEAST_SIDE}, or null`,
  fits: (value) =>
    value === null ||
    (Array.isArray(value) &&
      value.length === 3 &&
      value.every(SIZE.fits) &&
      Math.min(value[1] as number, value[2] as number) >= LEAST_SIDE),
};

const RANGES: Readonly<Record<keyof SequenceTaggerConfig, Range>> = {
  cell: oneOf("rnn", "lstm", "gru", "own"),
  vocabulary: COUNT,
  features: COUNT,
  image: IMAGE,
  filters: SIZE,
  classes: CLASSES,
  hidden: SIZE,
  layers: SIZE,
  bidirectional: FLAG,
  delay: DELAY,
  embedding: COUNT,
  dropout: BELOW_1,
  variational: FLAG,
};

const DEFAULTS = {
  cell: "lstm",
  vocabulary: 0,
  features: 0,
  image: null,
  filters: 8,
  layers: 1,
  bidirectional: false,
  delay: 0,
  dropout: 0,
  variational: false,
} as const;

/** Whether a value of a setting is left to the defaults. */
type Given = Omit<SequenceTaggerConfig, "embedding"> & Partial<Pick<SequenceTaggerConfig, "embedding">>;

/**
 * Fills in defaults: one LSTM layer in one direction without delay and dropout; ids are one-hot, or vectors of `hidden`
 * features if a user's cell needs them.
 * @throws InputError for a combination that makes no model
 */
export function completeTaggerConfig(settings: SequenceTaggerSettings): SequenceTaggerConfig {
  const where = "SequenceTagger settings";
  const given = settle<Given>(where, { ...RANGES, embedding: optional(COUNT) }, DEFAULTS, settings);
  const { vocabulary, features, image, cell, hidden, bidirectional, delay } = given;
  const kinds = [vocabulary > 0, features > 0, image !== null].filter(Boolean).length;
  if (kinds !== 1) {
    throw new InputError(`${where}: one of vocabulary, features and image must be given, got ${kinds}`);
  }
  const { embedding = cell === "own" && vocabulary > 0 ? hidden : 0 } = given;
  if (embedding > 0 && vocabulary === 0) {
    throw new InputError(`${where}: embedding needs a vocabulary: frames of numbers are vectors already`);
  }
  if (cell === "own" && vocabulary > 0 && embedding === 0) {
    throw new InputError("a cell of your own reads vectors: embedding must be at least 1, got 0", {
      hint: `leave embedding out for ${hidden} features`,
    });
  }
  if (cell === "own" && bidirectional) {
    throw new InputError("a cell of your own reads a sequence in one direction: bidirectional must be false");
  }
  if (bidirectional && delay > 0) {
    throw new InputError("delay must be 0 where the model is bidirectional: it reads all later steps anyway");
  }
  return { ...given, embedding, image: image === null ? null : [image[0], image[1], image[2]] };
}

/** Sides of a convolution's window. */
export const KERNEL = 3;

/** Frames are halved until a side would be below this, at most so many times. */
const LEAST_HALF = 4;
const MOST_BLOCKS = 4;

/** One convolution over frames, with what comes in; pooling by 2 follows it. */
export interface ConvolutionSize {
  readonly channels: number;
  readonly filters: number;
  readonly height: number;
  readonly width: number;
}

/** The convolutions of a model of images; none for other models. */
export function convolutionsOf({
  image,
  filters,
}: Pick<SequenceTaggerConfig, "image" | "filters">): ConvolutionSize[] {
  if (image === null) return [];
  let [channels, height, width] = image;
  const all: ConvolutionSize[] = [];
  do {
    const own = all.length === 0 ? filters : 2 * filters;
    all.push({ channels, filters: own, height, width });
    [channels, height, width] = [own, Math.floor(height / 2), Math.floor(width / 2)];
  } while (Math.min(height, width) >= 2 * LEAST_HALF && all.length < MOST_BLOCKS);
  return all;
}

/** Ids of the input layer: one more than the vocabulary where a symbol for "after the end" is needed. */
export function symbolsOf({ vocabulary, delay }: SequenceTaggerConfig): number {
  return vocabulary > 0 && delay > 0 ? vocabulary + 1 : vocabulary;
}

/** Features of a step as the recurrent layers read it; the number of ids where these are one-hot. */
export function bodyInputs(config: SequenceTaggerConfig): number {
  const last = convolutionsOf(config).at(-1);
  if (last !== undefined) return last.filters * Math.floor(last.height / 2) * Math.floor(last.width / 2);
  return config.embedding || symbolsOf(config) || config.features;
}

/** Numbers in a step of the input: 1 for ids. */
export function stepSize({ vocabulary, features, image }: SequenceTaggerConfig): number {
  if (image !== null) return image[0] * image[1] * image[2];
  return vocabulary > 0 ? 1 : features;
}

/** Blocks of `hidden` rows in the matrices of a layer; those of a user's cell are not known before it is made. */
const GATES: Record<TaggerCell, number> = { rnn: 1, gru: 3, lstm: 4, own: 0 };

/** Features of a step after the recurrent layers. */
export function bodyOutputs({ hidden, bidirectional }: SequenceTaggerConfig): number {
  return bidirectional ? 2 * hidden : hidden;
}

/** The number of trainable parameters, without those of a user's cell. */
export function taggerParameterCount(config: SequenceTaggerConfig): number {
  const { hidden: H, layers, embedding: E, cell, classes } = config;
  const D = bodyOutputs(config);
  const layer = (inputs: number) => (D / H) * GATES[cell] * H * (inputs + H + 2);
  const convolved = convolutionsOf(config).reduce(
    (sum, { channels, filters }) => sum + filters * (channels * KERNEL ** 2 + 1),
    0,
  );
  const body = layer(bodyInputs(config)) + (layers - 1) * layer(D);
  return E * symbolsOf(config) + convolved + body + classes * (D + 1);
}

/**
 * The number of bytes that a training step takes on a heap of float32: parameters, gradients, two moments of the
 * optimizer and packed copies; for every layer, direction and step the gates, states and their gradients; for images
 * the frames before and after each convolution with their gradients; and the logits.
 * @param batch sequences in a step
 * @param time steps of the longest sequence
 */
export function taggerTrainingBytes(config: SequenceTaggerConfig, batch: number, time: number): number {
  const { classes, layers, cell } = config;
  const D = bodyOutputs(config);
  const convolved = convolutionsOf(config).reduce(
    (sum, { channels, filters, height, width }) => sum + (channels + 4 * filters) * height * width,
    0,
  );
  const inputs = config.vocabulary > 0 ? 2 * config.embedding : stepSize(config);
  const perStep = layers * (3 * GATES[cell] + 2) * D + inputs + 2 * (convolved + D + classes);
  return 4 * (7 * taggerParameterCount(config) + batch * (time + config.delay) * perStep);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The config of a model from a file, with everything checked. Fields of other names are ignored.
 * @param where the file, named in errors
 * @throws FormatError naming the field that makes no model, or a model larger than any heap
 */
export function parseTaggerConfig(value: unknown, where: string): SequenceTaggerConfig {
  if (!isObject(value)) throw new FormatError(where, "model must be an object");
  const fields: Record<string, unknown> = {};
  for (const [name, { text, fits }] of Object.entries(RANGES)) {
    const field = value[name];
    if (!fits(field)) throw new FormatError(where, `model.${name} must be ${text}, got ${showValue(field)}`);
    fields[name] = field;
  }
  let config: SequenceTaggerConfig;
  try {
    config = completeTaggerConfig(fields as unknown as SequenceTaggerSettings);
  } catch (cause) {
    if (!(cause instanceof UnrolledError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
  // Sizes come from a file: refuse what no heap can hold before anything is allocated for them.
  if (taggerTrainingBytes(config, 1, 1) > 2 ** 32) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}
