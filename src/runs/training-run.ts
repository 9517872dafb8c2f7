import type { Hooks } from "../core/hooks.ts";
import { DEFAULT_EPOCHS } from "../tasks/run-options.ts";
import type { DataFacts, Task } from "../tasks/task.ts";
import { describeCheckpoint, encodeSnapshot, hashParameters } from "../tasks/task-checkpoint.ts";
import type { TaskLearner } from "../tasks/task-learner.ts";
import { diagnose } from "../train/diagnosis.ts";
import type { EvalEvent, SampleEvent, StartEvent, TrainEvent } from "../train/events.ts";
import { choiceOf, type TrainingHistory } from "../train/history.ts";
import { trainLoop } from "../train/loop.ts";
import { Patience } from "../train/patience.ts";
import type { ReplicaGroup } from "../train/replica-group.ts";
import { applySnapshot, type Snapshot, takeSnapshot } from "../train/snapshot.ts";
import type { TaskRun } from "./run-file.ts";
import type { RunStore } from "./run-store.ts";

export interface TrainingParts {
  readonly task: Task;
  readonly run: TaskRun;
  readonly store: RunStore;
  readonly group: ReplicaGroup;
  readonly learner: TaskLearner;
  readonly data: unknown;
  readonly facts: DataFacts<object>;
  readonly startEvent: StartEvent;
  readonly snapshot: { readonly snapshot: Snapshot; readonly parametersOnly: boolean } | undefined;
  readonly hooks: Hooks;
  /** Of earlier sittings; it goes on with this one. */
  readonly history: TrainingHistory;
  readonly startSeconds: number;
  /** The lowest score so far. */
  readonly best: number;
  readonly saveEvery: number | undefined;
  /** Whether the folder was made for this training: it is removed if there is no first step. */
  readonly isNew: boolean;
  /** Receives the sums of each evaluation. */
  readonly measured: { sums?: Float64Array };
}

/** The training loop of a run, with its log, its checkpoints and its samples. Closes the run in the end. */
export async function* runTraining(parts: TrainingParts): AsyncGenerator<TrainEvent, void, undefined> {
  const { store, group, learner, snapshot, history } = parts;
  let hasFailed = false;
  try {
    if (snapshot !== undefined) {
      applySnapshot(learner, snapshot.snapshot, "checkpoint", snapshot.parametersOnly);
    }
    yield parts.startEvent;
    const loop = startLoop(parts);
    for (;;) {
      const next = await loop.next();
      if (next.done) {
        const { profile } = learner;
        if (profile !== undefined) yield { event: "profile", step: next.value.step, ...profile.report() };
        const { best = null } = history;
        const warnings = diagnoseTraining(parts, next.value.reason);
        const parametersSha256 = await hashParameters(learner);
        yield { event: "end", ...next.value, parametersSha256, best: best && bestOf(best), warnings };
        return;
      }
      const { event } = next.value;
      if (event === "step" || event === "eval") await store.appendMetrics(next.value);
      else if (event === "sample") await store.appendSample(next.value);
      history.add(next.value);
      yield next.value;
    }
  } catch (error) {
    hasFailed = true;
    throw error;
  } finally {
    await group.dispose();
    if (hasFailed && parts.isNew && history.firstLoss === undefined) await discard(store);
    else await store.close();
  }
}

/** Removes a run in which nothing has been trained. The error that ends it is reported, so one of the removal is not. */
export async function discard(store: RunStore): Promise<void> {
  try {
    await store.remove();
  } catch {
    await store.close();
  }
}

function bestOf({ step, loss, choose }: Pick<EvalEvent, "step" | "loss" | "choose">) {
  return { step, loss, ...(choose !== undefined && { choose }) };
}

function startLoop(parts: TrainingParts) {
  const { task, run, group, learner, snapshot, data } = parts;
  const { settings, limits, evalEvery } = run;
  const { steps, epochs, maxSeconds } = limits;
  const { plan, evaluation } = learner;
  return trainLoop({
    group,
    limits: { steps, epochs, maxSeconds },
    learningRate: settings.lr,
    stepsPerEpoch: plan.stepsPerEpoch,
    decay: settings.lrDecay === null ? undefined : { factor: settings.lrDecay, after: settings.lrDecayAfter },
    startStep: snapshot?.parametersOnly === false ? snapshot.snapshot.step : 0,
    startSeconds: parts.startSeconds,
    evaluateEvery: evalEvery,
    saveEvery: parts.saveEvery,
    save: makeSaver(parts),
    sample: makeSampler(parts),
    patience: restorePatience(run, parts.history),
    score(sums) {
      parts.measured.sums = sums.slice();
      return task.score(sums, data, evaluation, run.baselines);
    },
    signal: parts.hooks.signal,
  });
}

/** Saves a checkpoint, and marks it where it is the best so far. */
function makeSaver({ task, run, store, group, learner, facts, ...parts }: TrainingParts) {
  let { best } = parts;
  const { taskFile, cellFile, model, threads, shards = threads } = run;
  const described = { task: task.name, taskFile, model, cellFile, shards, facts: facts.facts };
  const metadata = describeCheckpoint(described);
  return async (step: number, seconds: number, evaluation?: EvalEvent): Promise<string> => {
    const snapshot = await takeSnapshot(learner, step, await group.collectCarried());
    const bytes = await encodeSnapshot(snapshot, metadata, seconds);
    if (evaluation === undefined || choiceOf(evaluation) >= best) return store.saveCheckpoint(step, bytes);
    best = choiceOf(evaluation);
    const { loss, choose } = evaluation;
    return store.saveCheckpoint(step, bytes, { best: { loss, ...(choose !== undefined && { choose }) } });
  };
}

/** Samples of what the model makes now; undefined for a task that makes none. */
function makeSampler({ task, run, store, learner, facts }: TrainingParts) {
  if (task.sample === undefined) return undefined;
  const { model, backend } = learner;
  const trained = { model, backend, config: run.model, facts: facts.facts, settings: run.settings };
  return async (step: number): Promise<Omit<SampleEvent, "event" | "step">> => {
    const made = await task.sample!(trained, { backend, rng: learner.sampleRng(step) });
    if (made.kind === "text") return { text: made.text };
    if (made.kind === "json") return { value: made.value };
    return { file: await store.writePicture(step, made.svg) };
  };
}

function restorePatience({ limits, evalEvery }: TaskRun, history: TrainingHistory): Patience | undefined {
  if (limits.patience === undefined) return undefined;
  const patience = new Patience(limits.patience, evalEvery);
  for (const evaluation of history.evaluations) patience.add(evaluation);
  return patience;
}

function diagnoseTraining(
  { task, run, data, history, learner }: TrainingParts,
  reason: Parameters<typeof diagnose>[2]["reason"],
) {
  const { settings, limits, model } = run;
  const { dropout, hidden } = settings as typeof settings & { dropout?: number; hidden?: number };
  return diagnose(
    {
      lr: settings.lr,
      standardLr: (task.standardOf?.(settings) ?? task.complete({ optimizer: settings.optimizer })).lr,
      dropout,
      weightDecay: settings.weightDecay,
      hidden,
      limits,
      guess: task.guess?.(data, model),
      data: task.words.data,
      defaultEpochs: DEFAULT_EPOCHS,
    },
    history,
    { reason, stepsPerEpoch: learner.plan.stepsPerEpoch },
  );
}
