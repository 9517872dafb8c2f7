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
  const { group, limits, stepsPerEpoch, startStep, startSeconds, signal, patience } = options;
  const started = performance.now();
  const sitting = () => (performance.now() - started) / 1000;
  const horizon = horizonOf(limits, stepsPerEpoch, startSeconds, options.decay);
  let step = startStep;
  let partsEvaluated = partOf(progressOf(limits, stepsPerEpoch, step, 0));
  let evaluatedAt = -1;
  let secondsEvaluating = 0;
  let savedAt = -1;
  let lastSave = sitting();
  const turns = new Turns();

  const evaluate = async (): Promise<EvalEvent> => {
    evaluatedAt = step;
    const { loss, metrics, choose = loss } = options.score(await group.evaluate());
    if (!Number.isFinite(loss)) throw new DivergenceError(step, "validation loss", loss);
    const evaluation: EvalEvent = { event: "eval", step, split: "validation", loss, metrics };
    if (choose !== loss) evaluation.choose = choose;
    patience?.add(evaluation);
    return evaluation;
  };
  const save = async (evaluation?: EvalEvent): Promise<TrainEvent> => {
    savedAt = step;
    const path = await options.save(step, startSeconds + sitting(), evaluation);
    lastSave = sitting();
    return { event: "checkpoint", step, path };
  };

  for (;;) {
    const limit =
      reasonToStop(limits, stepsPerEpoch, step, sitting()) ?? (patience?.isOver ? "patience" : undefined);
    if (limit !== undefined || signal?.aborted) {
      const evaluation = evaluatedAt === step || signal?.aborted ? undefined : await evaluate();
      if (evaluation !== undefined) yield evaluation;
      if (savedAt !== step || evaluation !== undefined) yield await save(evaluation);
      if (evaluation !== undefined && options.sample !== undefined) {
        yield { event: "sample", step, ...(await options.sample(step)) };
      }
      return { step, seconds: startSeconds + sitting(), reason: limit ?? "interrupted" };
    }

    const before = sitting();
    const lr = options.learningRate * learningRateFactor(horizon, step, startSeconds + before);
    const { loss, parts, weight, gradientNorm } = await group.step(step, lr);
    step++;
    if (!Number.isFinite(loss)) throw new DivergenceError(step, "loss", loss);
    if (!Number.isFinite(gradientNorm)) throw new DivergenceError(step, "gradient norm", gradientNorm);
    const seconds = sitting();
    const event: StepEvent = {
      event: "step",
      step,
      epoch: step / stepsPerEpoch,
      loss,
      ...(parts && { parts }),
      gradNorm: gradientNorm,
      lr,
      seconds: startSeconds + seconds,
      unitsPerSecond: (options.unitsPerStep ?? weight) / Math.max(seconds - before, 1e-9),
    };
    yield event;

    if (turns.isDue) await turns.take();
    const part = partOf(progressOf(limits, stepsPerEpoch, step, seconds));
    const isAffordable = limits.maxSeconds === undefined || secondsEvaluating <= EVALUATION_SHARE * seconds;
    const due =
      options.evaluateEvery === undefined
        ? part > partsEvaluated && isAffordable
        : step % options.evaluateEvery === 0;
    if (due) {
      partsEvaluated = part;
      const from = sitting();
      const evaluation = await evaluate();
      yield evaluation;
      yield await save(evaluation);
      if (options.sample !== undefined) yield { event: "sample", step, ...(await options.sample(step)) };
      secondsEvaluating += sitting() - from;
    } else if (
      options.saveEvery === undefined ? sitting() - lastSave > SAVE_SECONDS : step % options.saveEvery === 0
    ) {
      yield await save();
    }
  }
}

function partOf(progress: number): number {
  return Math.floor(progress * EVALUATIONS);
}
