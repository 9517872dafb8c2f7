/** The status of a training in one line of a given width. */
import { clock, count, nats, speed } from "./format.ts";

export interface TrainingStatus {
  readonly step: number;
  /** Of how many; about, where only the clock ends the training. */
  readonly total: number | undefined;
  readonly totalIsGuess: boolean;
  readonly loss: number;
  /** The last validation loss. */
  readonly validation: number | undefined;
  readonly unitsPerSecond: number;
  /** `char` */
  readonly unit: string;
  readonly secondsLeft: number | undefined;
}

/** Forms from the most detailed to the shortest; the first that fits is shown. */
const FORMS: readonly ((status: TrainingStatus) => string)[] = [
  (s) =>
    [
      `step ${count(s.step)}${total(s, " of ")}`,
      `loss ${nats(s.loss)}`,
      ...(s.validation === undefined ? [] : [`validation ${nats(s.validation)}`]),
      `${speed(s.unitsPerSecond)} ${s.unit}s/s`,
      ...left(s, " left"),
    ].join("  "),
  (s) =>
    [
      `step ${count(s.step)}${total(s, "/")}`,
      ...shortLosses(s),
      `${speed(s.unitsPerSecond)}/s`,
      ...left(s, " left"),
    ].join("  "),
  (s) => [`${count(s.step)}${total(s, "/")}`, ...shortLosses(s), ...left(s, "")].join("  "),
  (s) => [`${count(s.step)}${total(s, "/")}`, `loss ${s.loss.toFixed(2)}`, ...left(s, "")].join("  "),
  (s) => [`${count(s.step)}`, s.loss.toFixed(2), ...left(s, "")].join(" "),
];

/** All forms are ASCII, so each character takes one column. */
export function formatStatus(status: TrainingStatus, columns = Number.POSITIVE_INFINITY): string {
  const lines = FORMS.map((form) => form(status));
  return lines.find((line) => line.length <= columns) ?? lines.at(-1)!;
}

function total({ total, totalIsGuess }: TrainingStatus, before: string): string {
  return total === undefined ? "" : `${before}${totalIsGuess ? "~" : ""}${count(total)}`;
}

function shortLosses({ loss, validation }: TrainingStatus): string[] {
  const own = `loss ${loss.toFixed(2)}`;
  return validation === undefined ? [own] : [own, `val ${validation.toFixed(2)}`];
}

function left({ secondsLeft }: TrainingStatus, after: string): string[] {
  return secondsLeft === undefined ? [] : [`${clock(secondsLeft)}${after}`];
}

/** An exponential moving average. */
export class Average {
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
