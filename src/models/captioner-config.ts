import { FormatError, InputError } from "../core/errors.ts";
import { COUNT, optional, type Range, type Ranges, type Settled, SIZE, settle } from "../core/options.ts";
import {
  ATTENTION,
  completeDecoderConfig,
  DECODER_RANGES,
  type DecoderAttention,
  decoderParameterCount,
  decoderPassBytes,
  MOST_BYTES,
  parseFields,
  type SequenceDecoderConfig,
} from "./sequence-decoder-config.ts";
import {
  type ConvolutionSize,
  convolutionsOf,
  IMAGE,
  type ImageSize,
  KERNEL,
} from "./sequence-tagger-config.ts";

/** Everything that determines the parameters and the function of a {@link Captioner}. */
export interface CaptionerConfig {
  /** The size of a picture that convolutions read; null for a model of given features. */
  readonly image: ImageSize | null;
  /** Output channels of the first convolution of pictures; those after it have twice as many. */
  readonly filters: number;
  /** Features of a place, for a model of given features; otherwise 0. */
  readonly features: number;
  /** Places of a picture that have such features: 1 for a vector of the whole picture. */
  readonly places: number;
  /** `none`: the picture is read once, before START (Vinyals et al. 2015); else its places are attended (Xu et al. 2015). */
  readonly attention: DecoderAttention;
  /** Features of queries and keys; 0 without attention. */
  readonly attentionUnits: number;
  readonly cell: SequenceDecoderConfig["cell"];
  /** The number of different symbols, with END, START and UNKNOWN, which come first. */
  readonly vocabulary: number;
  readonly embedding: number;
  readonly hidden: number;
  readonly layers: number;
  /** On what the pictures become, on the vectors of symbols, between layers, and before the output matrix. */
  readonly dropout: number;
  /** The output matrix is that of the vectors of symbols. */
  readonly tieWeights: boolean;
}

/** What has to be given: the vocabulary, the hidden size, and one of `image` and `features`. */
export type CaptionerSettings = Partial<CaptionerConfig> & Pick<CaptionerConfig, "vocabulary" | "hidden">;

const { cell, vocabulary, embedding, hidden, layers, dropout, attentionUnits, tieWeights } = DECODER_RANGES;

const RANGES: Readonly<Record<keyof CaptionerConfig, Range>> = {
  image: IMAGE,
  filters: SIZE,
  features: COUNT,
  places: SIZE,
  attention: ATTENTION,
  attentionUnits,
  cell,
  vocabulary,
  embedding,
  hidden,
  layers,
  dropout,
  tieWeights,
};

/** What follows from other fields unless it is given. */
type Given = Settled<CaptionerConfig, "embedding" | "attentionUnits">;
const GIVEN: Ranges<Given> = {
  ...RANGES,
  embedding: optional(embedding),
  attentionUnits: optional(attentionUnits),
};

const DEFAULTS = {
  image: null,
  filters: 16,
  features: 0,
  places: 1,
  attention: "none",
  cell: "lstm",
  layers: 1,
  dropout: 0,
  tieWeights: false,
} as const;

/**
 * Fills in defaults: one LSTM layer, vectors of `hidden` features, the picture read once before START.
 * @throws InputError for a combination that makes no model
 */
export function completeCaptionerConfig(settings: CaptionerSettings): CaptionerConfig {
  const where = "Captioner settings";
  const given = settle<Given>(where, GIVEN, DEFAULTS, settings);
  const { hidden: units, embedding: vectors = units, attentionUnits: own } = given;
  const config = {
    ...given,
    embedding: vectors,
    attentionUnits: own ?? (given.attention === "none" ? 0 : units),
  };
  const { image, features, places } = config;
  if ((image !== null) === features > 0) {
    throw new InputError(
      `${where}: one of image and features must be given, got ${image === null ? "none" : "both"}`,
    );
  }
  if (image !== null && places !== 1) {
    throw new InputError(
      `${where}: places are of given features: leave them out for an image, got ${places}`,
    );
  }
  if (config.attention !== "none" && placesOf(config) < 2) {
    throw new InputError(
      `${where}: attention needs two places or more, and a picture has ${placesOf(config)}`,
      {
        hint: "give features of several places, a larger image, or no attention",
      },
    );
  }
  // Whatever else is wrong, the decoder refuses.
  decoderConfigOf(config);
  return { ...config, image: image === null ? null : [image[0], image[1], image[2]] };
}

