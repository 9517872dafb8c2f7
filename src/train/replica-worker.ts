import { workerData } from "node:worker_threads";
import type { Shared } from "./exchange.ts";
import type { CreateLearner, LearnerSource } from "./learner.ts";
import { reportFailure } from "./meeting.ts";
import { serve } from "./replica.ts";
import { applySnapshot, type Snapshot } from "./snapshot.ts";

/** What the first replica gives a worker at its start. */
export interface WorkerData {
  readonly shared: Shared;
  readonly source: LearnerSource;
  readonly replica: number;
  readonly snapshot?: { readonly snapshot: Snapshot; readonly parametersOnly: boolean };
}

const { shared, source, replica, snapshot } = workerData as WorkerData;
try {
  const { createLearner } = (await import(source.module)) as { createLearner: CreateLearner<unknown> };
  const learner = await createLearner(source.spec, replica, shared.replicas);
  if (snapshot !== undefined) applySnapshot(learner, snapshot.snapshot, "snapshot", snapshot.parametersOnly);
  await serve(shared, learner, replica);
} catch (error) {
  // The others must not wait for this one; the error itself goes to the first replica as the worker's "error".
  reportFailure(shared.meeting, replica);
  throw error;
}
