import { escapeControl } from "../core/errors.ts";
import { runJobInTurns } from "../core/job.ts";
import { knownWordShare, type TextCorpus, wordSetJob } from "../data/index.ts";
import { describeData } from "../tasks/text/corpus.ts";
import type { TextTraining } from "../tasks/text/train.ts";
import type { EndEvent, EvalEvent, StepEvent, TrainEvent } from "../train/events.ts";
import { clock, comparison, count, linesOf, nats, percent, shellWord } from "./format.ts";
import { clearLive, showLive } from "./live-line.ts";
import { modelName } from "./model-name.ts";
import { writeOut } from "./output.ts";
import { paint } from "./paint.ts";
import { suggestPrime } from "./prime.ts";
import { profileLines } from "./profile-table.ts";
import { Progress } from "./progress.ts";
import { type Standing, standingLine } from "./standing.ts";
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
  private readonly loss = new Average(LOSS_MEMORY);
  private readonly speed = new Average(SPEED_MEMORY);
  private validation: number | undefined;
  private best: EvalEvent | undefined;
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

  async begin(training: TextTraining): Promise<void> {
    this.training = training;
    const { run, corpus, tokenizer, unit, startStep, runDirectory } = training;
    const isCharacters = unit === "character";
    const threads = `${run.threads} thread${run.threads === 1 ? "" : "s"}`;
    const resumed = startStep > 0 ? ` (resumed at step ${count(startStep)})` : "";
    const toBeat = `${nats(training.baseline.loss)} nats a ${unit}`;
    await this.print([
      label("text", escapeControl(describeData(run.data.paths))),
      label("", `${count(corpus.characters)} characters, ${count(corpus.vocabulary.size)} different`),
      ...(isCharacters
        ? []
        : [label("", `${count(training.symbols)} ${unit}s, ${count(tokenizer.size)} different`)]),
      ...unknownWords(training),
      label("model", `${modelName(run)}: ${count(training.parameters)} parameters`),
      label("engine", `${run.backend} ${run.instructions}, ${threads}`),
      label(
        "to beat",
        `${toBeat}: ${training.baseline.name}, counted ${isCharacters ? "letter" : unit} triples`,
      ),
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
    if (this.best === undefined || event.loss < this.best.loss) this.best = event;
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
    const { training, lastEval, best, lastSample } = this;
    const { run, corpus, runDirectory } = training;
    const folder = shellWord(runDirectory);
    const time = `step ${count(event.step)} after ${clock(event.seconds)}`;
    const lines: string[] = [];
    if (event.reason === "interrupted") lines.push(label("saved", time));
    else if (lastEval !== undefined) {
      lines.push(
        label(
          "done",
          `${time}: ${nats(lastEval.loss)} nats a ${training.unit}${perCharacter(lastEval)}, ${this.againstTrigram(lastEval.loss)}`,
        ),
      );
      if (best !== undefined && best.loss < lastEval.loss) {
        lines.push(
          label("best", `${nats(best.loss)} at step ${count(best.step)}, the one that sample and eval take`),
        );
      }
      const words = lastSample?.step === event.step ? await knownWords(lastSample.text, corpus) : undefined;
      if (words !== undefined) lines.push(label("words", words));
    }
    const prime = suggestPrime(corpus);
    const sample = `npx unrolled sample ${folder}${prime === undefined ? "" : ` --prime "${prime}"`}`;
    const input = run.data.paths.includes("-") ? " < TEXT" : "";
    const resume = `npx unrolled train text --resume --out ${folder}${furtherLimit(event, training)}${input}`;
    const next =
      event.reason === "interrupted"
        ? [resume, sample]
        : [sample, `npx unrolled eval ${folder}${input}`, resume];
    lines.push(...next.map((command, at) => label(at === 0 ? "next" : "", command)));
    await this.print(lines);
  }

  private async print(lines: readonly string[]): Promise<void> {
    clearLive();
    await writeOut(`${lines.join("\n")}\n`);
  }
}

/** A run that has reached its limit goes on with a further one; the clock's starts anew at each sitting. */
function furtherLimit({ reason, step }: EndEvent, { run }: TextTraining): string {
  if (reason === "steps") return ` --steps ${2 * step}`;
  if (reason === "epochs") return ` --epochs ${2 * (run.limits.epochs ?? 1)}`;
  return "";
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
function perCharacter({ metrics }: EvalEvent): string {
  return metrics.natsPerChar === undefined ? "" : ` (${nats(metrics.natsPerChar)} a character)`;
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
