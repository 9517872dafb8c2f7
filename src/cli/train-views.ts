/** What `train` prints: lines for people, or events as JSON. */

import { escapeControl } from "../core/errors.ts";
import { shellWord } from "../core/shell-word.ts";
import type { TaskTraining } from "../runs/train-task.ts";
import type { Measured, Row, Standing } from "../tasks/view.ts";
import type { EndEvent, EvalEvent, SampleEvent, StepEvent, TrainEvent } from "../train/events.ts";
import { choiceOf } from "../train/history.ts";
import { chooseDrawing, drawLossChart } from "./charts.ts";
import { clock, count, formatProfile, hang, nats, wrapText } from "./format.ts";
import { writeOut } from "./output.ts";
import type { RunReport } from "./run-report.ts";
import { Average, formatStatus, type TrainingStatus } from "./status-line.ts";
import { suggestNextCommands } from "./suggested-commands.ts";
import { clearStatusLine, Progress, paint, showStatusLine } from "./terminal.ts";

/** Converts the events of a training to text. */
export interface TrainView {
  /** Before the training: reading the text, ... `total` is null where it is unknown. */
  progress(activity: string, done: number, total: number | null): void;
  begin(training: TaskTraining, report: RunReport): Promise<void> | void;
  event(event: TrainEvent): Promise<void> | void;
}

/** Prints each event as a line of JSON on stdout. */
export class JsonView implements TrainView {
  progress(): void {}

  begin(): void {}

  event(event: TrainEvent): Promise<void> {
    return writeOut(`${JSON.stringify(event)}\n`);
  }
}

/** Time between two lines of a training without a terminal, in seconds. */
const PLAIN_SECONDS = 5;

/** Decay of the moving average of the displayed loss, because the losses of single batches vary. */
const LOSS_MEMORY = 0.95;
const SPEED_MEMORY = 0.9;

/** A guess of the number of steps before this time, in seconds, is none. */
const GUESS_AFTER = 1;

/** Width of the names at the left of the first and the last lines. */
const LABEL = 9;

/** Prints lines on stdout, and a status line below them on a terminal. */
export class TerminalView implements TrainView {
  private readonly live: boolean;
  private readonly reading = new Progress();
  private training!: TaskTraining;
  private report!: RunReport;
  private readonly loss = new Average(LOSS_MEMORY);
  private readonly speed = new Average(SPEED_MEMORY);
  private validation: number | undefined;
  private lastSample: SampleEvent | undefined;
  /** Of training, when the last step and the last line came. */
  private seconds = 0;
  private printedAt = 0;

  constructor(live: boolean) {
    this.live = live;
  }

  progress(activity: string, done: number, total: number | null): void {
    this.reading.show(activity, done, total);
  }

  async begin(training: TaskTraining, report: RunReport): Promise<void> {
    this.training = training;
    this.report = report;
    const { run, task, config, cellName, startStep, runDirectory } = training;
    const { view } = task;
    const threads = `${run.threads} thread${run.threads === 1 ? "" : "s"}`;
    const resumed = startStep > 0 ? ` (resumed at step ${count(startStep)})` : "";
    const rows: Row[] = [
      ...view.data(training),
      ["model", `${view.model(config, cellName)}: ${count(training.parameters)} parameters`],
      ["engine", `${run.backend} ${run.instructions}, ${threads}${describeShards(training)}`],
      ...view.toBeat(training),
      ["run", `${runDirectory}${resumed}`],
    ];
    await this.print([...rows.flatMap(([name, text]) => labelled(name, escapeControl(text))), ""]);
    this.printedAt = training.startSeconds;
  }

  async event(event: TrainEvent): Promise<void> {
    if (event.event === "step") await this.showStep(event);
    else if (event.event === "eval") await this.printEvaluation(event);
    else if (event.event === "sample") await this.printSample(event);
    else if (event.event === "profile") {
      await this.print(["", ...formatProfile(event, process.stdout.columns || 100), ""]);
    } else if (event.event === "end") await this.printEnd(event);
  }

  private async showStep(event: StepEvent): Promise<void> {
    this.seconds = event.seconds;
    this.loss.add(event.loss);
    this.speed.add(event.unitsPerSecond);
    const status = this.describeStatus(event);
    if (this.live) {
      showStatusLine((columns) => formatStatus(status, columns));
    } else if (event.seconds - this.printedAt >= PLAIN_SECONDS) {
      this.printedAt = event.seconds;
      await this.print([formatStatus(status)]);
    }
  }

  private describeStatus({ step, seconds }: StepEvent): TrainingStatus {
    const { totalSteps, maxSeconds, startStep, startSeconds, unit } = this.training;
    const sitting = seconds - startSeconds;
    const perStep = sitting / (step - startStep);
    const byClock =
      maxSeconds === null || sitting < GUESS_AFTER ? undefined : startStep + Math.round(maxSeconds / perStep);
    const total = Math.min(totalSteps ?? Number.POSITIVE_INFINITY, byClock ?? Number.POSITIVE_INFINITY);
    const bySteps = totalSteps === null ? Number.POSITIVE_INFINITY : (totalSteps - step) * perStep;
    const left = Math.min(bySteps, maxSeconds === null ? Number.POSITIVE_INFINITY : maxSeconds - sitting);
    return {
      step,
      total: Number.isFinite(total) ? total : undefined,
      totalIsGuess: total !== totalSteps,
      loss: this.loss.value,
      validation: this.validation,
      unitsPerSecond: this.speed.value,
      unit: unit === "character" ? "char" : unit,
      secondsLeft: Number.isFinite(left) ? left : undefined,
    };
  }

