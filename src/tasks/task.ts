/**
 * The contract between a task and everything that is the same for all tasks: the loop, replicas, run folders, the
 * command line and the lab. A task is one object of this type; it knows nothing of Node, of options' syntax, of
 * checkpoints or of threads.
 */
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { LoadHooks } from "../core/hooks.ts";
import type { Rng } from "../core/rng.ts";
import type { DataFile, DataSource } from "../data/data-source.ts";
import type { CharacterIds } from "../data/id-store.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import type { CreateCell } from "../nn/cell.ts";
import type { WeightFormat } from "../nn/stream.ts";
import type { SnapshotTensor } from "../train/snapshot.ts";
import type { OptionSchema } from "./option-schema.ts";
import type { Baseline, DataFacts, Score } from "./results.ts";
import type { RunOptions } from "./run-options.ts";
import type { SearchOptions } from "./search-options.ts";
import type { TaskProbe } from "./task-probe.ts";
import type { TrainingSettings, TrainingWords } from "./training-options.ts";
import type { DrawingOptions, TaskView } from "./view.ts";

export type { Baseline, DataFacts, Score } from "./results.ts";
export type { TaskProbe } from "./task-probe.ts";

/** A request to load the data of a training. */
export interface LoadRequest<Settings, Facts> {
  /** Undefined: the task's built-in data. */
  readonly source: DataSource | undefined;
  /** Data to validate on. Undefined: a part of the data. */
  readonly validation: DataSource | undefined;
  readonly settings: Settings;
  /** Whether a person or a run decided about a setting; the others may be adapted to the data. */
  isChosen(name: keyof Settings & string): boolean;
  /** Facts of the run that goes on, or of the weights that a run starts from. */
  readonly known?: { readonly of: "run" | "weights"; readonly facts: Facts };
  /** Replicas that need a row each, where a person asked for a number. */
  readonly threads: number | undefined;
  /**
   * To be called when the data has been read, before long work on it.
   * @throws InputError where it is not the data of the run
   */
  verify(read: Omit<DataFacts<unknown>, "facts">, symbols?: readonly string[]): void;
  /** A file of this package, as "corpus/unrolled.txt". */
  asset(path: string): DataSource;
  /**
   * A file that a person named in an option; undefined where files cannot be named. Not for the settings of a run that
   * goes on, which may come from somebody else.
   */
  file?(path: string): DataSource;
}

/** A request to load other data than that of the run, to measure a model on it. */
export interface TestRequest<Settings, Config, Facts> {
  readonly source: DataSource;
  readonly settings: Settings | undefined;
  readonly config: Config;
  readonly facts: Facts;
  /** Leave out what the model does not know. */
  readonly skipUnknown: boolean;
}

/** Data that was loaded, with the settings that fit it. */
export interface Loaded<Settings, Data> {
  readonly data: Data;
  readonly settings: Settings;
}

/** Weights of another task that a model starts from. */
export interface ForeignWeights {
  /** The name of the task that they are of. */
  readonly task: string;
  readonly config: unknown;
  readonly facts: object;
  /** The parameters by name. */
  readonly tensors: ReadonlyMap<string, SnapshotTensor>;
  /** The checkpoint, for errors. */
  readonly where: string;
}

/** What a task takes over of weights of another one. */
export interface AdoptedWeights<Settings, Facts> {
  /** What they decide about the settings. */
  readonly settings: Partial<Settings>;
  /** For {@link LoadRequest.known}. */
  readonly facts: Facts;
  /** Parameters of the new model by name; the others have the values that every new model has. */
  readonly tensors: ReadonlyMap<string, SnapshotTensor>;
}

/** A setting that the data asks for. */
export interface FittedSetting<Settings = TrainingSettings> {
  readonly name: keyof Settings & string;
  readonly value: string | number | boolean;
  /** What of the data asks for it, as "items of up to 20,000 steps". */
  readonly reason: string;
}

/** Where a model is built, and from which values. */
export interface BuildContext {
  readonly rng: Rng;
  readonly backend: Backend;
  /** Of a model with a cell of the user's own. */
  readonly createCell?: CreateCell;
  readonly cellName?: string;
}

/**
 * Which items make up which step: pure functions of the data, the settings and the step, so that nothing has to be saved
 * of the position in the data.
 */
export interface BatchPlan<Batch> {
  readonly stepsPerEpoch: number;
  /** Rows of a full batch. */
  readonly rows: number;
  /**
   * What each row of a step counts in its loss: characters, items, frames; [rows], 0 for a row that is not there. The loss
   * of a step is the sum of the rows' losses divided by the sum of these.
   */
  weights(step: number): ArrayLike<number>;
  /** Whether the state that is carried from step to step begins anew. Undefined: no state is carried. */
  startsAnew?(step: number): boolean;
  /** Rows `from` to `to` (not included) of a step. The arrays may be the same at every call. */
  batch(step: number, from: number, to: number): Batch;
}

