import { escapeControl } from "../core/errors.ts";
import { runJobInTurns } from "../core/job.ts";
import { knownWordShare, type TextCorpus, wordSetJob } from "../data/index.ts";
import { describeData } from "../tasks/text/corpus.ts";
import type { TextTraining } from "../tasks/text/train.ts";
import type { EndEvent, EvalEvent, StepEvent, TrainEvent } from "../train/events.ts";
import { clock, comparison, count, linesOf, nats, percent, shellWord, wrapWords } from "./format.ts";
import { clearLive, showLive } from "./live-line.ts";
import { lossChartLines } from "./loss-chart.ts";
import { modelName } from "./model-name.ts";
import { nextCommands } from "./next-commands.ts";
import { writeOut } from "./output.ts";
import { paint } from "./paint.ts";
import { profileLines } from "./profile-table.ts";
import { Progress } from "./progress.ts";
import type { RunReport } from "./run-report.ts";
import { type Standing, standingLine } from "./standing.ts";
import { natsMeaning } from "./terms.ts";
import type { TrainView } from "./view.ts";

/** Between two lines of a training without a terminal, in seconds. */
const PLAIN_SECONDS = 5;

/** Weight of the past in the loss that is shown: single batches jump. */
const LOSS_MEMORY = 0.95;
const SPEED_MEMORY = 0.9;

/** A guess of the number of steps before this time, in seconds, is none. */
const GUESS_AFTER = 1;

/** Width of the names at the left of the first and the last lines. */
const LABEL = 9;

/** Collecting the words of a longer text would make people wait. */
const MOST_CHARACTERS = 20_000_000;

/** For people: lines that stay on stdout, and on a terminal a live one below them. */
export class PeopleView implements TrainView {
  private readonly live: boolean;
  private readonly reading = new Progress();
  private training!: TextTraining;
  private report!: RunReport;
  private readonly loss = new Average(LOSS_MEMORY);
  private readonly speed = new Average(SPEED_MEMORY);
  private validation: number | undefined;
  private lastEval: EvalEvent | undefined;
  private lastSample: { step: number; text: string } | undefined;
  /** Of training, when the last step and the last line came. */
  private seconds = 0;
  private printedAt = 0;

  constructor(live: boolean) {
    this.live = live;
  }

  progress(activity: string, done: number, total: number | null): void {
    this.reading.show(activity, done, total);
  }

  async begin(training: TextTraining, report: RunReport): Promise<void> {
    this.training = training;
    this.report = report;
    const { run, corpus, tokenizer, unit, startStep, runDirectory } = training;
    const isCharacters = unit === "character";
    const threads = `${run.threads} thread${run.threads === 1 ? "" : "s"}`;
    const resumed = startStep > 0 ? ` (resumed at step ${count(startStep)})` : "";
    const toBeat = `${nats(training.baseline.loss)} nats per ${unit}`;
    await this.print([
      label("text", escapeControl(describeData(run.data.paths))),
      label("", `${count(corpus.characters)} characters, ${count(corpus.vocabulary.size)} different`),
      ...(isCharacters
        ? []
        : [label("", `${count(training.symbols)} ${unit}s, ${count(tokenizer.size)} different`)]),
      ...unknownWords(training),
      label("model", `${modelName(run)}: ${count(training.parameters)} parameters`),
      label("engine", `${run.backend} ${run.instructions}, ${threads}`),
      label("to beat", `${toBeat}: a trigram, which sees two ${unit}s back`),
      label("", `(${natsMeaning(unit)})`),
      label("run", `${escapeControl(runDirectory)}${resumed}`),
      "",
    ]);
    this.printedAt = training.startSeconds;
  }

  async event(event: TrainEvent): Promise<void> {
    if (event.event === "step") await this.step(event);
    else if (event.event === "eval") await this.evaluated(event);
    else if (event.event === "sample") await this.sampled(event);
    else if (event.event === "profile") {
      await this.print(["", ...profileLines(event, process.stdout.columns || 100), ""]);
    } else if (event.event === "end") await this.ended(event);
  }

  private async step(event: StepEvent): Promise<void> {
    this.seconds = event.seconds;
    this.loss.add(event.loss);
    this.speed.add(event.unitsPerSecond);
    const standing = this.standing(event);
    if (this.live) {
      showLive((columns) => standingLine(standing, columns));
    } else if (event.seconds - this.printedAt >= PLAIN_SECONDS) {
      this.printedAt = event.seconds;
      await this.print([standingLine(standing)]);
    }
  }

