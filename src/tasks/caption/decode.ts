/** How a model writes captions: searches in batches. */
import type { Backend } from "../../backend/backend.ts";
import { scope } from "../../backend/scope.ts";
import { tensor } from "../../backend/tensor.ts";
import { InputError } from "../../core/errors.ts";
import { START, UNKNOWN } from "../../core/symbols.ts";
import { beamSearch } from "../../decode/beam-search.ts";
import type { BeamResult } from "../../decode/beam-sentence.ts";
import type { Captioner } from "../../models/captioner.ts";
import { SEARCH_DEFAULTS, type SearchOptions } from "../search-options.ts";

/** A search with everything said. */
export interface Search {
  readonly beam: number;
  readonly best: number;
  readonly lengthPenalty: number;
  /** Symbols of a caption at most. */
  readonly maxLength: number;
}

/** The likeliest symbol at each step. */
export const greedy = (maxLength: number): Search => ({ beam: 1, best: 1, lengthPenalty: 0, maxLength });

/**
 * @param limit of a caption's symbols, where none was said
 * @throws InputError for what no captioner can do
 */
export function completeSearch(options: SearchOptions, limit: number): Search {
  const { beam = SEARCH_DEFAULTS.beam, best = SEARCH_DEFAULTS.best, maxLength = limit } = options;
  const { lengthPenalty = SEARCH_DEFAULTS.lengthPenalty, copyUnknown } = options;
  if (copyUnknown) {
    throw new InputError("--copy-unknown copies words of a source, and a picture has none", {
      hint: "leave --copy-unknown out",
    });
  }
  return { beam, best, lengthPenalty, maxLength };
}

/** Pictures that are searched side by side: no result depends on the others. */
export const SEARCHED = 64;

/** START is no symbol of a caption, and an unknown word says nothing. */
const FORBIDDEN = [START, UNKNOWN];

/**
 * Search the captions of some pictures.
 * @param pictures [rows, numbers of a picture]
 */
export async function searchCaptions(
  { model, backend }: { readonly model: Captioner; readonly backend: Backend },
  pictures: Float32Array,
  rows: number,
  { beam, best, lengthPenalty, maxLength }: Search,
): Promise<BeamResult[]> {
  const decoder = scope(
    () => model.decoder(model.encode(tensor(pictures, [rows, pictures.length / rows]))),
    backend,
  );
  try {
    const forbidden = FORBIDDEN;
    return await beamSearch(decoder, { width: beam, nBest: best, lengthPenalty, maxLength, forbidden });
  } finally {
    decoder.close();
  }
}
