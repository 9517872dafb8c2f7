import { DivergenceError } from "../core/errors.ts";
import { Turns } from "../core/job.ts";
import {
  ABOVE_0,
  AT_LEAST_0,
  COUNT,
  FUNCTION,
  OBJECT,
  optional,
  type Range,
  type Ranges,
  refuseOthers,
  SIZE,
  settle,
} from "../core/options.ts";
import type { EndReason, EvalEvent, SampleEvent, StepEvent, TrainEvent } from "./events.ts";
import type { Patience } from "./patience.ts";
import type { ReplicaGroup } from "./replica-group.ts";
import {
  checkDecay,
  type Decay,
  horizonOf,
  type Limits,
  learningRateFactor,
  progressOf,
  reasonToStop,
} from "./schedule.ts";

export interface LoopOptions {
  readonly group: ReplicaGroup;
  readonly limits: Limits;
  readonly learningRate: number;
  /** Default: the rate follows a cosine down to the limit, if there is one. */
  readonly decay?: Decay;
  readonly stepsPerEpoch: number;
  /** Number of characters, words or items in a step, to compute the speed. Default: the weight of its shards. */
  readonly unitsPerStep?: number;
  /** Number of updates made in earlier sittings, and the seconds they took. */
  readonly startStep: number;
  readonly startSeconds: number;
  /**
   * Evaluate and sample every so many steps; default: at equal parts of the way to the nearest limit, less often where
   * that would cost too much of the time.
   */
  readonly evaluateEvery?: number;
  /** Ends the training when the evaluations stop improving; it knows those of earlier sittings. */
  readonly patience?: Patience;
  /** Steps between additional saves. Default: save every 30 seconds. */
  readonly saveEvery?: number;
  /** Turns the sums of the evaluation's parts into an event. */
  readonly score: (sums: Float64Array) => {
    loss: number;
    metrics: Readonly<Record<string, number>>;
    /** The number that selects the best checkpoint (lower is better). Default: the loss. */
    choose?: number;
  };
  /** Save a checkpoint; `evaluation` is that of the same step, if any. Returns the checkpoint's path. */
  readonly save: (step: number, seconds: number, evaluation?: EvalEvent) => Promise<string>;
  /** Generate a sample with the current model. */
  readonly sample?: (step: number) => Promise<Omit<SampleEvent, "event" | "step">>;
  /** Stop after the step in progress, and save, when `aborted` becomes true: an `AbortSignal`. */
  readonly signal?: { readonly aborted: boolean };
}

const GROUP: Range = {
  text: "a ReplicaGroup",
  fits: (value) => {
    const { step, evaluate } = (OBJECT.fits(value) ? value : {}) as Record<string, unknown>;
    return FUNCTION.fits(step) && FUNCTION.fits(evaluate);
  },
};

const SIGNAL: Range = {
  text: "an AbortSignal",
  fits: (value) =>
    OBJECT.fits(value) && typeof (value as { readonly aborted?: unknown }).aborted === "boolean",
};

const RANGES: Ranges<LoopOptions> = {
  group: GROUP,
  limits: OBJECT,
  learningRate: AT_LEAST_0,
  decay: optional(OBJECT),
  stepsPerEpoch: ABOVE_0,
  unitsPerStep: optional(ABOVE_0),
  startStep: COUNT,
  startSeconds: AT_LEAST_0,
  evaluateEvery: optional(SIZE),
  saveEvery: optional(SIZE),
  score: FUNCTION,
  save: FUNCTION,
  sample: optional(FUNCTION),
  signal: optional(SIGNAL),
  patience: optional(OBJECT),
};

const LIMITS: Ranges<Limits> = {
  steps: optional(COUNT),
  epochs: optional(ABOVE_0),
  maxSeconds: optional(AT_LEAST_0),
};

/** @throws InputError naming the option that is unknown or outside its range */
function checkLoop(options: LoopOptions): void {
  refuseOthers("trainLoop", RANGES, options);
  settle<LoopOptions>("trainLoop", RANGES, {}, options);
  settle<Limits>("trainLoop: limits", LIMITS, {}, options.limits);
  if (options.decay !== undefined) checkDecay("trainLoop: decay", options.decay);
}

/** Number of evaluations up to the nearest limit. */
const EVALUATIONS = 12;

/** Where the clock is the limit, evaluating, saving and sampling wait until they have had less of it than this. */
const EVALUATION_SHARE = 0.1;

/** Seconds between saves: the most work that is lost when the machine fails. */
const SAVE_SECONDS = 30;

/**
 * Train until a limit is reached or `signal` aborts: events come out, and whoever iterates decides what to do with
 * them. After the last step the model is evaluated and saved, and writes a last sample. What happens between steps
 * (evaluating, sampling, saving) never changes what the steps compute.
 * @throws DivergenceError when a loss or the gradient is no longer finite; nothing is saved then
 */
export async function* trainLoop(
  options: LoopOptions,
): AsyncGenerator<TrainEvent, { step: number; seconds: number; reason: EndReason }, undefined> {
  checkLoop(options);
  const loop = new Loop(options);
  const turns = new Turns();
  for (;;) {
    const limit = loop.findReachedLimit();
    if (limit !== undefined || options.signal?.aborted) {
      yield* loop.finish();
      return { step: loop.step, seconds: loop.seconds, reason: limit ?? "interrupted" };
    }
    yield await loop.makeStep();
    if (turns.isDue) await turns.take();
    yield* loop.evaluateOrSave();
  }
}

