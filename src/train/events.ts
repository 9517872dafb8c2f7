import type { ProfileReport } from "../autograd/profile.ts";
import type { Precision } from "../backend/native/native.ts";

/** The events that a training emits: exactly the lines of `--json` and of `metrics.jsonl`. */
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
  /** Number of trainable parameters. */
  parameters: number;
  backend: string;
  instructions: string;
  /** Replicas. */
  threads: number;
  precision: Precision;
  seed: number;
  version: string;
  /** Share of the training text's words that are `<unk>`, from 0 to 1. Absent if every word is known. */
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
  /** Seconds of training, including evaluation, over all sittings of the run. */
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
  /** The number that selects the best checkpoint (lower is better); absent if that is the loss. */
  choose?: number;
}

/** A sample of the model after a step: a text, the path of a picture, or any JSON value. */
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

/** A warning about a training that did not go well, and what to try. */
export interface TrainingWarning {
  /** A stable identifier for programs. */
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
