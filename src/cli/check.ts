/** `unrolled check TASK [DATA...]`: looks for errors in data and model before a training. */
import type { Command } from "commander";
import { escapeControl } from "../core/errors.ts";
import {
  type CheckOptions,
  checkTraining,
  DEFAULT_SECONDS,
  type TrainingCheck,
} from "../runs/check-training.ts";
import type { NamedTask } from "../runs/train-task.ts";
import type { OptionSchema, TaskOption } from "../tasks/option-schema.ts";
import type { CheckResult, Verdict } from "../tasks/recipe/recipe.ts";
import { type RunOptions, runOptions } from "../tasks/run-options.ts";
import type { Task } from "../tasks/task.ts";
import { chooseDrawing } from "./charts.ts";
import { addSchemaOptions } from "./command.ts";
import { hang, nats, wrapWords } from "./format.ts";
import { Status, writeOut } from "./output.ts";
import { clearStatusLine, note, onInterrupt, Progress, paint, type Style } from "./terminal.ts";
import { findNamedTask, listTasks, loadTasks, noTask } from "./train.ts";

const ABOUT =
  "Look for errors in data and model before a training: Karpathy's recipe, step\n" +
  "by step, with the options of `unrolled train`. Nothing is saved.";

const NOTES = `
The status is 1 if a check fails. --max-seconds limits all trainings together;
reading the data and counting its baselines come on top.
`;

const EXAMPLES = `
Examples:
  npx unrolled check text mybook.txt
  npx unrolled check classify names/ --hidden 64 --lr 0.01`;

/** Of the options of a run, those that decide what is checked. */
const KEPT = ["val", "backend", "precision"] as const;

function optionsOf(task: Task): Readonly<Record<string, TaskOption>> {
  const all: OptionSchema<RunOptions> = runOptions(task.name, task.words);
  const kept = Object.fromEntries(KEPT.map((name) => [name, all[name]]));
  const maxSeconds = { ...all.maxSeconds, text: "seconds of all trainings", shownDefault: DEFAULT_SECONDS };
  return { ...task.options, ...kept, maxSeconds };
}

export async function define(command: Command, args: readonly string[]): Promise<() => Promise<number>> {
  const named = await findNamedTask(args, "check");
  command.usage("TASK [DATA...] [options]").argument("[TASK]").argument("[DATA...]");
  if (named === undefined) await describeAll(command);
  else describeOne(command, named.task);

  return async () => {
    const [name, data] = command.processedArgs as [string | undefined, string[]];
    if (named === undefined || name === undefined) throw noTask("check", name, data);
    const { json = false, ...options } = command.opts<CheckOptions & { json?: boolean }>();
    return check(named, { ...options, data }, json);
  };
}

async function describeAll(command: Command): Promise<void> {
  const tasks = await loadTasks();
  addSchemaOptions(command, Object.assign({}, ...tasks.map(optionsOf)));
  for (const option of command.options) option.hideHelp();
  command
    .description(`${ABOUT}\n\nTASK is one of\n\n${listTasks(tasks)}`)
    .option("--json", "one JSON object for each check on stdout")
    .addHelpText("after", `\nnpx unrolled check TASK --help shows the options of a task.\n${EXAMPLES}`);
}

function describeOne(command: Command, task: Task): void {
  const data = task.help.data.replaceAll("\n", "\n      ");
  command.description(`${ABOUT}\n\nTASK: ${task.name}, ${task.summary}\nDATA: ${data}`);
  addSchemaOptions(command, optionsOf(task));
  command.option("--json", "one JSON object for each check on stdout");
  const notes = task.help.notes === "" ? "" : `\n${task.help.notes}\n`;
  command.addHelpText("after", `${notes}${NOTES}${EXAMPLES}`);
}

