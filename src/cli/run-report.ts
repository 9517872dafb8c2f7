/** `report.html` of a run: what it says, and when it is written. */
import { basename } from "node:path";
import { UnrolledError } from "../core/errors.ts";
import { renderReport, type TrainingReport } from "../render/report.ts";
import { describeData } from "../sources/corpus.ts";
import type { TextTraining } from "../tasks/text/train.ts";
import type { EndEvent, TrainEvent } from "../train/events.ts";
import type { Sample } from "../train/history.ts";
import { clock, comparison, count, nats, shellWord } from "./format.ts";
import { lossChart } from "./loss-chart.ts";
import { modelName } from "./model-name.ts";
import { nextCommands } from "./next-commands.ts";
import { PERPLEXITY, TERMS } from "./terms.ts";

/** Milliseconds between two reports of a training that goes on. */
const INTERVAL = 10_000;

/** More than this many samples are too many to read. */
const SHOWN_SAMPLES = 8;

/**
 * Keeps the report in a run's folder up to date: after evaluations, and when the training ends. A report that cannot be
 * written is no reason to stop: it is told once.
 */
export class RunReport {
  /** Where it is, once it has been written. */
  path: string | undefined;
  private readonly training: TextTraining;
  private readonly onNote: (text: string) => void;
  private writtenAt = performance.now();
  private hasFailed = false;

  constructor(training: TextTraining, onNote: (text: string) => void) {
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
export function describeTraining(training: TextTraining, end: EndEvent | undefined): TrainingReport {
  const { run, history, unit, baseline, runDirectory } = training;
  const last = history.evaluations.at(-1);
  const state = end === undefined ? "still in training" : ENDS[end.reason];
  const standing =
    last === undefined
      ? ""
      : `: ${nats(last.loss)} nats per ${unit}, ${comparison(last.loss, baseline.loss)} the trigram`;
  return {
    title: basename(runDirectory),
    subtitle: `${modelName(run)}; ${state}${standing}`,
    warnings: end?.warnings ?? [],
    figures: figuresOf(training, end),
    loss: lossChart(training),
    learningRate: history.curve.map(({ step, learningRate }) => ({ step, value: learningRate })),
    samples: spread(history.samples, SHOWN_SAMPLES).map(({ step, text }) => ({
      step: `step ${count(step)}`,
      text: text.replace(/^\n+|\n+$/g, ""),
    })),
    tables: tablesOf(training),
    terms: TERMS,
    commands: end === undefined ? [] : nextCommands(training, end, shellWord(runDirectory)),
  };
}

const ENDS: Readonly<Record<EndEvent["reason"], string>> = {
  steps: "done",
  epochs: "done",
  "max-seconds": "done",
  patience: "done, its validation loss no longer fell",
  interrupted: "interrupted",
};

function figuresOf(
  { history, baseline, unit }: TextTraining,
  end: EndEvent | undefined,
): TrainingReport["figures"] {
  const { best } = history;
  const last = history.evaluations.at(-1);
  const perUnit = `nats per ${unit}`;
  return [
    ...(best === undefined
      ? []
      : [
          {
            name: "best validation",
            value: nats(best.loss),
            about: `${perUnit}, at step ${count(best.step)}`,
          },
          { name: "perplexity", value: nats(Math.exp(best.loss)), about: PERPLEXITY },
        ]),
    ...(last === undefined || last === best
      ? []
      : [{ name: "last validation", value: nats(last.loss), about: perUnit }]),
    { name: "trigram", value: nats(baseline.loss), about: `${perUnit}: the loss to beat` },
    ...(end === undefined
      ? []
      : [
          { name: "updates", value: count(end.step) },
          { name: "time", value: clock(end.seconds), about: "training and evaluating" },
        ]),
  ];
}

function tablesOf({
  run,
  corpus,
  symbols,
  tokenizer,
  unit,
  parameters,
}: TextTraining): TrainingReport["tables"] {
  const { cell: _, ...settings } = run.settings;
  const rows = (values: object): [string, string][] =>
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [
        `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        String(value),
      ]);
  const ofSymbols: [string, string][] =
    unit === "character" ? [] : [[`${unit}s`, `${count(symbols)}, ${count(tokenizer.size)} different`]];
  return [
    {
      heading: "Model and text",
      rows: [
        ["model", modelName(run)],
        ["parameters", count(parameters)],
        ["text", describeData(run.data.paths)],
        ["characters", `${count(corpus.characters)}, ${count(corpus.vocabulary.size)} different`],
        ...ofSymbols,
        ["SHA-256 of the text", run.data.fingerprint],
        ["engine", `${run.backend} ${run.instructions}, precision ${run.precision}`],
        ["threads", count(run.threads)],
        ["started", run.created],
        ["program", `unrolled ${run.version}`],
      ],
    },
    { heading: "Settings", rows: [["--cell", run.settings.cell], ...rows(settings), ...rows(run.limits)] },
  ];
}

/** At most `most` of them, evenly spread, the first and the last among them. */
function spread(samples: readonly Sample[], most: number): readonly Sample[] {
  if (samples.length <= most) return samples;
  return Array.from(
    { length: most },
    (_, at) => samples[Math.round((at * (samples.length - 1)) / (most - 1))],
  );
}
