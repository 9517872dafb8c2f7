import type { Tokenizer } from "../../data/index.ts";
import { generate } from "../../decode/generate.ts";
import { encodeCheckpoint } from "../../io/checkpoint.ts";
import { sha256Hex } from "../../io/sha256.ts";
import { describeCheckpoint } from "../../run/model-metadata.ts";
import type { EvalEvent, StartEvent, TrainEvent } from "../../train/events.ts";
import type { TrainingHistory } from "../../train/history.ts";
import { trainLoop } from "../../train/loop.ts";
import { Patience } from "../../train/patience.ts";
import type { ReplicaGroup } from "../../train/replica-group.ts";
import type { RunStore } from "../../train/run-store.ts";
import { applySnapshot, type Snapshot, takeSnapshot } from "../../train/snapshot.ts";
import type { Hooks } from "./corpus.ts";
import { diagnose } from "./diagnosis.ts";
import type { TextLearner } from "./learner.ts";
import { scoreText } from "./metrics.ts";
import { shardsOfRun, type TextRun } from "./run-file.ts";
import type { UnknownShares } from "./tokens.ts";

export interface TrainingParts {
  readonly run: TextRun;
  readonly store: RunStore;
  readonly group: ReplicaGroup;
  readonly learner: TextLearner;
  readonly tokenizer: Tokenizer;
  readonly charactersPerSymbol: number;
  readonly unknownShares: UnknownShares | undefined;
  readonly startEvent: StartEvent;
  readonly snapshot: { readonly snapshot: Snapshot; readonly parametersOnly: boolean } | undefined;
  readonly hooks: Hooks;
  /** Of earlier sittings; it goes on with this one. */
  readonly history: TrainingHistory;
  readonly startSeconds: number;
  readonly bestLoss: number;
  readonly saveEvery: number | undefined;
}

/** Characters of a sample while training, and how bold they are: below 1 a young model is easier to read. */
const SAMPLE_LENGTH = 200;
const SAMPLE_TEMPERATURE = 0.8;

/** The training loop of a run, with its log, its checkpoints and its samples. Closes the run in the end. */
export async function* runTraining(parts: TrainingParts): AsyncGenerator<TrainEvent, void, undefined> {
  const { run, store, group, learner, tokenizer, snapshot, history } = parts;
  const { settings, baseline } = run;
  const { steps, epochs, maxSeconds } = run.limits;
  let { bestLoss } = parts;
  try {
    if (snapshot !== undefined)
      applySnapshot(learner, snapshot.snapshot, "checkpoint", snapshot.parametersOnly);
    yield parts.startEvent;

    const save = async (step: number, seconds: number, evaluation?: EvalEvent): Promise<string> => {
      const { tensors } = await takeSnapshot(learner, step, await group.collectCarried());
      const stored = [...tensors].map(([name, { shape, data }]) => {
        const dtype = data instanceof Float64Array ? ("F64" as const) : ("F32" as const);
        return [name, { dtype, shape, data }] as const;
      });
      const facts = {
        model: run.model,
        cellFile: run.cellFile,
        vocabulary: tokenizer,
        step,
        seconds,
        shards: shardsOfRun(run),
      };
      const bytes = await encodeCheckpoint(new Map(stored), describeCheckpoint(facts));
      const improved = evaluation !== undefined && evaluation.loss < bestLoss;
      if (improved) bestLoss = evaluation.loss;
      return store.saveCheckpoint(step, bytes, improved ? { best: { loss: bestLoss } } : {});
    };
    const sample = async (step: number): Promise<string> => {
      const prime = tokenizer.encode("\n", { skipUnknown: true });
      const decoder = tokenizer.decoder();
      let text = "";
      for await (const id of generate(learner.model, {
        prime: prime.length > 0 ? prime : [0],
        length: SAMPLE_LENGTH,
        temperature: SAMPLE_TEMPERATURE,
        rng: learner.sampleRng(step),
      })) {
        text += decoder.push(id);
      }
      return text + decoder.end();
    };

    const loop = trainLoop({
      ...{ group, limits: { steps, epochs, maxSeconds }, learningRate: settings.lr },
      stepsPerEpoch: learner.streams.chunksPerEpoch,
      unitsPerStep: settings.batchSize * settings.seqLength,
      decay:
        settings.lrDecay === null ? undefined : { factor: settings.lrDecay, after: settings.lrDecayAfter },
      startStep: snapshot?.parametersOnly === false ? snapshot.snapshot.step : 0,
      startSeconds: parts.startSeconds,
      ...{ evaluateEvery: run.evalEvery, saveEvery: parts.saveEvery, save, sample },
      patience: patienceOf(run, history),
      score: (sums) =>
        scoreText(sums, learner.segments.scored, {
          trigramLoss: baseline.loss,
          charactersPerSymbol: parts.charactersPerSymbol,
          unknownShare: parts.unknownShares?.validation,
        }),
      signal: parts.hooks.signal,
    });
    for (;;) {
      const next = await loop.next();
      if (next.done) {
        const { profile } = learner;
        if (profile !== undefined) yield { event: "profile", step: next.value.step, ...profile.report() };
        const { best = null } = history;
        const warnings = diagnose(run, history, {
          ...{ reason: next.value.reason, stepsPerEpoch: learner.streams.chunksPerEpoch },
        });
        const parametersSha256 = await hashParameters(learner);
        yield { event: "end", ...next.value, parametersSha256, best, warnings };
        return;
      }
      const { event } = next.value;
      if (event === "step" || event === "eval") await store.appendMetrics(next.value);
      else if (event === "sample") await store.appendSample(next.value);
      history.add(next.value);
      yield next.value;
    }
  } finally {
    await group.dispose();
    await store.close();
  }
}

function patienceOf({ limits, evalEvery }: TextRun, history: TrainingHistory): Patience | undefined {
  if (limits.patience === undefined) return undefined;
  const patience = new Patience(limits.patience, evalEvery);
  for (const evaluation of history.evaluations) patience.add(evaluation);
  return patience;
}

/** SHA-256 over the bytes of all parameters in the order of their names. */
async function hashParameters({ optimizer }: TextLearner): Promise<string> {
  const parameters = optimizer.parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const parts = await Promise.all(parameters.map(({ tensor }) => tensor.read()));
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return sha256Hex(bytes);
}
