/** `report.html` of a run: what it says, and when it is written. */
import { basename } from "node:path";
import { UnrolledError } from "../core/errors.ts";
import { renderReport, type TrainingReport } from "../render/report.ts";
import type { TaskTraining } from "../runs/train-task.ts";
import { flagOf } from "../tasks/option-schema.ts";
import type { EndEvent, TrainEvent } from "../train/events.ts";
import type { Sample } from "../train/history.ts";
import { lossChart, nameLossUnit } from "./charts.ts";
import { clock, count, nats, shellWord } from "./format.ts";
import { suggestNextCommands } from "./suggested-commands.ts";

/** Milliseconds between two reports of a training that goes on. */
const INTERVAL = 10_000;

/** Largest number of samples in a report. */
const SHOWN_SAMPLES = 8;

/**
 * Keeps the report in a run's folder up to date: after evaluations, and when the training ends. A report that cannot be
 * written is no reason to stop: it is told once.
 */
export class RunReport {
  /** Path of the report, once it has been written. */
  path: string | undefined;
  private readonly training: TaskTraining;
  private readonly onNote: (text: string) => void;
  private writtenAt = performance.now();
  private hasFailed = false;

  constructor(training: TaskTraining, onNote: (text: string) => void) {
    this.training = training;
    this.onNote = onNote;
  }

  async event(event: TrainEvent): Promise<void> {
    const isDue = event.event === "eval" && performance.now() - this.writtenAt >= INTERVAL;
    if (this.hasFailed || (event.event !== "end" && !isDue)) return;
    try {
      const report = describeTraining(this.training, event.event === "end" ? event : undefined);
      this.path = await this.training.writeReport(renderReport(report));
      this.writtenAt = performance.now();
    } catch (error) {
      if (!(error instanceof UnrolledError)) throw error;
      this.hasFailed = true;
      this.onNote(`there is no report: ${error.message}`);
    }
  }
}

/** @param end undefined while the training goes on */
export function describeTraining(training: TaskTraining, end: EndEvent | undefined): TrainingReport {
  const { history, task, config, cellName, runDirectory } = training;
  const { view } = task;
  const last = history.evaluations.at(-1);
  const state = end === undefined ? "still in training" : ENDS[end.reason];
  const result = last && view.result({ metrics: {}, ...last }, training);
  const standing = result === undefined ? "" : `: ${result.text}, ${result.comparison}`;
  return {
    title: basename(runDirectory),
    subtitle: `${view.model(config, cellName)}; ${state}${standing}`,
    warnings: end?.warnings ?? [],
    figures: listFigures(training, end),
    loss: lossChart(training),
    learningRate: history.curve.map(({ step, learningRate }) => ({ step, value: learningRate })),
    picture: end === undefined ? undefined : drawLast(training),
    samples: pickEvenly(history.samples, SHOWN_SAMPLES).map(({ step, text }) => ({
      step: `step ${count(step)}`,
      text: text.replace(/^\n+|\n+$/g, ""),
    })),
    tables: listTables(training),
    terms: [...chooseTerms(training), ...view.terms],
    commands: end === undefined ? [] : suggestNextCommands(training, end, shellWord(runDirectory)),
  };
}

/** The last evaluation as `eval --picture` draws one. */
function drawLast({ task, measured, data }: TaskTraining): string | undefined {
  return measured.sums === undefined ? undefined : task.picture?.(measured.sums, data).svg;
}

/** Nats are explained only where the loss is measured in them. */
function chooseTerms(training: TaskTraining): TrainingReport["terms"] {
  const hasNats = /\bnats\b/.test(nameLossUnit(training));
  return TERMS.filter(({ term }) => term !== "nats" || hasNats);
}

const ENDS: Readonly<Record<EndEvent["reason"], string>> = {
  steps: "done",
  epochs: "done",
  "max-seconds": "done",
  patience: "done, its validation loss no longer fell",
  interrupted: "interrupted",
};

function listFigures(training: TaskTraining, end: EndEvent | undefined): TrainingReport["figures"] {
  const { history, task } = training;
  const { best } = history;
  const last = history.evaluations.at(-1);
  const lossUnit = nameLossUnit(training);
  const figures: { name: string; value: string; about?: string }[] = [];
  if (best !== undefined) {
    const about = `${lossUnit}, at step ${count(best.step)}`;
    figures.push({ name: "best validation", value: nats(best.loss), about });
  }
  if (last !== undefined && last !== best) {
    figures.push({ name: "last validation", value: nats(last.loss), about: lossUnit });
  }
  figures.push(...task.view.figures(best, training));
  if (end !== undefined) {
    figures.push(
      { name: "updates", value: count(end.step) },
      { name: "time", value: clock(end.seconds), about: "training and evaluating" },
    );
  }
  return figures;
}

function listTables(training: TaskTraining): TrainingReport["tables"] {
  const { run, parameters, task, config, cellName } = training;
  const rows = (values: object): [string, string][] =>
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [flagOf(name), String(value)]);
  const { cell, ...settings } = run.settings as typeof run.settings & { cell?: string };
  return [
    {
      heading: `Model and ${task.words.data}`,
      rows: [
        ["model", task.view.model(config, cellName)],
        ["parameters", count(parameters)],
        ...task.view.data(training).map(([name, text]): [string, string] => [name, text]),
        [`SHA-256 of the ${task.words.data}`, run.data.fingerprint],
        ["engine", `${run.backend} ${run.instructions}, precision ${run.precision}`],
        ["threads", count(run.threads)],
        ["started", run.created],
        ["program", `unrolled ${run.version}`],
      ],
    },
    {
      heading: "Settings",
      rows: [...(cell === undefined ? [] : rows({ cell })), ...rows(settings), ...rows(run.limits)],
    },
  ];
}

/** At most `most` of them, evenly pickEvenly, the first and the last among them. */
function pickEvenly(samples: readonly Sample[], most: number): readonly Sample[] {
  if (samples.length <= most) return samples;
  return Array.from(
    { length: most },
    (_, at) => samples[Math.round((at * (samples.length - 1)) / (most - 1))],
  );
}

export const TERMS: readonly { readonly term: string; readonly meaning: string }[] = [
  {
    term: "nats",
    meaning:
      "The loss. The model gives a probability to what is right (of a text: to the character, word or token that comes next); its loss is minus the natural logarithm of it, and the mean is shown. 0 is certainty; divided by ln 2 it is bits.",
  },
  {
    term: "validation",
    meaning:
      "A part of the data that is not trained on. When its loss rises while the training loss falls, the model learns the training data by heart (overfitting).",
  },
];
