/** What is displayed of a task, as plain data and text, independent of terminals and pages. */
import type { Evaluation } from "../train/history.ts";
import type { Baseline, DataFacts, Score } from "./results.ts";

/** A line with a name at its left; a line that continues the one above has an empty name. */
export type Row = readonly [name: string, text: string];

/** A training as it is shown. */
export interface ShownTraining<Settings, Data, Config, Facts> {
  readonly settings: Settings;
  readonly data: Data;
  readonly config: Config;
  readonly facts: DataFacts<Facts>;
  readonly baselines: readonly Baseline[];
  /** The data as it was named; empty for the built-in data. */
  readonly paths: readonly string[];
}

/** How a result compares with what there is to beat. */
export interface Standing {
  /** As "1.234". */
  readonly text: string;
  /** As "3% below the trigram". */
  readonly comparison: string;
  readonly isBetter: boolean;
}

/** Evaluated numbers, as events have them. */
export interface Measured extends Evaluation {
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a terminal can show. */
export interface DrawingOptions {
  readonly columns: number;
  /** Whether it shows characters beyond ASCII in drawings. */
  readonly unicode: boolean;
  /** Whether it shows colours. */
  readonly colors?: boolean;
}

export interface TaskView<Settings, Data, Config, Facts> {
  /** What is trained on: the first lines of a training. */
  data(training: ShownTraining<Settings, Data, Config, Facts>): Row[];
  /** What else the start event says, for programs. */
  startEvent?(data: Data): { readonly unknownShare?: number };
  /** The model in a few words, as "LSTM, 2 layers of 128". */
  model(config: Config, cellName: string | undefined): string;
  /** What there is to beat, and what the loss is. */
  toBeat(training: ShownTraining<Settings, Data, Config, Facts>): Row[];
  /**
   * What the loss is measured in, for charts and reports. Default: `nats per ${unit}`.
   * @param unit what is counted, as the task's `unit` says: "character"
   */
  lossUnit?(unit: string): string;
  /** A validation while training. */
  validation(measured: Measured, training: ShownTraining<Settings, Data, Config, Facts>): Standing;
  /** The last validation of a training, for "done step 5,000 after 0:31: ...". */
  result(measured: Measured, training: ShownTraining<Settings, Data, Config, Facts>): Standing;
  /** What else there is to say at the end. @param sample the last sample, where it is a text */
  ending?(training: ShownTraining<Settings, Data, Config, Facts>, sample: string | undefined): Promise<Row[]>;
  /** What to type next with a trained run, without going on with the training. */
  next(training: ShownTraining<Settings, Data, Config, Facts>, folder: string): string[];
  /** Baselines as lines of the loss chart. */
  chartBaselines(baselines: readonly Baseline[]): { readonly name: string; readonly loss: number }[];
  /** Figures of the report besides the losses. */
  figures(
    best: Evaluation | undefined,
    training: ShownTraining<Settings, Data, Config, Facts>,
  ): { readonly name: string; readonly value: string; readonly about?: string }[];
  /** Words that the report explains. */
  readonly terms: readonly { readonly term: string; readonly meaning: string }[];
  /** An evaluation as a drawing of characters, below its table. */
  drawing?(sums: Float64Array, data: Data, options: DrawingOptions): string[];
  /** Whether the drawing of the last evaluation is shown at the end of a training, too. */
  readonly drawsEnding?: boolean;
  /** An evaluation as a table: name, value, explanation. */
  scoreTable(
    score: Score & { readonly items: number },
    unit: string,
    baselines: readonly Baseline[],
  ): (readonly [name: string, value: string, about: string])[];
}