/** Rows and columns of the last convolution's output, with its filters. */
export function mapOf(config: Pick<CaptionerConfig, "image" | "filters">): {
  readonly rows: number;
  readonly columns: number;
  readonly filters: number;
} {
  const { height, width, filters } = convolutionsOf(config).at(-1) as ConvolutionSize;
  return { rows: Math.floor(height / 2), columns: Math.floor(width / 2), filters };
}

/** Places of a picture. */
export function placesOf(config: Pick<CaptionerConfig, "image" | "filters" | "places">): number {
  if (config.image === null) return config.places;
  const { rows, columns } = mapOf(config);
  return rows * columns;
}

/** Features of a place before anything is added. */
export function placeFeatures(config: Pick<CaptionerConfig, "image" | "filters" | "features">): number {
  return config.image === null ? config.features : mapOf(config).filters;
}

/** Where a place of an image is: its row and its column, each from -1 to 1. */
export const COORDINATES = 2;

/** Features of a place that is attended. */
export function memoryFeatures(config: CaptionerConfig): number {
  return placeFeatures(config) + (config.image === null ? 0 : COORDINATES);
}

export function decoderConfigOf(config: CaptionerConfig): SequenceDecoderConfig {
  const { attention, attentionUnits: units, cell: kind, hidden: size, layers: depth } = config;
  const isAttended = attention !== "none";
  return completeDecoderConfig({
    cell: kind,
    vocabulary: config.vocabulary,
    embedding: config.embedding,
    hidden: size,
    layers: depth,
    dropout: config.dropout,
    memory: isAttended ? memoryFeatures(config) : 0,
    attention,
    attentionUnits: units,
    // Vinyals et al. 2015 read h alone; Xu et al. 2015, equation 7, the last word and the context as well.
    outputReads: { previous: isAttended, context: isAttended },
    tieWeights: config.tieWeights,
  });
}

/** Parts of a state: an LSTM's cell begins from the picture as well. */
export const stateParts = ({ cell: kind }: CaptionerConfig): number => (kind === "lstm" ? 2 : 1);

/** The number of trainable parameters. */
export function captionerParameterCount(config: CaptionerConfig): number {
  const { attention, embedding: E, hidden: H, layers: L } = config;
  const convolved = convolutionsOf(config).reduce(
    (sum, { channels, filters }) => sum + filters * (channels * KERNEL ** 2 + 1),
    0,
  );
  const entry =
    attention === "none"
      ? E * (placesOf(config) * placeFeatures(config) + 1)
      : stateParts(config) * L * H * (memoryFeatures(config) + 1);
  return convolved + entry + decoderParameterCount(decoderConfigOf(config));
}

/**
 * The number of bytes that a training step takes on a heap of float32.
 * @param batch captions in a step, each with its picture
 * @param time symbols of the longest caption
 */
export function captionerTrainingBytes(config: CaptionerConfig, batch: number, time: number): number {
  const convolved = convolutionsOf(config).reduce(
    (sum, { channels, filters, height, width }) => sum + (channels + 4 * filters) * height * width,
    0,
  );
  const places = placesOf(config);
  const picture = 2 * convolved + 6 * places * memoryFeatures(config);
  const attended = config.attention === "none" ? 0 : places;
  const pass = decoderPassBytes(decoderConfigOf(config), batch, time + 1, attended);
  return 4 * (7 * captionerParameterCount(config) + batch * picture) + pass;
}

/**
 * The config of a captioner from a file, with everything checked. Fields of other names are ignored.
 * @throws FormatError naming the field that makes no model, or a model larger than any heap
 */
export function parseCaptionerConfig(value: unknown, where: string): CaptionerConfig {
  const config = parseFields(value, where, "model", RANGES, completeCaptionerConfig);
  if (captionerTrainingBytes(config, 1, 1) > MOST_BYTES) {
    throw new FormatError(where, "the model is larger than the heap of this program");
  }
  return config;
}
