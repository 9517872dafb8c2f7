/** What a model needs to write captions without its data, and how it is read from a file. */
import { FormatError } from "../../core/errors.ts";
import { SIZE } from "../../core/options.ts";
import { type PairTokens, pairTokensFromJSON } from "../../data/pair-tokens.ts";
import { parseScaling, type Scaling } from "../../data/scaling.ts";
import { type CaptionerConfig, parseCaptionerConfig } from "../../models/captioner-config.ts";

/** The channels of a picture: red, green and blue. */
export const CHANNELS = 3;

/** Pictures with more pixels on a side would not fit into a batch. */
export const MOST_SIDE = 512;

/** What a model sees of a picture. */
export type PictureInput =
  /** Its pixels: a square of so many on each side. */
  | { readonly kind: "pixels"; readonly side: number }
  /** Numbers that something else made of it: `features` for each of its places. */
  | {
      readonly kind: "features";
      readonly places: number;
      readonly features: number;
      readonly scaling: Scaling;
    };

/** What the field looks at first: BLEU; of the built-in scenes the share of captions that are complete and true. */
export const JUDGES = ["bleu", "right"] as const;
export type Judge = (typeof JUDGES)[number];

export interface CaptionFacts {
  /** As `PairTokens.toJSON` writes them. */
  readonly tokens: object;
  readonly input: PictureInput;
  /** Symbols of the longest caption that was trained on. */
  readonly longest: number;
  readonly judgedBy: Judge;
}

/** Built once for each object of facts: a large vocabulary takes a while. */
const known = new WeakMap<CaptionFacts, PairTokens>();

/** @throws FormatError for facts from a file that describe no symbols */
export function tokensOf(facts: CaptionFacts, where = "the vocabulary"): PairTokens {
  const found = known.get(facts);
  if (found !== undefined) return found;
  const tokens = pairTokensFromJSON(facts.tokens, `${where}: tokens`);
  known.set(facts, tokens);
  return tokens;
}

/** Facts with these symbols. */
export function factsWith(tokens: PairTokens, others: Omit<CaptionFacts, "tokens">): CaptionFacts {
  const facts: CaptionFacts = { tokens: tokens.toJSON(), ...others };
  known.set(facts, tokens);
  return facts;
}

/** Symbols of a caption that are written at most, unless a search says otherwise. */
export function limitOf({ longest }: CaptionFacts): number {
  return longest + 10;
}

/** @throws FormatError */
function parseInput(value: unknown, where: string): PictureInput {
  const { kind, side, places, features, scaling } = (value ?? {}) as Record<string, unknown>;
  if (kind === "pixels" && SIZE.fits(side) && (side as number) <= MOST_SIDE) {
    return { kind, side: side as number };
  }
  if (kind === "features" && SIZE.fits(places) && SIZE.fits(features)) {
    const sizes = { places: places as number, features: features as number };
    return { kind, ...sizes, scaling: parseScaling(scaling, sizes.features, where) };
  }
  throw new FormatError(
    where,
    `input must be pixels with a side of 1 to ${MOST_SIDE}, or features with places`,
  );
}

/** @throws FormatError */
function parseFacts(read: (name: string) => unknown, where: string): CaptionFacts {
  const tokens = read("tokens");
  if (typeof tokens !== "object" || tokens === null || Array.isArray(tokens)) {
    throw new FormatError(where, "tokens must be an object");
  }
  const longest = read("longest");
  if (!SIZE.fits(longest) || (longest as number) > MOST_SYMBOLS) {
    throw new FormatError(where, `longest must be an integer from 1 to ${MOST_SYMBOLS}`);
  }
  const judgedBy = JUDGES.find((judge) => judge === read("judgedBy"));
  if (judgedBy === undefined) throw new FormatError(where, `judgedBy must be one of ${JUDGES.join(", ")}`);
  return { tokens, input: parseInput(read("input"), where), longest: longest as number, judgedBy };
}

/** Longer captions are no captions. */
export const MOST_SYMBOLS = 1000;

/**
 * Model and facts from a file: hostile until checked.
 * @throws FormatError
 */
export function parseCaptioner(
  read: (name: string) => unknown,
  where: string,
): { readonly config: CaptionerConfig; readonly facts: CaptionFacts } {
  const facts = parseFacts(read, where);
  const config = parseCaptionerConfig(read("model"), where);
  if (config.vocabulary !== tokensOf(facts, where).size) {
    throw new FormatError(where, "the model has another vocabulary than the list says");
  }
  const { input } = facts;
  const fits =
    input.kind === "pixels"
      ? config.image?.join() === [CHANNELS, input.side, input.side].join()
      : config.image === null && config.places === input.places && config.features === input.features;
  if (!fits) throw new FormatError(where, "the model reads other pictures than the facts say");
  return { config, facts };
}