export interface LossContext<State> {
  /** What the rows of this shard carried out of the step before; undefined at the start. */
  readonly state: State | undefined;
  /** Random numbers of this step, by global row; undefined: no dropout and no noise. */
  readonly rng: Rng | undefined;
}

/** The loss of some rows of a step. */
export interface Loss<State> {
  /** The sum of the rows' losses divided by the sum of their weights: a scalar made of ops. */
  readonly loss: Tensor;
  /** Named parts of that loss, as scalars. */
  readonly parts?: Readonly<Record<string, Tensor>>;
  /** What the next step begins with. */
  readonly state?: State;
}

/** How a model is measured: parts of a fixed number and order, each with some sums. */
export interface EvaluationPlan<Model> {
  /** How many parts there are; each may be computed by any replica. */
  readonly parts: number;
  /** Sums of each part. */
  readonly width: number;
  /** What is counted: predicted characters, items. */
  readonly items: number;
  /**
   * Compute some parts. May await between pieces, so that the event loop has its turns.
   * @param replica the parts of this replica, of `replicas`, are asked for; which those are the plan decides
   * @param sums of all parts, [parts, width]: the sums of the computed ones are written into it
   */
  run(model: Model, context: EvaluationContext, sums: Float64Array): Promise<void>;
}

export interface EvaluationContext {
  readonly backend: Backend;
  readonly replica: number;
  readonly replicas: number;
  /** Called with the number of parts that are done. */
  onDone?(parts: number): void;
}

export interface EvaluationOptions {
  /** Whether all of the data is measured, or a part of it that is fixed and quick, as while training. */
  readonly isComplete: boolean;
  /** Rows side by side; only speed and memory depend on it. */
  readonly rows?: number;
  /** How the weights are held; default f32. */
  readonly weights?: WeightFormat;
  /** How a task that {@link Task.searches} finds its outputs. */
  readonly search?: SearchOptions;
}

/** Something that a model made: to read, to look at, or for programs. */
export type Artifact =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "picture"; readonly svg: string }
  | { readonly kind: "json"; readonly value: unknown };

export interface SampleContext {
  readonly backend: Backend;
  readonly rng: Rng;
}

/** One input of `predict`. */
export interface PredictionInput {
  /** Where it comes from: a file and line, or "--text". */
  readonly name: string;
  readonly text: string;
  /** Numbers that code gives instead of a text: the features of each step. */
  readonly frames?: readonly ArrayLike<number>[];
}

/** What a model says of one input. `json` is the line of `--json`, `text` what people read. */
export interface Prediction {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  /**
   * The input in pieces, each with a number from 0 to 1: how far a model that reads it agrees by then with what it says in
   * the end. Terminals with colours show them in place of the input, which is the first field of `text`.
   */
  readonly pieces?: readonly { readonly text: string; readonly value: number }[];
  /** What there is to look at of this one, in characters: shown below an input that was given by itself. */
  drawing?(options: DrawingOptions): string[];
}

/** A trained model with everything that a task needs to use it. */
export interface TrainedModel<Settings, Config, Facts, Model> {
  readonly model: Model;
  readonly config: Config;
  readonly facts: Facts;
  readonly backend: Backend;
  /** Undefined for a checkpoint without its run. */
  readonly settings: Settings | undefined;
  /** How a task that {@link Task.searches} finds its outputs. */
  readonly search?: SearchOptions;
}

/**
 * A task. `Data` and `Settings` are plain data that can be sent to another thread; large arrays in it lie in shared memory
 * where there is any.
 */
export interface Task<
  Settings extends TrainingSettings = TrainingSettings,
  Data = unknown,
  Config = unknown,
  Facts extends object = object,
  Model extends object = object,
  Batch = unknown,
  State = unknown,
