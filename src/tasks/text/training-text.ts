/** The text of a training: read, compared with that of the run that goes on, and cut into symbols. */
import { runJobInTurns } from "../../core/job.ts";
import { type TextCorpus, tokenizerFromJSON, Vocabulary } from "../../data/index.ts";
import { type Hooks, readCorpus, readRecordedCorpus } from "../../sources/corpus.ts";
import { requireLengths } from "./lengths.ts";
import type { OpenedModel } from "./open.ts";
import { DEFAULTS, defaultBatchSize, type TextSettings, type TextTrainOptions } from "./options.ts";
import { refuseOtherCorpus, refuseOtherValidation } from "./resume.ts";
import type { Resumed } from "./resumed-run.ts";
import { type SymbolText, symbolTextJob, UNITS } from "./tokens.ts";

/** Texts as they are read. */
interface Texts {
  /** What is trained on; empty for the bundled corpus. */
  readonly paths: readonly string[];
  readonly corpus: TextCorpus;
  /** A text of its own to validate on. */
  readonly held: { readonly path: string; readonly corpus: TextCorpus } | undefined;
}

export interface TrainingText extends Texts {
  readonly symbols: SymbolText;
  /** With the batch size that fits the text, where nobody has said one. */
  readonly settings: TextSettings;
}

/** What a training begins with. */
export interface Origin {
  /** The run that goes on. */
  readonly resumed: Resumed | undefined;
  /** The weights that a new run starts from. */
  readonly weights: OpenedModel | undefined;
  readonly settings: TextSettings;
}

/**
 * Read the text and cut it into symbols.
 * @throws InputError for a text that cannot be read, is not that of the run, or is too short
 */
export async function prepareText(
  options: TextTrainOptions,
  { resumed, weights, settings: asked }: Origin,
  hooks: Hooks,
): Promise<TrainingText> {
  const { signal } = hooks;
  const { threads } = options;
  const texts = await readTexts(options, resumed, hooks);
  const { held } = texts;
  if (resumed !== undefined) {
    refuseOtherCorpus(resumed.run, texts.corpus, resumed.store.folder);
    refuseOtherValidation(resumed.run, held?.corpus, resumed.store.folder);
  }
  const known =
    resumed === undefined ? weights?.facts.vocabulary : tokenizerFromJSON(resumed.run.data.vocabulary);
  const corpus =
    weights?.facts.vocabulary instanceof Vocabulary
      ? await runJobInTurns(texts.corpus.withVocabularyJob(weights.facts.vocabulary), signal)
      : texts.corpus;
  if (asked.tokens !== "char") hooks.onProgress(`cutting into ${UNITS[asked.tokens]}s`, 0, null);
  const symbols = await runJobInTurns(symbolTextJob(corpus, asked, known, held?.corpus), signal);
  const settings =
    resumed === undefined && options.batchSize === undefined
      ? { ...asked, batchSize: batchSizeFor(symbols.train.length, asked, threads, hooks) }
      : asked;
  const hasValidationText = held !== undefined;
  await requireLengths(symbols, { corpus, hasValidationText, settings, known, threads, signal });
  return { ...texts, corpus, symbols, settings };
}

/** The texts as they are named now, or else as the run has them. */
async function readTexts(
  { data, val }: TextTrainOptions,
  resumed: Resumed | undefined,
  hooks: Hooks,
): Promise<Texts> {
  const { run, store } = resumed ?? {};
  const recorded = (paths: readonly string[]) => readRecordedCorpus(paths, store?.folder ?? "", hooks);
  const paths = data.length > 0 || run === undefined ? data : run.data.paths;
  const corpus = await (paths === data ? readCorpus(paths, hooks) : recorded(paths));
  const before = run?.data.validation?.path;
  if (val !== undefined)
    return { paths, corpus, held: { path: val, corpus: await readCorpus([val], hooks) } };
  if (before === undefined) return { paths, corpus, held: undefined };
  return { paths, corpus, held: { path: before, corpus: await recorded([before]) } };
}

/** The default for a text of this length; says so where it is not the usual one. */
function batchSizeFor(
  symbols: number,
  { seqLength, tokens }: TextSettings,
  threads: number | undefined,
  { onNote }: Hooks,
): number {
  const rows = defaultBatchSize(symbols, seqLength, threads);
  if (rows < DEFAULTS.batchSize) {
    const few = `${symbols} ${UNITS[tokens]}s to train on are few`;
    onNote(
      `${few}: --batch-size is ${rows} instead of ${DEFAULTS.batchSize}, so that there are more updates` +
        (tokens === "char" ? "; expect pieces of words more than sentences" : ""),
    );
  }
  return rows;
}
