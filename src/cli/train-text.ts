/** `unrolled train text`: trains, shows it, and ends as the person or the limits say. */
import { UnrolledError } from "../core/errors.ts";
import { type TextTrainOptions, trainText } from "../tasks/text/train.ts";
import type { EndEvent } from "../train/events.ts";
import { onInterrupt } from "./interrupt.ts";
import { clearLive, hasLiveLine } from "./live-line.ts";
import { note } from "./note.ts";
import { isClosedPipe, onOutputLost, outputError } from "./output.ts";
import { reportError, Status } from "./report.ts";
import { RunReport } from "./run-report.ts";
import { JsonView } from "./view-json.ts";
import { PeopleView } from "./view-people.ts";

/** Resolves to the exit status. */
export async function trainTextCommand(options: TextTrainOptions, json: boolean): Promise<number> {
  const view = json ? new JsonView() : new PeopleView(hasLiveLine());
  const stop = new AbortController();
  let prepared = false;

  const unwatch = onInterrupt((times) => {
    if (!prepared) process.exit(leaveEarly(json));
    if (times > 1) {
      note("stopped at once; the last checkpoint is as it was");
      process.exit(Status.interrupted);
    }
    note("stopping: finishes this step and saves; Ctrl-C again leaves at once");
    stop.abort();
  });
  let lost: Error | undefined;
  onOutputLost((error) => {
    lost ??= error;
    stop.abort();
  });

  try {
    const training = await trainText(options, {
      signal: stop.signal,
      onProgress: (activity, done, total) => view.progress(activity, done, total),
      onNote: note,
    });
    prepared = true;
    const report = new RunReport(training, note);
    await view.begin(training, report);
    let end: EndEvent | undefined;
    for await (const event of training.events) {
      await report.event(event);
      if (lost === undefined) await view.event(event);
      if (event.event === "end") end = event;
    }
    if (lost !== undefined) {
      const saved = `stopped at step ${end?.step} and saved in ${training.runDirectory}`;
      if (!isClosedPipe(lost)) throw outputError(lost, saved);
      note(`nobody reads the output any more: ${saved}`);
      return Status.done;
    }
    if (end?.step === training.startStep && ["steps", "epochs", "patience"].includes(end.reason)) {
      note(`the run was at its limit already; a higher --${end.reason} goes on`);
    }
    return end?.reason === "interrupted" ? Status.interrupted : Status.done;
  } finally {
    clearLive();
    unwatch();
  }
}

/** Nothing has been trained, so there is nothing to save. */
function leaveEarly(json: boolean): number {
  const error = new UnrolledError("INTERRUPTED", "failure", "interrupted before the first step");
  reportError(error, json ? ["--json"] : []);
  return Status.interrupted;
}