> {
  /** `classify` */
  readonly name: string;
  /** What it does, in a few words of `--help`. */
  readonly summary: string;
  /** What its data is called, for `--help` and messages. */
  readonly words: TrainingWords;
  /** Lines of `--help` on what DATA is, and examples. */
  readonly help: { readonly data: string; readonly notes: string; readonly examples: string };
  readonly options: OptionSchema<Settings>;

  /** The settings of a new run: what a person said over what weights brought over the defaults. */
  complete(given: Partial<Settings>, brought?: Partial<Settings>): Settings;
  /**
   * Refuse combinations that cannot work, before anything is read.
   * @throws InputError
   */
  check?(given: Partial<Settings> & RunOptions, settings: Settings): void;
  /** The settings that somebody who chose only these has: what a learning rate is compared with in advice. */
  standardOf?(settings: Settings): Settings;
  /** What is counted: "character", "item". */
  unit(config: Config, facts: Facts): string;

  load(request: LoadRequest<Settings, Facts>, hooks: LoadHooks): Promise<Loaded<Settings, Data>>;
  /** Data to measure a trained model on: nothing of it is trained on. */
  loadTest(request: TestRequest<Settings, Config, Facts>, hooks: LoadHooks): Promise<Data>;
  facts(data: Data): DataFacts<Facts>;
  /** How the data differs from that of a run, for the error that refuses it. */
  differences?(
    stored: Readonly<Record<string, unknown>>,
    read: Omit<DataFacts<unknown>, "facts">,
    symbols?: readonly string[],
  ): string[];

  /**
   * Settings that fit the data better than the defaults. Only those that nobody chose are taken, in a new run that starts
   * from no weights.
   * @param threads replicas that need a row of a batch each, at least 1
   */
  fit?(data: Data, settings: Settings, threads: number): readonly FittedSetting<Settings>[];
  configure(settings: Settings, facts: Facts): Config;
  /** The smallest model that settings can describe, whatever the data is. */
  leastConfig?(settings: Settings): Config;
  /** What weights of a model decide about the settings of a run that starts from them. */
  settingsOf?(config: Config, facts: Facts): Partial<Settings>;
  /**
   * What a new run takes over of weights of another task, as a classifier of a language model.
   * @returns undefined for weights of a task that it cannot start from
   * @throws InputError, FormatError for weights that it can start from in general, but not from these
   */
  adopt?(weights: ForeignWeights): AdoptedWeights<Settings, Facts> | undefined;
  /**
   * A model's description from a file: hostile until it is checked.
   * @param read gives the parsed JSON of a field by its name; undefined for one that the file does not have
   * @throws FormatError
   */
  parse(read: (name: string) => unknown, where: string): { readonly config: Config; readonly facts: Facts };
  build(config: Config, context: BuildContext): Model;
  /**
   * Give a new model the values that the data brings, such as vectors of words, before the first step and before weights
   * of a run are put into it. Every replica does the same.
   */
  start?(model: Model, data: Data): void;
  /** Bytes that a training takes on the heap, for the error that refuses more than it has. */
  trainingBytes?(config: Config, settings: Settings): number;
  /** Fewest numbers and tensors that a model has, so that a small file cannot have a large model made. */
  leastParameters?(config: Config): { readonly numbers: number; readonly tensors: number };

  plan(data: Data, settings: Settings): BatchPlan<Batch>;
  loss(model: Model, batch: Batch, context: LossContext<State>): Loss<State>;
  /** Names of the parts of the loss, in their order; none where it is not given. */
  readonly parts?: readonly string[];
  /** The state of so many rows, found by running the model. Undefined: no state is carried. */
  carried?(model: Model, rows: number): State;
  /** Whether the loss draws random numbers. Default: it may, so it is given a generator. */
  isRandom?(settings: Settings): boolean;

  evaluation(data: Data, options: EvaluationOptions): EvaluationPlan<Model>;
  /**
   * The score of an evaluation.
   * @param sums of all parts, [parts, width]: not yet added up over the parts
   */
  score(sums: Float64Array, data: Data, plan: EvaluationPlan<Model>, baselines: readonly Baseline[]): Score;
  /** What else `eval --json` says of an evaluation, under names of its own: the scores of each label. */
  details?(sums: Float64Array, data: Data): Readonly<Record<string, unknown>>;
  baselines(data: Data, hooks: LoadHooks): Promise<Baseline[]>;
  /** The loss of guessing without looking, and among what: a training that ends there has learned nothing. */
  guess?(data: Data, config: Config): { readonly loss: number; readonly among: string };

  /** Of a task whose model is a language model: it writes, and its units can be looked at. */
  readonly language?: {
    tokenizer(facts: Facts): Tokenizer;
    /** The text that is validated on, in symbols. */
    validation(data: Data): CharacterIds;
  };
  /** Whether its model writes sequences, so that `predict` and `eval` take {@link SearchOptions}. */
  readonly searches?: boolean;
  sample?(trained: TrainedModel<Settings, Config, Facts, Model>, context: SampleContext): Promise<Artifact>;
  predict?(
    trained: TrainedModel<Settings, Config, Facts, Model>,
    inputs: AsyncIterable<PredictionInput>,
  ): AsyncIterable<Prediction>;
  /**
   * Predict from a file that is read as a whole: a table, a recording.
   * @throws InputError for a file that the model cannot read
   */
  predictFile?(
    trained: TrainedModel<Settings, Config, Facts, Model>,
    file: DataFile,
    hooks: LoadHooks,
  ): AsyncIterable<Prediction>;
  /**
   * Whether `predictFile` gets a file, whose lines `predict` would get otherwise. Default: where there is no `predict`.
   * @param name of the file; "standard input" for what is piped in
   */
  readsWholeFile?(facts: Facts, name: string): boolean;
  /** What there is to look at of some predictions. */
  predictionPicture?(predictions: readonly Prediction[]): Artifact & { readonly kind: "picture" };
  /** What there is to look at after a training or an evaluation. */
  picture?(sums: Float64Array, data: Data): Artifact & { readonly kind: "picture" };
  /** What `unrolled check` needs to look into inputs and outputs. */
  readonly probe?: TaskProbe<Data, Config, Model, Batch>;

  readonly view: TaskView<Settings, Data, Config, Facts>;
}