/** Resolves to the exit status. */
async function check(named: NamedTask, options: CheckOptions, json: boolean): Promise<number> {
  const stop = new AbortController();
  const unwatch = onInterrupt(() => process.exit(Status.interrupted));
  const progress = new Progress();
  try {
    const checked = await checkTraining(named, options, {
      signal: stop.signal,
      onProgress: (activity, done, total) => {
        if (!json) progress.show(activity, done, total);
      },
      onNote: note,
    });
    if (!json) await print(headLines(named.task, checked));
    const results: CheckResult[] = [];
    for await (const result of checked.results) {
      results.push(result);
      if (json) await writeOut(`${JSON.stringify({ event: "check", ...result })}\n`);
      else await print(linesOf(result));
    }
    if (!json) await print([summaryOf(results)]);
    return results.some(({ verdict }) => verdict === "failed") ? Status.failed : Status.done;
  } finally {
    clearStatusLine();
    unwatch();
  }
}

async function print(lines: readonly string[]): Promise<void> {
  clearStatusLine();
  await writeOut(`${lines.join("\n")}\n`);
}

const LABEL = 9;

function headLines({ view }: Task, checked: TrainingCheck): string[] {
  const { machine, config, cellName } = checked;
  const rows = [
    ...view.data(checked),
    ["model", view.model(config, cellName)],
    ["engine", `${machine.backend} ${machine.instructions}, 1 thread`],
  ];
  const width = Math.max(LABEL, ...rows.map(([name]) => name.length + 2));
  const columns = process.stdout.columns || 80;
  return [...rows.flatMap(([name, text]) => hang(dim(name.padEnd(width)), escapeControl(text), columns)), ""];
}

const dim = (text: string): string => paint("dim", text, process.stdout);

const STYLES: Readonly<Record<Verdict, Style>> = {
  passed: "green",
  warning: "yellow",
  failed: "red",
  skipped: "dim",
};

/** `passed   the loss at the start`, and below it what was expected, what was found, and what to do. */
function linesOf({ verdict, title, expected, found, advice, sweep, values }: CheckResult): string[] {
  const head = `${paint(STYLES[verdict], verdict.padEnd(LABEL), process.stdout)}${paint("bold", title, process.stdout)}`;
  if (verdict === "skipped") return [head, ...paragraph("because", found), ""];
  return [
    head,
    ...paragraph("expected", expected),
    ...paragraph("found", found),
    ...(sweep === undefined ? [] : drawSweep(sweep, values)),
    ...(advice === undefined ? [] : paragraph("do", advice)),
    "",
  ];
}

function paragraph(name: string, text: string): string[] {
  const columns = Math.max(30, Math.min(100, process.stdout.columns || 80)) - 2 * LABEL;
  const lines = wrapWords(escapeControl(text), columns);
  return lines.map((line, at) => `${" ".repeat(LABEL)}${dim((at === 0 ? name : "").padEnd(LABEL))}${line}`);
}

/** Columns of the longest bar, and the loss at which it ends, as a multiple of the loss at the start. */
const BAR = 30;
const MOST = 1.5;

/** A bar for the loss at each rate; those of losses that rose far above the start are as long as the longest. */
function drawSweep(
  sweep: NonNullable<CheckResult["sweep"]>,
  { lr: own, start }: CheckResult["values"],
): string[] {
  const { unicode } = chooseDrawing();
  const losses = sweep.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  const from = Math.min(0, ...losses);
  const most = Math.min(Math.max(...losses), from + MOST * (start - from));
  const widest = Math.max(...sweep.map(({ lr }) => String(lr).length));
  return sweep.map(({ lr, loss }) => {
    const length = loss === null ? BAR : Math.round((BAR * (Math.min(loss, most) - from)) / (most - from));
    const bar = paint("cyan", (unicode ? "▇" : "#").repeat(Math.max(1, length || 1)), process.stdout);
    const shown = (loss === null ? "none" : nats(loss)).padStart(7);
    return `${" ".repeat(2 * LABEL)}${String(lr).padStart(widest)}  ${shown}  ${bar}${lr === own ? " <- --lr" : ""}`;
  });
}

function summaryOf(results: readonly CheckResult[]): string {
  const counts = (["passed", "warning", "failed", "skipped"] as const).map(
    (verdict) => [results.filter((result) => result.verdict === verdict).length, verdict] as const,
  );
  return counts
    .filter(([number]) => number > 0)
    .map(([number, verdict]) => `${number} ${verdict}${verdict === "warning" && number > 1 ? "s" : ""}`)
    .join(", ");
}
