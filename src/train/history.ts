/** The mean over a range of consecutive steps. */
export interface CurvePoint {
  /** The last step of the range. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
}

export interface Evaluation {
  readonly step: number;
  readonly loss: number;
  readonly metrics?: Readonly<Record<string, number>>;
  /** The number that selects the best evaluation (lower is better); absent if that is the loss. */
  readonly choose?: number;
}

/** Lower is better. */
export const choiceOf = ({ loss, choose = loss }: Pick<Evaluation, "loss" | "choose">): number => choose;

export interface Sample {
  readonly step: number;
  readonly text: string;
}

/** Maximum number of points, more than a chart has columns; above it, neighbouring ranges are merged. */
const MOST_POINTS = 512;

/** Maximum number of samples; above it, every second one is removed. */
const MOST_SAMPLES = 32;

interface Stretch {
  readonly index: number;
  step: number;
  steps: number;
  losses: number;
  rates: number;
}

/**
 * The history of a training, reduced to what a chart needs. It is a function of the events alone:
 * a resumed run that is given those of its logs has the history of the uninterrupted run.
 */
export class TrainingHistory {
  /** Evaluations on the validation data in the order of their steps; of several at one step, the last counts. */
  readonly evaluations: Evaluation[] = [];
  private first: number | undefined;
  private stretches: Stretch[] = [];
  /** Steps per range: a power of two. */
  private width = 1;
  private kept: { readonly index: number; readonly sample: Sample }[] = [];
  private lastSample: Sample | undefined;
  private samplesSeen = 0;
  private sampleStride = 1;

  /**
   * A step, eval or sample event; other events are passed over, as is a line of a log that lacks their numbers.
   * @param recorded an event, or a line of a log whose fields nobody has checked
   */
  add(recorded: object): void {
    const { event, step, loss, lr, split, text, metrics, choose } = recorded as Record<string, unknown>;
    if (!isFiniteNumber(step)) return;
    if (event === "sample" && typeof text === "string") this.addSample({ step, text });
    if (!isFiniteNumber(loss)) return;
    if (event === "step") this.addStep(step, loss, isFiniteNumber(lr) ? lr : 0);
    else if (event === "eval" && (split === undefined || split === "validation")) {
      if (this.evaluations.at(-1)?.step === step) this.evaluations.pop();
      this.evaluations.push({
        step,
        loss,
        ...(isNumbers(metrics) && { metrics }),
        ...(isFiniteNumber(choose) && { choose }),
      });
    }
  }

  /** Loss and learning rate by step, averaged over ranges of steps so that there are at most 512 points. */
  get curve(): CurvePoint[] {
    return this.stretches.map(({ step, steps, losses, rates }) => ({
      step,
      loss: losses / steps,
      learningRate: rates / steps,
    }));
  }

  /** Samples spread over the training; the last one is always included. */
  get samples(): Sample[] {
    const samples = this.kept.map(({ sample }) => sample);
    const last = this.lastSample;
    return last === undefined || samples.at(-1) === last ? samples : [...samples, last];
  }

  /** The loss of the first step, before anything was learned. */
  get firstLoss(): number | undefined {
    return this.first;
  }

  /** The best evaluation; the first of several. */
  get best(): Evaluation | undefined {
    return this.evaluations.reduce<Evaluation | undefined>(
      (best, evaluation) => (best === undefined || choiceOf(evaluation) < choiceOf(best) ? evaluation : best),
      undefined,
    );
  }

  private addStep(step: number, loss: number, learningRate: number): void {
    this.first ??= loss;
    const index = Math.floor((step - 1) / this.width);
    const last = this.stretches.at(-1);
    if (last?.index === index) {
      last.step = step;
      last.steps++;
      last.losses += loss;
      last.rates += learningRate;
      return;
    }
    this.stretches.push({ index, step, steps: 1, losses: loss, rates: learningRate });
    if (this.stretches.length > MOST_POINTS) this.join();
  }

  private addSample(sample: Sample): void {
    // A run that is resumed at its limit writes the sample of its last step again.
    if (this.lastSample?.step === sample.step) return;
    this.lastSample = sample;
    const index = this.samplesSeen++;
    if (index % this.sampleStride !== 0) return;
    this.kept.push({ index, sample });
    if (this.kept.length <= MOST_SAMPLES) return;
    this.sampleStride *= 2;
    this.kept = this.kept.filter(({ index: at }) => at % this.sampleStride === 0);
  }

  private join(): void {
    this.width *= 2;
    const joined: Stretch[] = [];
    for (const stretch of this.stretches) {
      const index = Math.floor(stretch.index / 2);
      const last = joined.at(-1);
      if (last?.index === index) {
        last.step = stretch.step;
        last.steps += stretch.steps;
        last.losses += stretch.losses;
        last.rates += stretch.rates;
      } else {
        joined.push({ ...stretch, index });
      }
    }
    this.stretches = joined;
  }
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isNumbers(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && Object.values(value).every(isFiniteNumber);
}
