/** What a tagger needs to be used without its data, and how it is read from a file. */
import { FormatError } from "../../core/errors.ts";
import { listOfAny, SIZE, TEXT } from "../../core/options.ts";
import { parseScaling } from "../../data/scaling.ts";
import type { StepInput } from "../../data/step-inputs.ts";
import { parseTaggerConfig, type SequenceTaggerConfig } from "../../models/sequence-tagger-config.ts";

/** What a model needs to be used without its data. */
export interface TagFacts {
  readonly labels: readonly string[];
  readonly input: StepInput;
  /** The column of the labels, where it was named: in a table to predict from it is no feature. */
  readonly labelColumn?: string;
}

const TEXTS = listOfAny(TEXT, "a list of texts");

const areNames = (value: unknown): value is string[] =>
  Array.isArray(value) && TEXTS.fits(value) && new Set(value).size === value.length;

/** @throws FormatError */
function parseInput(value: unknown, where: string): StepInput {
  const { kind, vocabulary, features, image, scaling } = (value ?? {}) as Record<string, unknown>;
  if (kind === "words" && areNames(vocabulary)) return { kind, vocabulary };
  const isImage = Array.isArray(image) && image.length === 3 && image.every(SIZE.fits);
  const isKnown = (kind === "frames" && areNames(features)) || (kind === "images" && isImage);
  if (!isKnown) {
    throw new FormatError(where, "input must be words with a vocabulary, frames with features, or images");
  }
  const parsed = parseScaling(scaling, kind === "frames" ? (features as string[]).length : 1, where);
  return kind === "frames"
    ? { kind, features: features as string[], scaling: parsed }
    : { kind: "images", image: image as [number, number, number], scaling: parsed };
}

/** @throws FormatError */
function parseFacts(read: (name: string) => unknown, where: string): TagFacts {
  const labels = read("labels");
  if (!areNames(labels)) throw new FormatError(where, "labels must be a list of different texts");
  const labelColumn = read("labelColumn");
  if (labelColumn !== undefined && !TEXT.fits(labelColumn)) {
    throw new FormatError(where, "labelColumn must be a text");
  }
  return {
    labels,
    input: parseInput(read("input"), where),
    ...(labelColumn !== undefined && { labelColumn: labelColumn as string }),
  };
}

/** Whether a model of this config reads what the facts say. */
function belongTogether({ labels, input }: TagFacts, config: SequenceTaggerConfig): boolean {
  if (config.classes !== labels.length) return false;
  if (input.kind === "words") return config.vocabulary === input.vocabulary.length + 1;
  if (input.kind === "frames") return config.features === input.features.length;
  return JSON.stringify(config.image) === JSON.stringify(input.image);
}

/**
 * Model and facts from a file: hostile until checked.
 * @throws FormatError
 */
export function parseTagger(
  read: (name: string) => unknown,
  where: string,
): { readonly config: SequenceTaggerConfig; readonly facts: TagFacts } {
  const facts = parseFacts(read, where);
  const config = parseTaggerConfig(read("model"), where);
  if (belongTogether(facts, config)) return { config, facts };
  throw new FormatError(where, "the model has other labels or another input than the lists say");
}
