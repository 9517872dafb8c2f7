import { existsSync } from "node:fs";
import { join } from "node:path";
import { parameters } from "../../autograd/parameter.ts";
import { precisionOf } from "../../backend/native/native.ts";
import { InputError } from "../../core/errors.ts";
import {
  type TextCorpus,
  type Tokenizer,
  tokenizerFromJSON,
  trigramBaseline,
  Vocabulary,
} from "../../data/index.ts";
import { completeConfig } from "../../models/language-model-config.ts";
import type { StartEvent, TrainEvent } from "../../train/events.ts";
import { TrainingHistory } from "../../train/history.ts";
import { ReplicaGroup } from "../../train/replica-group.ts";
import { RunStore } from "../../train/run-store.ts";
import { VERSION } from "../../version.ts";
import { type CellFile, isCellFile } from "../cell-file.ts";
import { type BackendChoice, chooseEngine } from "../engine.ts";
import { loadOwnCell, type OwnCell } from "../own-cell.ts";
import { type Hooks, readCorpus } from "./corpus.ts";
import { TextLearner, type TextSpec } from "./learner.ts";
import { type OpenedModel, openModel } from "./open.ts";
import { checkTextOptions } from "./option-checks.ts";
import {
  checkMemory,
  checkThreads,
  DEFAULT_EPOCHS,
  DEFAULTS,
  defaultBatchSize,
  defaultThreads,
  modelOf,
  settingsOf,
  type TextSettings,
  type TextTrainOptions,
} from "./options.ts";
import { newRunFolder, refuseOtherCorpus, refuseOtherModel, refuseOtherValidation } from "./resume.ts";
import { openResumed, type Resumed, warnAboutBits } from "./resumed-run.ts";
import type { TextRun } from "./run-file.ts";
import { symbolText, UNITS } from "./tokens.ts";
import { runTraining } from "./training.ts";

export type { Hooks as TrainHooks } from "./corpus.ts";
export { checkTextOptions } from "./option-checks.ts";
export type { TextTrainOptions } from "./options.ts";

export interface TextTraining {
  /** Iterate to train. */
  readonly events: AsyncIterable<TrainEvent>;
  readonly runDirectory: string;
  readonly run: TextRun;
  readonly corpus: TextCorpus;
  readonly tokenizer: Tokenizer;
  /** Of the whole text: characters, words or tokens. */
  readonly symbols: number;
  readonly parameters: number;
  /** The limit in steps, where there is one. */
  readonly totalSteps: number | null;
  /** The limit in seconds of this sitting, where there is one. */
  readonly maxSeconds: number | null;
  /** What earlier sittings did. */
  readonly startStep: number;
  readonly startSeconds: number;
  /** What a model of letter triples reaches on the same validation text. */
  readonly baseline: { readonly name: string; readonly loss: number };
  readonly unit: "character" | "word" | "token";
  /** Grows while {@link events} are iterated; of a resumed run with what came before. */
  readonly history: TrainingHistory;
  /** Replaces the report in the run's folder, until the events have ended. Returns its path. */
  writeReport(html: string): Promise<string>;
}

/**
 * Train a character model on a text, or go on with a run. Everything that can be refused is refused before the
 * first step, options before anything is read.
 * @throws InputError, FormatError, LockError, StorageError
 */
export async function trainText(options: TextTrainOptions, hooks: Hooks): Promise<TextTraining> {
  checkTextOptions(options);
  const resumed = options.resume ? await openResumed(options, hooks) : undefined;
  try {
    return await prepare(options, hooks, resumed);
  } catch (error) {
    await resumed?.store.close();
    throw error;
  }
}