/** Where a training stands: its step, its clock, and what was evaluated and saved last. */
class Loop {
  step: number;
  private readonly options: LoopOptions;
  private readonly started = performance.now();
  private readonly horizon: ReturnType<typeof horizonOf>;
  private partsEvaluated: number;
  private evaluatedAt = -1;
  private secondsEvaluating = 0;
  private savedAt = -1;
  private lastSave: number;

  constructor(options: LoopOptions) {
    const { limits, stepsPerEpoch, startStep, startSeconds, decay } = options;
    this.options = options;
    this.step = startStep;
    this.horizon = horizonOf(limits, stepsPerEpoch, startSeconds, decay);
    this.partsEvaluated = partOf(progressOf(limits, stepsPerEpoch, startStep, 0));
    this.lastSave = this.sitting;
  }

  /** Seconds of this sitting. */
  private get sitting(): number {
    return (performance.now() - this.started) / 1000;
  }

  /** Seconds of all sittings. */
  get seconds(): number {
    return this.options.startSeconds + this.sitting;
  }

  findReachedLimit(): EndReason | undefined {
    const { limits, stepsPerEpoch, patience } = this.options;
    const limit = reasonToStop(limits, stepsPerEpoch, this.step, this.sitting);
    return limit ?? (patience?.isOver ? "patience" : undefined);
  }

  async makeStep(): Promise<StepEvent> {
    const { group, learningRate, startSeconds, stepsPerEpoch, unitsPerStep } = this.options;
    const before = this.sitting;
    const lr = learningRate * learningRateFactor(this.horizon, this.step, startSeconds + before);
    const { loss, parts, weight, gradientNorm } = await group.step(this.step, lr);
    const step = ++this.step;
    if (!Number.isFinite(loss)) throw new DivergenceError(step, "loss", loss);
    if (!Number.isFinite(gradientNorm)) throw new DivergenceError(step, "gradient norm", gradientNorm);
    const seconds = this.sitting;
    return {
      event: "step",
      step,
      epoch: step / stepsPerEpoch,
      loss,
      ...(parts && { parts }),
      gradNorm: gradientNorm,
      lr,
      seconds: startSeconds + seconds,
      unitsPerSecond: (unitsPerStep ?? weight) / Math.max(seconds - before, 1e-9),
    };
  }

  /** What is due after a step. */
  async *evaluateOrSave(): AsyncGenerator<TrainEvent, void, undefined> {
    const { saveEvery } = this.options;
    const part = this.findDuePart();
    if (part !== undefined) {
      this.partsEvaluated = part;
      const from = this.sitting;
      const evaluation = await this.evaluate();
      yield evaluation;
      yield await this.save(evaluation);
      yield* this.sample();
      this.secondsEvaluating += this.sitting - from;
      return;
    }
    const isDue =
      saveEvery === undefined ? this.sitting - this.lastSave > SAVE_SECONDS : this.step % saveEvery === 0;
    if (isDue) yield await this.save();
  }

  /** The last evaluation, checkpoint and sample; an interrupted training is only saved. */
  async *finish(): AsyncGenerator<TrainEvent, void, undefined> {
    const isEvaluated = this.evaluatedAt === this.step || this.options.signal?.aborted;
    const evaluation = isEvaluated ? undefined : await this.evaluate();
    if (evaluation !== undefined) yield evaluation;
    if (this.savedAt !== this.step || evaluation !== undefined) yield await this.save(evaluation);
    if (evaluation !== undefined) yield* this.sample();
  }

  /** The part of the way up to which the training is evaluated now; undefined where no evaluation is due. */
  private findDuePart(): number | undefined {
    const { limits, stepsPerEpoch, evaluateEvery } = this.options;
    const seconds = this.sitting;
    const part = partOf(progressOf(limits, stepsPerEpoch, this.step, seconds));
    if (evaluateEvery !== undefined) return this.step % evaluateEvery === 0 ? part : undefined;
    const isAffordable =
      limits.maxSeconds === undefined || this.secondsEvaluating <= EVALUATION_SHARE * seconds;
    return part > this.partsEvaluated && isAffordable ? part : undefined;
  }

  private async evaluate(): Promise<EvalEvent> {
    const { step } = this;
    this.evaluatedAt = step;
    const { loss, metrics, choose = loss } = this.options.score(await this.options.group.evaluate());
    if (!Number.isFinite(loss)) throw new DivergenceError(step, "validation loss", loss);
    const evaluation: EvalEvent = { event: "eval", step, split: "validation", loss, metrics };
    if (choose !== loss) evaluation.choose = choose;
    this.options.patience?.add(evaluation);
    return evaluation;
  }

  private async save(evaluation?: EvalEvent): Promise<TrainEvent> {
    const { step } = this;
    this.savedAt = step;
    const path = await this.options.save(step, this.seconds, evaluation);
    this.lastSave = this.sitting;
    return { event: "checkpoint", step, path };
  }

  private async *sample(): AsyncGenerator<TrainEvent, void, undefined> {
    const { step } = this;
    if (this.options.sample === undefined) return;
    yield { event: "sample", step, ...(await this.options.sample(step)) };
  }
}

function partOf(progress: number): number {
  return Math.floor(progress * EVALUATIONS);
}
