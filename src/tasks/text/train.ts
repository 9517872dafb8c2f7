import { existsSync } from "node:fs";
import { join } from "node:path";
import { parameters } from "../../autograd/parameter.ts";
import { precisionOf } from "../../backend/native/native.ts";
import { InputError } from "../../core/errors.ts";
import { runJobInTurns } from "../../core/job.ts";
import { type TextCorpus, type Tokenizer, trigramBaselineJob } from "../../data/index.ts";
import { completeConfig, type LanguageModelConfig } from "../../models/language-model-config.ts";
import { startNodeWorker } from "../../runs/node-workers.ts";
import type { StartEvent, TrainEvent } from "../../train/events.ts";
import { TrainingHistory } from "../../train/history.ts";
import { ReplicaGroup } from "../../train/replica-group.ts";
import { RunStore } from "../../train/run-store.ts";
import type { Snapshot } from "../../train/snapshot.ts";
import { VERSION } from "../../version.ts";
import { loadNamedCell } from "../cell-choice.ts";
import { isCellFile } from "../cell-file.ts";
import { type BackendChoice, chooseEngine, type Engine } from "../engine.ts";
import type { OwnCell } from "../own-cell.ts";
import type { Hooks } from "./corpus.ts";
import { TextLearner, type TextSpec } from "./learner.ts";
import { loadCellOf, type OpenedModel, openModel } from "./open.ts";
import { checkTextOptions } from "./option-checks.ts";
import {
  checkMemory,
  checkShards,
  checkThreads,
  DEFAULT_EPOCHS,
  defaultThreads,
  modelOf,
  settingsOf,
  type TextSettings,
  type TextTrainOptions,
} from "./options.ts";
import { newRunFolder, refuseOtherModel } from "./resume.ts";
import { openResumed, type Resumed, warnAboutBits } from "./resumed-run.ts";
import { shardsOfRun, snapshotOf, type TextRun } from "./run-file.ts";
import { UNITS, type UnknownShares } from "./tokens.ts";
import { runTraining } from "./training.ts";
import { prepareText, type TrainingText } from "./training-text.ts";

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
  /** Of words, those that are `<unk>`. */
  readonly unknownShares: UnknownShares | undefined;
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
  if (resumed === undefined) refuseFolderOfRun(folder);
  const weights = options.from === undefined ? undefined : await openModel(options.from, hooks.onNote);
  const brought = architectureOf(weights);
  if (weights !== undefined) refuseOtherModel(brought, options);
  const asked = resumed?.run.settings ?? settingsOf(options, brought);
  const cell = resumed === undefined ? await cellOf(asked, options, weights, hooks.onNote) : resumed.cell;
  const text = await prepareText(options, { resumed, weights, settings: asked }, hooks);
  const { settings, symbols } = text;
  const model = completeConfig(modelOf(settings, symbols.tokenizer.size));
  checkMemory(model, settings.batchSize, settings.seqLength);
  const machine = chooseMachine(options, resumed?.run, settings.batchSize, hooks);
  const spec: TextSpec = {
    ...{ settings, model, train: symbols.train, validation: symbols.validation },
    ...{ backend: machine.backend, instructions: machine.instructions },
    cellFile: cell && { path: cell.path, sha256: cell.sha256 },
    shards: machine.shards,
    profile: options.profile,
  };
  const learner = new TextLearner(spec, 0, machine.threads, cell);
  const baseline = await baselineOf(text, resumed?.run, hooks);
  const run = describeRun({ options, before: resumed?.run, text, model, spec, machine, baseline });
  const history = new TrainingHistory();
  if (resumed !== undefined) {
    warnAboutBits(resumed.run, run, hooks);
    // Only now: a training that is refused leaves the run as it was.
    await resumed.store.rewindTo(resumed.snapshot?.step ?? 0, (event) => history.add(event));
  }
  const store = resumed?.store ?? (await RunStore.create(folder));
  try {
    await store.writeRunJson(run);
    const { saveEvery } = options;
    return await start({ run, store, history, text, spec, learner, resumed, weights, saveEvery, hooks });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** @throws InputError for a folder that a new run would overwrite */
function refuseFolderOfRun(folder: string): void {
  if (!existsSync(join(folder, "run.json"))) return;
  throw new InputError(`${folder} already holds a run`, {
    hint: "continue it with --resume, or choose another folder with --out",
  });
}

type Machine = Engine & Pick<TextRun, "threads" | "precision"> & { readonly shards: number };

/** What computes: as it is said now, else as in the run that goes on, else what is best here. */
function chooseMachine(
  options: TextTrainOptions,
  before: TextRun | undefined,
  batchSize: number,
  hooks: Hooks,
): Machine {
  const wanted = options.precision ?? before?.precision;
  const { backend, instructions } = chooseEngine(options.backend ?? backendOf(before), hooks.onNote, wanted);
  const { threads, shards } = chooseShards(options, before, batchSize);
  return { backend, instructions, threads, shards, precision: wanted ?? precisionOf(instructions) };
}

/** As many shards as threads, unless it is said, or the run that goes on has others that the threads can divide. */
function chooseShards(
  options: TextTrainOptions,
  before: TextRun | undefined,
  batchSize: number,
): { threads: number; shards: number } {
  const kept = before && shardsOfRun(before);
  if (kept !== undefined && options.shards !== undefined && options.shards !== kept) {
    throw new InputError(`the run cannot be resumed with --shards ${options.shards} (it has ${kept})`);
  }
  const most = defaultThreads(batchSize);
  const fits = (threads: number) => options.shards === undefined || options.shards % threads === 0;
  const byDefault = Array.from({ length: most }, (_, index) => most - index).find(fits) ?? 1;
  const threads = options.threads ?? before?.threads ?? byDefault;
  checkThreads(threads, batchSize);
  const shards = options.shards ?? (kept !== undefined && kept % threads === 0 ? kept : threads);
  checkShards(shards, threads, batchSize);
  return { threads, shards };
}

/** What a model of triples reaches on the validation text; counted once for a run. */
async function baselineOf(
  { symbols: { train, validation, tokenizer }, settings }: TrainingText,
  before: TextRun | undefined,
  hooks: Hooks,
): Promise<TextRun["baseline"]> {
  const name = "interpolated trigram";
  if (before !== undefined) return { name, loss: before.baseline.loss };
  hooks.onProgress(`counting ${UNITS[settings.tokens]}s for the baseline`, 0, null);
  const { loss } = await runJobInTurns(trigramBaselineJob(train, validation, tokenizer.size), hooks.signal);
  return { name, loss };
}

/** What run.json will say. */
function describeRun(parts: {
  options: TextTrainOptions;
  before: TextRun | undefined;
  text: TrainingText;
  model: LanguageModelConfig;
  spec: TextSpec;
  machine: Machine;
  baseline: TextRun["baseline"];
}): TextRun {
  const { options, before, text, model, machine, baseline } = parts;
  const { cellFile, settings } = parts.spec;
  const { corpus, held, paths } = text;
  const { backend, instructions, threads, shards, precision } = machine;
  const evalEvery = options.evalEvery ?? before?.evalEvery;
  return {
    ...{ task: "text", version: VERSION, created: before?.created ?? new Date().toISOString() },
    ...{ model, cellFile, settings, limits: limitsOf(options, before), evalEvery },
    ...{ backend, instructions, threads, shards, precision },
    data: {
      ...describeText(corpus, text.symbols.tokenizer, paths),
      validation: held && { path: held.path, fingerprint: held.corpus.fingerprint },
    },
    baseline,
  };
}

/** Start the replicas. What is returned trains when its events are iterated. */
async function start(parts: {
  run: TextRun;
  store: RunStore;
  history: TrainingHistory;
  text: TrainingText;
  spec: TextSpec;
  learner: TextLearner;
  resumed: Resumed | undefined;
  weights: OpenedModel | undefined;
  saveEvery: number | undefined;
  hooks: Hooks;
}): Promise<TextTraining> {
  const { run, store, history, spec, learner, resumed, weights, saveEvery, hooks } = parts;
  const { corpus, symbols } = parts.text;
  const { tokenizer, charactersPerSymbol, unknownShares } = symbols;
  const { settings, limits, backend, instructions, threads, precision, baseline } = run;
  const values = resumed?.snapshot ?? (weights && weightsOf(weights));
  const snapshot = values && { snapshot: values, parametersOnly: resumed?.snapshot === undefined };
  const source = { module: new URL(`./learner.${extension()}`, import.meta.url).href, spec };
  const group = await ReplicaGroup.start(learner, {
    ...{ replicas: threads, source, startWorker: startNodeWorker, snapshot },
  });
  const count = parameters(learner.model).reduce((total, { tensor }) => total + tensor.size, 0);
  const startEvent: StartEvent = {
    ...{ event: "start", task: "text", run: store.folder, parameters: count },
    ...{ backend, instructions, threads, precision, seed: settings.seed, version: VERSION },
    ...(unknownShares && { unknownShare: unknownShares.train }),
  };
  const startSeconds = resumed?.seconds ?? 0;
  return {
    events: runTraining({
      ...{ run, store, history, group, learner, tokenizer, charactersPerSymbol, unknownShares },
      ...{ startEvent, snapshot, hooks, startSeconds, saveEvery },
      bestLoss: resumed?.bestLoss ?? Number.POSITIVE_INFINITY,
    }),
    runDirectory: store.folder,
    ...{ run, corpus, tokenizer, parameters: count },
    symbols: symbols.train.length + symbols.validation.length,
    totalSteps: stepLimit(limits, learner.streams.chunksPerEpoch),
    maxSeconds: limits.maxSeconds ?? null,
    startStep: resumed?.snapshot?.step ?? 0,
    ...{ startSeconds, baseline, unknownShares },
    unit: UNITS[settings.tokens],
    history,
    writeReport: (html) => store.writeReport(html),
  };
}

function stepLimit({ steps, epochs }: TextRun["limits"], stepsPerEpoch: number): number | null {
  const byEpochs = epochs === undefined ? undefined : Math.ceil(epochs * stepsPerEpoch);
  const ends = [steps, byEpochs].filter((end) => end !== undefined);
  return ends.length === 0 ? null : Math.min(...ends);
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

function weightsOf({ file, facts, path }: OpenedModel): Snapshot {
  return snapshotOf(file, facts.step, path, { parametersOnly: true });
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

/** The cell of a new run, when it is one of the user's own: the one that is named, or else the one of the weights. */
async function cellOf(
  { cell }: TextSettings,
  options: TextTrainOptions,
  weights: OpenedModel | undefined,
  onNote: Hooks["onNote"],
): Promise<OwnCell | undefined> {
  if (!isCellFile(cell)) return undefined;
  if (options.cell !== undefined) return loadNamedCell(options.cell, undefined, onNote);
  return weights && loadCellOf(weights, undefined, onNote);
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

function describeText(corpus: TextCorpus, tokenizer: Tokenizer, paths: readonly string[]): TextRun["data"] {
  const { characters, fingerprint } = corpus;
  return { paths, characters, fingerprint, vocabulary: tokenizer.toJSON() };
}
