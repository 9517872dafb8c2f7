/** `unrolled train TASK [DATA...]`: trains a model until the user or a limit stops it. */
import type { Command } from "commander";
import { InputError, UnrolledError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { isCellFile as isCodeFile } from "../run/cell-file.ts";
import { type NamedTask, type TaskTraining, trainTask } from "../runs/train-task.ts";
import type { TrainOptions } from "../runs/training-options.ts";
import { findTask, TASK_NAMES } from "../tasks/registry.ts";
import { runOptions } from "../tasks/run-options.ts";
import type { Task } from "../tasks/task.ts";
import type { EndEvent } from "../train/events.ts";
import { addSchemaOptions } from "./command.ts";
import { describeLostOutput, isClosedPipe, onOutputLost, reportError, Status } from "./output.ts";
import { RunReport } from "./run-report.ts";
import { suggestForPath } from "./suggested-commands.ts";
import { clearStatusLine, hasStatusLine, note, onInterrupt } from "./terminal.ts";
import { JsonView, TerminalView } from "./train-views.ts";

const SCHEDULE = `
With --lr-decay the learning rate is multiplied after each pass. Without it, the
rate falls along half a cosine to a tenth: over --epochs if they are given or no
limit is, or over --max-seconds if no --steps are given. With --steps alone it
stays constant, so that the run can be continued. Any other limit only stops
the run.
`;

const TASKS_HELP = `
npx unrolled train TASK --help shows the options of a task. A FILE.ts is a
task of your own.

Examples:
  npx unrolled train text
  npx unrolled train classify
  npx unrolled train text mybook.txt`;

const ENDING = `
--patience stops a run whose validation no longer improves; with --eval-every it
does so at the same step however often the run was resumed.

Ctrl-C saves and says how to continue; a second Ctrl-C exits at once.
`;

/**
 * The options depend on the task, so the task is looked for among the arguments before they are parsed.
 * @param args of the whole command line
 */
export async function define(command: Command, args: readonly string[]): Promise<() => Promise<number>> {
  const named = await findNamedTask(args, "train");
  command.usage("TASK [DATA...] [options]").argument("[TASK]").argument("[DATA...]");
  if (named === undefined) await describeTasks(command);
  else describeTask(command, named.task);

  return async () => {
    const [name, data] = command.processedArgs as [string | undefined, string[]];
    if (named === undefined || name === undefined) throw noTask("train", name, data);
    const { json = false, ...options } = command.opts<TrainOptions & { json?: boolean }>();
    return train(named, { ...options, data }, json);
  };
}

/**
 * The task that the first argument names which is one: options with values may stand before it.
 * @param command the word behind which it stands
 */
export async function findNamedTask(
  args: readonly string[],
  command: string,
): Promise<NamedTask | undefined> {
  const after = args.slice(args.indexOf(command) + 1);
  const name = after.find((word) => TASK_NAMES.includes(word));
  if (name !== undefined) return { task: (await findTask(name))! };
  const [first] = after.filter((word) => !word.startsWith("-"));
  if (first === undefined || !isCodeFile(first) || !/\.[cm]?[jt]s$/.test(first)) return undefined;
  const { loadNamedTask } = await import("../runs/code-choice.ts");
  const { task, path, sha256 } = await loadNamedTask(first, undefined, note);
  return { task, file: { path, sha256 } };
}

async function describeTasks(command: Command): Promise<void> {
  const tasks = await loadTasks();
  // Whatever is wrong with the rest, the task is what has to be said first: the options of all tasks are taken.
  const options = Object.assign(
    {},
    ...tasks.map((task) => ({ ...task.options, ...runOptions("", task.words) })),
  );
  addSchemaOptions(command, options);
  for (const option of command.options) option.hideHelp();
  command
    .description(
      "Train a model, watch it learn, and keep it in a folder: a run.\n\nTASK is one of\n\n" +
        listTasks(tasks),
    )
    .option("--json", "one JSON object per line on stdout")
    .addHelpText("after", TASKS_HELP);
}

export const loadTasks = (): Promise<Task[]> =>
  Promise.all(TASK_NAMES.map(async (name) => (await findTask(name))!));

/** A line for each task with what it does. */
export function listTasks(tasks: readonly Task[]): string {
  const width = Math.max(...tasks.map(({ name }) => name.length));
  return tasks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
}

function describeTask(command: Command, task: Task): void {
  const data = task.help.data.replaceAll("\n", "\n      ");
  command.description(
    "Train a model, watch it learn, and keep it in a folder: a run.\n\n" +
      `TASK: ${task.name}, ${task.summary}\nDATA: ${data}`,
  );
  const options = { ...task.options, ...runOptions(task.name, task.words) };
  addSchemaOptions(command, options);
  command.option("--json", "one JSON object per line on stdout");
  const notes = task.help.notes === "" ? "" : `\n${task.help.notes}\n`;
  const examples = task.help.examples.replace(/^/gm, "  ");
  command.addHelpText("after", `${SCHEDULE}${notes}${ENDING}\nExamples:\n${examples}`);
}

/** The word that is not a task, and the suggested correction. */
export function noTask(command: string, name: string | undefined, data: readonly string[]): InputError {
  if (name === undefined)
    return new InputError(`${command} needs a task`, { hint: `npx unrolled ${command} text [DATA...]` });
  return new InputError(`there is no task '${name}'`, { hint: hintFor(name, data) });
}

/** An existing file is what was meant, even where its name is close to that of a task. */
function hintFor(name: string, data: readonly string[]): string {
  const forPath = suggestForPath([name, ...data]);
  if (forPath !== undefined) return forPath;
  const meant = nearest(name, TASK_NAMES);
  if (meant !== undefined) return `did you mean ${meant}?`;
  return `the tasks are: ${TASK_NAMES.join(", ")}`;
}

/** Resolves to the exit status. */
async function train(named: NamedTask, options: TrainOptions, json: boolean): Promise<number> {
  const view = json ? new JsonView() : new TerminalView(hasStatusLine());
  const stop = new AbortController();
  let prepared = false;

  const unwatch = onInterrupt((times) => {
    if (!prepared) process.exit(leaveEarly(json));
    if (times > 1) {
      note("stopped at once; the last checkpoint is unchanged");
      process.exit(Status.interrupted);
    }
    note("stopping after this step and saving; Ctrl-C again exits at once");
    stop.abort();
  });
  let lost: Error | undefined;
  onOutputLost((error) => {
    lost ??= error;
    stop.abort();
  });

  try {
    const training = await trainTask(named, options, {
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
    return statusOf(training, end, lost);
  } finally {
    clearStatusLine();
    unwatch();
  }
}

/** @throws what was lost of the output */
function statusOf(training: TaskTraining, end: EndEvent | undefined, lost: Error | undefined): number {
  if (lost !== undefined) {
    const saved = `stopped at step ${end?.step} and saved in ${training.runDirectory}`;
    if (!isClosedPipe(lost)) throw describeLostOutput(lost, saved);
    note(`the output was closed: ${saved}`);
    return Status.done;
  }
  if (end?.step === training.startStep && ["steps", "epochs", "patience"].includes(end.reason)) {
    note(`the run had already reached its limit; a higher --${end.reason} continues it`);
  }
  return end?.reason === "interrupted" ? Status.interrupted : Status.done;
}

/** Nothing has been trained, so there is nothing to save. */
function leaveEarly(json: boolean): number {
  const error = new UnrolledError("INTERRUPTED", "failure", "interrupted before the first step");
  reportError(error, json ? ["--json"] : []);
  return Status.interrupted;
}