async function prepare(
  options: TextTrainOptions,
  hooks: Hooks,
  resumed: Resumed | undefined,
): Promise<TextTraining> {
  const folder = resumed?.store.folder ?? options.out ?? newRunFolder();
  if (resumed === undefined && existsSync(join(folder, "run.json"))) {
    throw new InputError(`${folder} already holds a run`, {
      hint: "continue it with --resume, or choose another folder with --out",
    });
  }
  const paths = options.data.length > 0 ? options.data : (resumed?.run.data.paths ?? []);
  const weights = options.from === undefined ? undefined : await openModel(options.from);
  const brought = architectureOf(weights);
  if (weights !== undefined) refuseOtherModel(brought, options);
  let settings = resumed?.run.settings ?? settingsOf(options, brought);
  const cell = resumed === undefined ? await cellOf(settings, options, weights) : resumed.cell;
  let corpus = await readCorpus(paths, hooks);
  const val = options.val ?? resumed?.run.data.validation?.path;
  const held = val === undefined ? undefined : await readCorpus([val], hooks);
  if (resumed !== undefined) {
    refuseOtherCorpus(resumed.run, corpus, folder);
    refuseOtherValidation(resumed.run, held, folder);
  }
  const known =
    resumed === undefined ? weights?.facts.vocabulary : tokenizerFromJSON(resumed.run.data.vocabulary);
  if (weights?.facts.vocabulary instanceof Vocabulary)
    corpus = corpus.withVocabulary(weights.facts.vocabulary);
  if (settings.tokens !== "char") hooks.onProgress(`cutting into ${UNITS[settings.tokens]}s`, 0, null);
  const { train, validation, tokenizer, charactersPerSymbol } = symbolText(corpus, settings, known, held);
  if (resumed === undefined && options.batchSize === undefined) {
    settings = { ...settings, batchSize: batchSizeFor(train.length, settings, options.threads, hooks) };
  }
  const { batchSize, seqLength } = settings;
  const model = completeConfig(modelOf(settings, tokenizer.size));
  checkMemory(model, batchSize, seqLength);
  const wanted = options.precision ?? resumed?.run.precision;
  const choice = options.backend ?? backendOf(resumed?.run);
  const { backend, instructions } = chooseEngine(choice, hooks.onNote, wanted);
  const precision = wanted ?? precisionOf(instructions);
  const threads = options.threads ?? resumed?.run.threads ?? defaultThreads(batchSize);
  checkThreads(threads, batchSize);
  const cellFile: CellFile | undefined = cell && { path: cell.path, sha256: cell.sha256 };
  const spec: TextSpec = {
    settings,
    model,
    train,
    validation,
    backend,
    instructions,
    cellFile,
    profile: options.profile,
  };
  const learner = new TextLearner(spec, 0, threads, cell);
  const limits = limitsOf(options, resumed?.run);
  const evalEvery = options.evalEvery ?? resumed?.run.evalEvery;
  if (resumed === undefined)
    hooks.onProgress(`counting ${UNITS[settings.tokens]}s for the baseline`, 0, null);
  const { loss } = resumed?.run.baseline ?? trigramBaseline(train, validation, tokenizer.size);
  const baseline = { name: "interpolated trigram", loss };

  const run: TextRun = {
    ...{ task: "text", version: VERSION, created: resumed?.run.created ?? new Date().toISOString() },
    ...{ model, cellFile, settings, limits, evalEvery, backend, instructions, threads, precision },
    data: {
      ...describe(corpus, tokenizer, paths),
      validation: held && val ? { path: val, fingerprint: held.fingerprint } : undefined,
    },
    baseline,
  };
  if (resumed !== undefined) warnAboutBits(resumed.run, run, hooks);
  const store = resumed?.store ?? (await RunStore.create(folder));
  try {
    await store.writeRunJson(run);
    const snapshot = resumed?.snapshot ?? weights?.snapshot;
    const start = snapshot && { snapshot, parametersOnly: resumed?.snapshot === undefined };
    const source = { module: new URL(`./learner.${extension()}`, import.meta.url).href, spec };
    const group = await ReplicaGroup.start(learner, source, threads, start);
    const count = parameters(learner.model).reduce((total, { tensor }) => total + tensor.size, 0);
    const startEvent: StartEvent = {
      ...{ event: "start", task: "text", run: folder, parameters: count },
      ...{ backend, instructions, threads, precision, seed: settings.seed, version: VERSION },
    };
    const { chunksPerEpoch } = learner.streams;
    const byEpochs = limits.epochs === undefined ? undefined : Math.ceil(limits.epochs * chunksPerEpoch);
    const ends = [limits.steps, byEpochs].filter((steps) => steps !== undefined);
    const history = resumed?.history ?? new TrainingHistory();
    return {
      events: runTraining({
        ...{
          run,
          store,
          history,
          group,
          learner,
          tokenizer,
          charactersPerSymbol,
          startEvent,
          snapshot: start,
          hooks,
        },
        startSeconds: resumed?.seconds ?? 0,
        bestLoss: resumed?.bestLoss ?? Number.POSITIVE_INFINITY,
        saveEvery: options.saveEvery,
      }),
      runDirectory: folder,
      ...{ run, corpus, tokenizer, parameters: count, symbols: train.length + validation.length },
      totalSteps: ends.length === 0 ? null : Math.min(...ends),
      maxSeconds: limits.maxSeconds ?? null,
      startStep: resumed?.snapshot?.step ?? 0,
      startSeconds: resumed?.seconds ?? 0,
      baseline,
      unit: UNITS[settings.tokens],
      history,
      writeReport: (html) => store.writeReport(html),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
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

/** A resumed run stays on its backend, whose bits are its own; where native kernels are missing it goes on all the same. */
function backendOf(run: TextRun | undefined): BackendChoice | undefined {
  if (run?.backend === "wasm" || run?.backend === "reference") return run.backend;
  return undefined;
}

/** The same file under Node's own TypeScript support and after compilation. */
function extension(): "ts" | "js" {
  return import.meta.url.endsWith(".ts") ? "ts" : "js";
}

/** What weights from another run bring with them. */
function architectureOf(weights: OpenedModel | undefined): Partial<TextSettings> {
  if (weights === undefined) return {};
  const { model, cellFile, vocabulary } = weights.facts;
  const tokens = { tokens: vocabulary.kind, vocabSize: vocabulary.kind === "char" ? 0 : vocabulary.size };
  const { cell, hidden, layers, dropout, variational, embedding, tied: tieWeights } = model;
  return {
    cell: cellFile?.path ?? cell,
    hidden,
    layers,
    dropout,
    variational,
    embedding,
    tieWeights,
    ...tokens,
  };
}

/** The cell of a new run, when it is one of the user's own; with weights it is the one that they were trained in. */
function cellOf(
  { cell }: TextSettings,
  options: TextTrainOptions,
  weights: OpenedModel | undefined,
): Promise<OwnCell> | undefined {
  if (!isCellFile(cell)) return undefined;
  return loadOwnCell(cell, options.cell === undefined ? weights?.facts.cellFile : undefined);
}

/** What is given counts; a resumed run keeps its horizon, and nothing at all means a number of passes. */
function limitsOf(options: TextTrainOptions, run: TextRun | undefined): TextRun["limits"] {
  const { steps, epochs, maxSeconds, patience = run?.limits.patience } = options;
  if (steps === undefined && epochs === undefined && maxSeconds === undefined) {
    return { ...(run?.limits ?? { epochs: DEFAULT_EPOCHS }), patience };
  }
  // A run that followed its passes goes on doing so: a new --steps or --max-seconds then only stops it.
  return { steps, epochs: epochs ?? run?.limits.epochs, maxSeconds, patience };
}

function describe(corpus: TextCorpus, tokenizer: Tokenizer, paths: readonly string[]): TextRun["data"] {
  const { characters, fingerprint } = corpus;
  return { paths, characters, fingerprint, vocabulary: tokenizer.toJSON() };
}
