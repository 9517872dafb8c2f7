/** What to type after a training. */
import type { TextTraining } from "../tasks/text/train.ts";
import type { EndEvent } from "../train/events.ts";
import { suggestPrime } from "./prime.ts";

/** @param folder the run's, as a shell takes it */
export function nextCommands(training: TextTraining, end: EndEvent, folder: string): string[] {
  const { run, corpus } = training;
  const prime = suggestPrime(corpus);
  const sample = `npx unrolled sample ${folder}${prime === undefined ? "" : ` --prime "${prime}"`}`;
  const input = run.data.paths.includes("-") ? " < TEXT" : "";
  const resume = `npx unrolled train text --resume --out ${folder}${furtherLimit(end, training)}${input}`;
  if (end.reason === "interrupted") return [resume, sample];
  const evaluate = `npx unrolled eval ${folder}${input}`;
  // A training that went wrong does not get better by going on.
  return end.warnings.length > 0 ? [sample, evaluate] : [sample, evaluate, resume];
}

/** A run that has reached its limit goes on with a further one; the clock's starts anew at each sitting. */
function furtherLimit({ reason, step }: EndEvent, { run }: TextTraining): string {
  if (reason === "steps") return ` --steps ${2 * step}`;
  if (reason === "epochs") return ` --epochs ${2 * (run.limits.epochs ?? 1)}`;
  if (reason === "patience") return ` --patience ${2 * (run.limits.patience ?? 1)}`;
  return "";
}
