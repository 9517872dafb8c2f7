/** A small language model as a learner, made in every worker, and what may go wrong in one. */

import { zeros } from "../../src/backend/tensor.ts";
import { runJob } from "../../src/core/job.ts";
import { Rng } from "../../src/core/rng.ts";
import { corpusFromText } from "../../src/data/index.ts";
import { symbolTextJob } from "../../src/data/symbol-text.ts";
import type { WorkerSpec } from "../../src/runs/task-worker.ts";
import { type BackendChoice, chooseEngine } from "../../src/tasks/engine.ts";
import { TaskLearner } from "../../src/tasks/task-learner.ts";
import { describeSymbols } from "../../src/tasks/text/data.ts";
import { text } from "../../src/tasks/text/model.ts";
import type { LearnerSource } from "../../src/train/learner.ts";
import { DEFAULTS, TEXT } from "../support/text-task.ts";

export type Fault = "throws" | "exits with 0" | "exits with 3" | "allocates too much" | "cannot be built";

export interface FaultySpec extends Omit<WorkerSpec, "shards"> {
  /** Default: one for each replica. */
  readonly shards?: number;
  readonly fault?: { readonly kind: Fault; readonly replica: number; readonly step: number };
}

/** @param rows of the batch */
export function specOf(backend: BackendChoice, rows: number, fault?: FaultySpec["fault"]): FaultySpec {
  const rng = new Rng(1);
  const letters = Array.from({ length: 4000 }, () => String.fromCharCode(97 + rng.integer(7))).join("");
  const corpus = corpusFromText(letters);
  // Rows of unequal shares, a gradient whose length is no multiple of the replicas, and a clip that cuts.
  const settings = { ...DEFAULTS, hidden: 9, batchSize: rows, seqLength: 6, clipNorm: 0.1, valSplit: 0.2 };
  const data = describeSymbols(runJob(symbolTextJob(corpus, settings)), settings, corpus, undefined);
  const config = text.configure(settings, data.facts);
  return { task: "text", settings, config, data, ...chooseEngine(backend), fault };
}

export const sourceOf = (spec: FaultySpec): LearnerSource<FaultySpec> => ({ module: import.meta.url, spec });

export function createLearner(spec: FaultySpec, replica: number, replicas: number): TaskLearner {
  const { fault } = spec;
  const learner = new TaskLearner(TEXT, { ...spec, shards: spec.shards ?? replicas }, { replica, replicas });
  if (fault === undefined || fault.replica !== replica) return learner;
  if (fault.kind === "cannot be built") throw new Error("the model is not to be had");
  const loss = learner.loss.bind(learner);
  learner.loss = (step, shard) => {
    const result = loss(step, shard);
    if (step < fault.step) return result;
    if (fault.kind === "throws") throw new Error("the sky has fallen");
    if (fault.kind === "allocates too much") return { loss: zeros([2 ** 31]) };
    return process.exit(fault.kind === "exits with 0" ? 0 : 3);
  };
  return learner;
}
