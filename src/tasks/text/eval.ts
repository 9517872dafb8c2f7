import { Frames } from "../../backend/scope.ts";
import { InputError } from "../../core/errors.ts";
import { runJobInTurns } from "../../core/job.ts";
import { EvalSegments, trigramBaselineJob } from "../../data/index.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import type { WeightFormat } from "../../nn/stream.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../engine.ts";
import { describeData, type LoadHooks, readCorpus } from "../../sources/corpus.ts";
import { sumLosses } from "./learner.ts";
import { scoreText, type TextMetrics } from "./metrics.ts";
import { buildModel, loadCellOf, type OpenedModel, openModel, refuseUnknown } from "./open.ts";
import { readOwnText } from "./own-text.ts";
import { streamLosses } from "./stream-losses.ts";
import { countOf, UNITS, type WholeText, wholeTextJob } from "./tokens.ts";

export interface TextEvalOptions {
  /** Segments side by side: only speed and memory depend on it, the result does not. Default 32. */
  batchSize?: number;
  /** Leave out what the model does not know, instead of refusing characters and reading words as `<unk>`. */
  skipUnknown?: boolean;
  /** Rounded weights, as `sample` may have them, are evaluated one symbol at a time. Default f32, in batches. */
  weights?: WeightFormat;
  backend?: BackendChoice;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  cell?: string;
}

export interface TextEvaluation {
  /** Nats a symbol: a character, a word or a token. */
  readonly loss: number;
  readonly metrics: TextMetrics;
  /** Symbols that were predicted. */
  readonly items: number;
  readonly unit: "character" | "word" | "token";
  /** Only when the text is the run's own: what a trigram of its training part reaches on it. */
  readonly baseline?: { readonly name: string; readonly loss: number };
}

const DEFAULT_BATCH = 32;

/**
 * How well a model predicts a text: `data`, or the validation part of the text it was trained on. Every character is
 * scored once, in segments that depend on the text alone (data/eval-segments.ts).
 */
export async function evalText(
  path: string,
  data: string[],
  options: TextEvalOptions,
  hooks: LoadHooks,
): Promise<TextEvaluation> {
  const { batchSize = DEFAULT_BATCH, skipUnknown = false } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new InputError(`--batch-size must be an integer of at least 1, got ${batchSize}`);
  }
  const opened = await openModel(path, hooks.onNote);
  const { run, facts } = opened;
  if (data.length === 0 && run === undefined) {
    throw new InputError("a checkpoint file alone does not say what text to evaluate", {
      hint: "name a text, or give the run's folder",
    });
  }
  const cell = await loadCellOf(opened, options.cell, hooks.onNote);
  const own = data.length === 0 ? run : undefined;
  const parts = own && (await readOwnText(own, facts.vocabulary, path, hooks));
  const { ids, charactersPerSymbol, unknownShare } = parts
    ? { ...parts, ids: parts.validation, unknownShare: parts.unknownShares?.validation }
    : await readOther(data, opened, skipUnknown, hooks);
  const segments = new EvalSegments(ids);
  const backend = openBackend(chooseEngine(options.backend, hooks.onNote));
  const model = buildModel(opened, backend, cell);
  const onDone = (done: number) => hooks.onProgress("evaluating", done, segments.segments.length);
  const { weights = "f32" } = options;
  const sums =
    weights === "f32"
      ? await batchLosses(model, new Frames(backend), segments, batchSize, onDone)
      : await streamLosses(model.stream({ weights }), segments, ids, onDone);
  const baseline =
    parts === undefined
      ? undefined
      : {
          name: "interpolated trigram",
          loss: (
            await runJobInTurns(
              trigramBaselineJob(parts.train, parts.validation, facts.vocabulary.size),
              hooks.signal,
            )
          ).loss,
        };
  return {
    ...scoreText(sums, segments.scored, { trigramLoss: baseline?.loss, charactersPerSymbol, unknownShare }),
    items: segments.scored,
    unit: UNITS[facts.vocabulary.kind],
    baseline,
  };
}

async function readOther(
  paths: string[],
  opened: OpenedModel,
  skipUnknown: boolean,
  hooks: LoadHooks,
): Promise<WholeText> {
  const { vocabulary } = opened.facts;
  const corpus = await readCorpus(paths, hooks);
  if (!skipUnknown) refuseUnknown(describeData(paths), corpus.vocabulary.characters, opened);
  const text = await runJobInTurns(wholeTextJob(corpus, vocabulary, skipUnknown), hooks.signal);
  const { length } = text.ids;
  if (length >= 2) return text;
  throw new InputError(
    `${describeData(paths)} has ${countOf(length, vocabulary.kind)}, at least 2 are needed`,
    {
      hint: "name a longer text",
    },
  );
}

/** Sum of the losses in nats of each segment, many of them side by side. */
async function batchLosses(
  model: LanguageModel,
  frames: Frames,
  segments: EvalSegments,
  rows: number,
  onDone: (segments: number) => void,
): Promise<Float64Array> {
  const sums = new Float64Array(segments.segments.length);
  let done = 0;
  for (const batch of segments.batches(rows)) {
    onDone(done);
    sums.set(await sumLosses(model, frames, batch), done);
    done += batch.rows;
  }
  onDone(done);
  return sums;
}