  private standing({ step, seconds }: StepEvent): Standing {
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

  private async evaluated(event: EvalEvent): Promise<void> {
    this.validation = event.loss;
    this.printedAt = this.seconds;
    this.lastEval = event;
    const parts = [
      paint("bold", `step ${count(event.step)}`, process.stdout),
      ...(this.loss.isEmpty ? [] : [`loss ${nats(this.loss.value)}`]),
      `validation ${nats(event.loss)}, ${this.againstTrigram(event.loss)}`,
    ];
    await this.print([parts.join("  ")]);
  }

  /** `3% below the trigram` */
  private againstTrigram(loss: number): string {
    const { baseline } = this.training;
    const text = `${comparison(loss, baseline.loss)} the trigram`;
    return loss < baseline.loss ? paint("green", text, process.stdout) : text;
  }

  private async sampled(event: { step: number; text: string }): Promise<void> {
    this.lastSample = event;
    const margin = "    ";
    const columns = (process.stdout.columns || 100) - margin.length;
    const lines = linesOf(event.text.replace(/^\n+|\n+$/g, ""), columns);
    await this.print(["", ...lines.map((line) => paint("dim", `${margin}${line}`, process.stdout)), ""]);
  }

  private async ended(event: EndEvent): Promise<void> {
    const { training, lastSample } = this;
    const { history, corpus, runDirectory } = training;
    const last = history.evaluations.at(-1);
    const time = `step ${count(event.step)} after ${clock(event.seconds)}`;
    const chart = lossChartLines(training);
    const lines = chart.length > 0 ? [...chart, ""] : [];
    if (event.reason === "interrupted") lines.push(label("saved", time));
    else if (last !== undefined) {
      const loss = `${nats(last.loss)} nats per ${training.unit}${perCharacter(this.lastEval)}`;
      lines.push(label("done", `${time}: ${loss}, ${this.againstTrigram(last.loss)}`));
    }
    lines.push(...this.bestLines(event));
    const words = lastSample?.step === event.step ? await knownWords(lastSample.text, corpus) : undefined;
    if (words !== undefined) lines.push(label("words", words));
    if (this.report.path !== undefined) lines.push(label("report", escapeControl(this.report.path)));
    const next = nextCommands(training, event, shellWord(runDirectory));
    lines.push(...next.map((command, at) => label(at === 0 ? "next" : "", command)));
    await this.print(lines);
  }

  /** The best evaluation where it is not the last one, why the training ended early, and what went wrong. */
  private bestLines({ reason, best, warnings }: EndEvent): string[] {
    const { history, run } = this.training;
    const last = history.evaluations.at(-1);
    const lines: string[] = [];
    if (best !== null && last !== undefined && best.loss < last.loss) {
      // This warning says the best loss itself.
      const isSaid = warnings.some(({ code }) => code === "overfitted");
      const step = `${isSaid ? "" : `${nats(best.loss)} at `}step ${count(best.step)}`;
      lines.push(label("best", `${step}, which sample and eval use`));
    }
    if (reason === "patience") {
      lines.push(
        label("", `--patience ${run.limits.patience}: no evaluation after it was better, so the run ended`),
      );
    }
    for (const { message, hint } of warnings) {
      const columns = Math.max(LABEL, (process.stdout.columns || 80) - LABEL);
      const said = wrapWords(escapeControl(message), columns);
      lines.push(
        ...said.map((line, at) => label(at === 0 ? "warning" : "", paint("yellow", line, process.stdout))),
        ...wrapWords(escapeControl(hint), columns).map((line) => label("", line)),
      );
    }
    return lines;
  }

  private async print(lines: readonly string[]): Promise<void> {
    clearLive();
    await writeOut(`${lines.join("\n")}\n`);
  }
}

/** Which share of the words the model will only see as `<unk>`. */
function unknownWords({ unknownShares }: TextTraining): string[] {
  if (unknownShares === undefined) return [];
  const [train, validation] = [percent(unknownShares.train), percent(unknownShares.validation)];
  return [label("", `unknown words (<unk>): ${train} to train on, ${validation} to validate on`)];
}

async function knownWords(sample: string, corpus: TextCorpus): Promise<string | undefined> {
  if (corpus.characters > MOST_CHARACTERS) return undefined;
  const all = await runJobInTurns(wordSetJob(corpus.ids, corpus.vocabulary));
  const { words, known, share } = knownWordShare(sample, all);
  if (words === 0) return undefined;
  return `${known} of ${words} in the last sample (${Math.round(100 * share)}%) occur in the text`;
}

/** ` (1.234 a character)`, where symbols are no characters. */
function perCharacter(evaluation: EvalEvent | undefined): string {
  const natsPerChar = evaluation?.metrics.natsPerChar;
  return natsPerChar === undefined ? "" : ` (${nats(natsPerChar)} per character)`;
}

function label(name: string, text: string): string {
  return `${paint("dim", name.padEnd(LABEL), process.stdout)}${text}`;
}

/** A mean in which the past fades. */
class Average {
  private readonly memory: number;
  private sum = 0;
  private weight = 0;

  constructor(memory: number) {
    this.memory = memory;
  }

  add(value: number): void {
    this.sum = this.memory * this.sum + (1 - this.memory) * value;
    this.weight = this.memory * this.weight + 1 - this.memory;
  }

  get isEmpty(): boolean {
    return this.weight === 0;
  }

  get value(): number {
    return this.sum / this.weight;
  }
}
