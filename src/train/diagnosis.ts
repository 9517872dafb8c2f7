/** Diagnoses a finished training from its losses, and suggests what to try. */
import type { EndReason, TrainingWarning } from "./events.ts";
import type { Evaluation, TrainingHistory } from "./history.ts";

/** The best evaluation is expected in the last fifth of the updates. */
const LATE = 0.8;

/** Evaluations of neighbouring steps differ by about this share; a loss that is higher by more has risen. */
const NOISE = 0.01;

/** Training losses of single batches, and of a few, differ by about this share. */
const BATCH_NOISE = 0.1;

/** Losses near zero vary by more than their share: a rise by less than this share of what guessing costs is none. */
const LEAST_RISE = 0.02;

/** Share of the updates over which a training loss is averaged. */
const WINDOW = 0.05;

/** The data of a training that its diagnosis needs. */
export interface Diagnosed {
  readonly lr: number;
  /** The task's default learning rate. */
  readonly standardLr: number;
  /** Undefined where the model has no dropout. */
  readonly dropout: number | undefined;
  readonly weightDecay: number;
  /** Units of a layer; undefined where the model has none. */
  readonly hidden: number | undefined;
  readonly limits: { readonly epochs?: number; readonly patience?: number };
  /** Loss of guessing without looking at the input, and what is guessed among; undefined if not known. */
  readonly guess: undefined | { readonly loss: number; readonly among: string };
  /** Name of the training data in messages, such as "text". */
  readonly data: string;
  /** Passes that a training without any limit makes. */
  readonly defaultEpochs: number;
}

export interface Ending {
  readonly reason: EndReason;
  readonly stepsPerEpoch: number;
}

/** At most one warning, about the most serious finding; none before the first evaluation. */
export function diagnose(run: Diagnosed, history: TrainingHistory, ending: Ending): TrainingWarning[] {
  const { evaluations, firstLoss } = history;
  const last = evaluations.at(-1);
  if (last === undefined || firstLoss === undefined) return [];
  // Not the best checkpoint, which a task may choose by another number.
  const best = evaluations.reduce((lowest, one) => (one.loss < lowest.loss ? one : lowest));
  const uniform = run.guess?.loss ?? Number.POSITIVE_INFINITY;
  // Initial weights can be a little better than guessing.
  const isGuessing = (loss: number) => loss >= (1 - NOISE) * uniform;
  const training = trainingLossAt(history, last.step);
  if (training > (1 + BATCH_NOISE) * firstLoss) {
    return [lossRose(run, `the loss ended at ${show(training)}, it began at ${show(firstLoss)}`)];
  }
  // Where another number decides, as the accuracy, a loss that is a little higher is no harm.
  const noise = last.choose === undefined ? NOISE : BATCH_NOISE;
  const leastRise = last.choose === undefined ? 0 : LEAST_RISE * (run.guess?.loss ?? 0);
  const isFarBack =
    best.step < LATE * last.step && last.loss > Math.max((1 + noise) * best.loss, best.loss + leastRise);
  const hasCollapsed = isGuessing(training) && isGuessing(last.loss) && !isGuessing(best.loss);
  // With --patience the user expects the training to end after the best evaluation.
  if (hasCollapsed || (isFarBack && ending.reason !== "patience")) {
    const since =
      `the validation loss was best, ${show(best.loss)}, at step ${count(best.step)} of ${count(last.step)} ` +
      `and rose to ${show(last.loss)}`;
    const isTrainingWorse = training > (1 + BATCH_NOISE) * trainingLossAt(history, best.step);
    return [isTrainingWorse ? lossRose(run, since) : overfitted(run, since, best, ending)];
  }
  if (!isGuessing(last.loss) || !isGuessing(best.loss)) return [];
  const passes = last.step / ending.stepsPerEpoch;
  return [notLearned(run, last, { uniform, passes, hasTrainingLearned: !isGuessing(training) })];
}

function lossRose(run: Diagnosed, what: string): TrainingWarning {
  return { code: "loss-rose", message: `${what}: the learning rate is too high`, hint: lowerRate(run) };
}

function notLearned(
  run: Diagnosed,
  last: Evaluation,
  { uniform, passes, hasTrainingLearned }: { uniform: number; passes: number; hasTrainingLearned: boolean },
): TrainingWarning {
  const { lr, standardLr, data, defaultEpochs } = run;
  const message =
    `the validation loss, ${show(last.loss)}, is no better than ${show(uniform)}, ` +
    `what guessing among ${run.guess?.among} reaches`;
  if (hasTrainingLearned) {
    const hint = `the ${data} for validation is unlike the one that is trained on: try another --val or --val-split`;
    return { code: "not-learned", message, hint };
  }
  if (lr > standardLr) return { code: "not-learned", message, hint: lowerRate(run) };
  const epochs = Math.max(defaultEpochs, 2 * Math.ceil(passes));
  const higher = lr < standardLr ? ` and --lr ${standardLr} (it was ${lr})` : "";
  return { code: "not-learned", message, hint: `try more updates: --epochs ${epochs}${higher}` };
}

/** The weight decay to begin with, and the smallest model that is worth a try. */
const LEAST_DECAY = 0.001;
const LEAST_HIDDEN = 8;

function overfitted(
  { dropout: used, weightDecay, hidden, limits, data }: Diagnosed,
  what: string,
  best: Evaluation,
  { stepsPerEpoch }: Ending,
): TrainingWarning {
  const epochs = Math.ceil(best.step / stepsPerEpoch);
  const dropout = used === undefined ? undefined : [0.2, 0.4, 0.6].find((share) => share > used);
  const tries = [
    ...(limits.patience === undefined ? ["--patience 3, which stops in time"] : []),
    ...(dropout === undefined ? [] : [`--dropout ${dropout}`]),
    `--weight-decay ${weightDecay === 0 ? LEAST_DECAY : 10 * weightDecay}`,
    ...(hidden === undefined || hidden < 2 * LEAST_HIDDEN ? [] : [`--hidden ${Math.floor(hidden / 2)}`]),
    ...(limits.epochs === undefined || epochs < limits.epochs ? [`--epochs ${epochs}`] : []),
    `more ${data}`,
  ];
  return {
    code: "overfitted",
    message: `${what}, while the training loss fell: the model learns its ${data} by heart`,
    hint: `try ${tries.slice(0, -1).join(", ")} or ${tries.at(-1)}`,
  };
}

function lowerRate({ lr, standardLr: standard }: Diagnosed): string {
  return `try --lr ${lr > standard ? standard : Number((lr / 5).toPrecision(2))} (it was ${lr})`;
}

/** The mean training loss over the last twentieth of the updates before a step. */
function trainingLossAt({ curve }: TrainingHistory, step: number): number {
  const until = curve.filter((point) => point.step <= step);
  const from = step * (1 - WINDOW);
  const window = until.filter((point) => point.step > from);
  const points = window.length > 0 ? window : until.slice(-1);
  return points.reduce((sum, { loss }) => sum + loss, 0) / points.length;
}

const count = (steps: number): string => steps.toLocaleString("en-US");

function show(loss: number): string {
  return loss < 1000 ? loss.toFixed(3) : loss.toPrecision(4);
}