  private async printEvaluation(event: EvalEvent): Promise<void> {
    this.validation = event.loss;
    this.printedAt = this.seconds;
    const standing = this.training.task.view.validation(toMeasured(event), this.training);
    const parts = [
      paint("bold", `step ${count(event.step)}`, process.stdout),
      ...(this.loss.isEmpty ? [] : [`loss ${nats(this.loss.value)}`]),
    ];
    // One line for each evaluation where a program may read them.
    const columns = process.stdout.columns || Number.POSITIVE_INFINITY;
    await this.print(hang(`${parts.join("  ")}  `, `validation ${describeStanding(standing)}`, columns));
  }

  private async printSample(event: SampleEvent): Promise<void> {
    this.lastSample = event;
    const margin = "    ";
    const columns = (process.stdout.columns || 100) - margin.length;
    const text = event.text ?? event.file ?? JSON.stringify(event.value);
    const lines = wrapText(text.replace(/^\n+|\n+$/g, ""), columns);
    await this.print(["", ...lines.map((line) => paint("dim", `${margin}${line}`, process.stdout)), ""]);
  }

  private async printEnd(event: EndEvent): Promise<void> {
    const { training, lastSample } = this;
    const { task, history, runDirectory } = training;
    const last = history.evaluations.at(-1);
    const time = `step ${count(event.step)} after ${clock(event.seconds)}`;
    const chart = drawLossChart(training);
    const drawn = drawEnding(training);
    const lines = [...chart, ...(chart.length > 0 ? [""] : []), ...drawn, ...(drawn.length > 0 ? [""] : [])];
    if (event.reason === "interrupted") lines.push(label("saved", time));
    else if (last !== undefined) {
      const result = describeStanding(task.view.result({ metrics: {}, ...last }, training));
      lines.push(...labelled("done", `${time}: ${result}`));
    }
    lines.push(...this.describeBest(event));
    const sample = lastSample?.step === event.step ? lastSample.text : undefined;
    const ending = (await task.view.ending?.(training, sample)) ?? [];
    lines.push(...ending.flatMap(([name, text]) => labelled(name, escapeControl(text))));
    if (this.report.path !== undefined) lines.push(label("report", escapeControl(this.report.path)));
    const next = suggestNextCommands(training, event, shellWord(runDirectory));
    lines.push(...next.map((command, at) => label(at === 0 ? "next" : "", command)));
    await this.print(lines);
  }

  /** The best evaluation where it is not the last one, why the training ended early, and what went wrong. */
  private describeBest({ reason, warnings }: EndEvent): string[] {
    const { history, run, task } = this.training;
    const { best } = history;
    const last = history.evaluations.at(-1);
    const lines: string[] = [];
    if (best !== undefined && last !== undefined && choiceOf(best) < choiceOf(last)) {
      const { text } = task.view.validation({ metrics: {}, ...best }, this.training);
      // This warning says the best loss itself.
      const isInWarning = text === nats(best.loss) && warnings.some(({ code }) => code === "overfitted");
      const step = `${isInWarning ? "" : `${text} at `}step ${count(best.step)}`;
      lines.push(...labelled("best", `${step}, which ${nameCommands(this.training)} use`));
    }
    if (reason === "patience") {
      lines.push(
        label("", `--patience ${run.limits.patience}: no evaluation after it was better, so the run ended`),
      );
    }
    for (const { message, hint } of warnings) {
      const painted = paint("yellow", escapeControl(message), process.stdout);
      lines.push(...labelled("warning", painted), ...labelled("", escapeControl(hint)));
    }
    return lines;
  }

  private async print(lines: readonly string[]): Promise<void> {
    clearStatusLine();
    await writeOut(`${lines.join("\n")}\n`);
  }
}

/** The number of shards, shown only if it differs from the number of threads. */
function describeShards({ run }: TaskTraining): string {
  return run.shards === undefined || run.shards === run.threads ? "" : `, ${run.shards} shards`;
}

/** The commands that take a run's best checkpoint. */
function nameCommands({ task }: TaskTraining): string {
  const made = task.language === undefined && task.sample === undefined ? "predict" : "sample";
  return `${made} and eval`;
}

/** The last evaluation as a drawing, for tasks that show one here. */
function drawEnding({ task, measured, data }: TaskTraining): string[] {
  if (!task.view.drawsEnding || measured.sums === undefined) return [];
  return task.view.drawing?.(measured.sums, data, chooseDrawing()) ?? [];
}

const toMeasured = ({ step, loss, metrics, choose }: EvalEvent): Measured => ({
  step,
  loss,
  metrics,
  choose,
});

/** `1.234 nats per character, 3% below the trigram` */
function describeStanding({ text, comparison, isBetter }: Standing): string {
  return `${text}, ${isBetter ? paint("green", comparison, process.stdout) : comparison}`;
}

/** A command, which is never broken: it would not run. */
function label(name: string, text: string): string {
  return `${paint("dim", `${name} `.padEnd(LABEL), process.stdout)}${text}`;
}

/** A text with a name at its left, in lines no longer than the terminal is wide where words allow it. */
function labelled(name: string, text: string): string[] {
  return hang(paint("dim", `${name} `.padEnd(LABEL), process.stdout), text, process.stdout.columns || 80);
}
