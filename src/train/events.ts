import type { ProfileReport } from "../autograd/profile.ts";
import type { Precision } from "../backend/native/native.ts";

/** What a training says while it runs: exactly the lines of `--json` and of `metrics.jsonl`. */
export type TrainEvent =
  | StartEvent
  | StepEvent
  | EvalEvent
  | SampleEvent
  | { event: "checkpoint"; step: number; path: string }
  | ProfileEvent
  | EndEvent;

export interface StartEvent {
  event: "start";
  task: string;
  /** The run's folder. */
  run: string;
  /** Numbers that training changes. */
  parameters: number;
  backend: string;
  instructions: string;
  /** Replicas. */
  threads: number;
  precision: Precision;
  seed: number;
  version: string;
  /** Of the text that is trained on, from 0 to 1: words that are `<unk>`. Absent where everything is known. */
  unknownShare?: number;
}

export interface StepEvent {
  event: "step";
  /** Updates made, this one included. */
  step: number;
  /** Passes over the data, as a fraction. */
  epoch: number;
  /** Nats per unit (character, word, item). */
  loss: number;
  /** Named parts of the loss, for a task that has some. */
  parts?: Readonly<Record<string, number>>;
  /** Global norm before clipping. */
  gradNorm: number;
  lr: number;
  /** Of training, evaluation included, over all sittings of the run. */
  seconds: number;
  /** Speed of this step. */
  unitsPerSecond: number;
}

export interface EvalEvent {
  event: "eval";
  step: number;
  split: string;
  loss: number;
  metrics: Readonly<Record<string, number>>;
  /** What chooses the best checkpoint, the smaller the better; absent where that is the loss. */
  choose?: number;
}

/** What the model made after a step: a text, the path of a picture, or anything that JSON can say. */
export interface SampleEvent {
  event: "sample";
  step: number;
  text?: string;
  file?: string;
  value?: unknown;
}

/** With `--profile`, before the end: the mean step of this sitting, as the first replica saw it. */
export interface ProfileEvent extends ProfileReport {
  event: "profile";
  step: number;
}

export type EndReason = "steps" | "epochs" | "max-seconds" | "patience" | "interrupted";

/** What a person should know of a training that did not go well, and what to try. */
export interface TrainingWarning {
  /** Stable, for programs. */
  code: "loss-rose" | "not-learned" | "overfitted";
  message: string;
  hint: string;
}

export interface EndEvent {
  event: "end";
  step: number;
  seconds: number;
  reason: EndReason;
  /** SHA-256 of all parameters in the order of their names: equal bits, equal hash. */
  parametersSha256: string;
  /** The best evaluation, over all sittings; null before the first evaluation. */
  best: { step: number; loss: number; choose?: number } | null;
  warnings: TrainingWarning[];
}
