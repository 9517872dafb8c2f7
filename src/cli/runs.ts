/** `unrolled runs [RUN...]`: lists runs, compares some, deletes some. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { escapeControl, formatBytes, InputError } from "../core/errors.ts";
import { RUNS } from "../runs/resume.ts";
import {
  checkDeletable,
  chooseComparedSteps,
  deleteRun,
  describeRun,
  differences,
  isRun,
  type LossAt,
  listRuns,
  lossAt,
  type RunDetails,
  type RunSummary,
} from "../runs/run-list.ts";
import { type Column, clock, count, formatTable, nats } from "./format.ts";
import { Status, writeOut } from "./output.ts";
import { askToConfirm, canAsk, note } from "./terminal.ts";

const EPILOGUE = `
RUN: the folder of a run, or its name in runs/

Without RUN it lists the runs in runs/, the newest last; for a folder that is
not a run, the runs in it. For two RUNs or more it shows what differs between
them; a loss marked ~ is interpolated between two evaluations of that run.

--delete removes the files of a run, and its folder if nothing else is in it. It
asks first, and refuses a run that is being trained.

Examples:
  npx unrolled runs
  npx unrolled runs text-20261123-094500 mine
  npx unrolled runs --delete text-20261123-094500`;

interface Flags {
  json?: boolean;
  delete?: boolean;
  yes?: boolean;
}

export function define(command: Command): () => Promise<number> {
  command
    .usage("[RUN...] [options]")
    .description("List the runs, compare some (their options and their losses), or delete some.")
    .argument("[RUN...]")
    .optionsGroup("Options:")
    .option("--delete", "delete the RUNs that are named")
    .option("--yes", "delete without asking")
    .option("--json", "one JSON object for each run; of a comparison one for all")
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [names] = command.processedArgs as [string[]];
    const { json = false, yes = false, ...options } = command.opts<Flags>();
    const folders = await Promise.all(names.map(findFolder));
    if (options.delete) {
      await deleteRuns(folders, { yes, json });
      return Status.done;
    }
    if (yes) throw new InputError("--yes needs --delete", { hint: "it answers the question of --delete" });
    const [only] = folders;
    if (folders.length === 0 || (folders.length === 1 && !(await isRun(only)))) {
      await printRuns(only ?? RUNS, names.length > 0, json);
    } else {
      const runs = await Promise.all(folders.map((folder) => describeRun(folder, note)));
      if (json) await writeOut(`${JSON.stringify({ differences: differences(runs), runs })}\n`);
      else await print(formatComparison(runs, readWidth()));
    }
    return Status.done;
  };
}

/** The run's folder: the path as given, or the same name in runs/. */
async function findFolder(name: string): Promise<string> {
  const inside = join(RUNS, name);
  return !(await isRun(name)) && (await isRun(inside)) ? inside : name;
}

async function printRuns(folder: string, isNamed: boolean, json: boolean): Promise<void> {
  // No run exists yet, which is not an error.
  const isFirstTime = !isNamed && !existsSync(folder);
  const runs = isFirstTime ? [] : await listRuns(folder, note);
  if (json) {
    await writeOut(runs.map((run) => `${JSON.stringify(run)}\n`).join(""));
  } else if (runs.length === 0) {
    note(`there are no runs in ${folder}/ yet: npx unrolled train text makes one`);
  } else {
    await print(formatTable(listColumns(runs), readWidth()));
  }
}

const readWidth = () => (process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY);

async function print(lines: readonly string[]): Promise<void> {
  await writeOut(`${lines.join("\n")}\n`);
}

function listColumns(runs: readonly RunSummary[]): Column[] {
  const right = { align: "right" } as const;
  const each = (cell: (run: RunSummary) => string) => runs.map((run) => escapeControl(cell(run)));
  return [
    { head: "run", cells: each(({ name }) => name) },
    { head: "task", cells: each(({ task }) => task), dropAt: 2 },
    { head: "model", cells: each(describeModel), dropAt: 5 },
    { head: "steps", cells: each(({ steps }) => count(steps)), ...right, dropAt: 4 },
    { head: "loss", cells: each(({ loss }) => formatLoss(loss)), ...right },
    { head: "to beat", cells: each(({ baseline }) => formatLoss(baseline)), ...right, dropAt: 3 },
    { head: "started", cells: each(({ created }) => formatDate(created)), dropAt: 1 },
    { head: "size", cells: each(({ bytes }) => formatBytes(bytes)), ...right, dropAt: 0 },
  ];
}

/** `lstm 2x128` */
function describeModel({ cell, layers, hidden }: RunSummary): string {
  if (cell === null) return "-";
  const name = basename(cell).replace(/\.[cm]?[jt]s$/, "");
  return `${name} ${layers ?? 1}x${hidden ?? "?"}`;
}

/** Date and time in the local time zone: `2026-11-23 09:45`. */
function formatDate(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "-";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const formatLoss = (loss: number | null): string => (loss === null ? "-" : nats(loss));

/** Runs side by side in lines of at most so many columns: options that differ, results, losses at the same steps. */
export function formatComparison(runs: readonly RunDetails[], columns: number): string[] {
  const heads = runs.map(({ name }) => escapeControl(name));
  const side = (head: string, names: readonly string[], cells: readonly (readonly string[])[]): string[] =>
    formatTable(
      [
        { head, cells: names },
        ...heads.map((name, at) => ({
          head: name,
          cells: cells.map((row) => row[at]),
          align: "right" as const,
        })),
      ],
      columns,
    );
  // For a single run, all options are shown.
  const options =
    runs.length === 1
      ? Object.entries(runs[0].options).map(([option, value]) => ({ option, values: [value] }))
      : differences(runs);
  const lines =
    options.length === 0
      ? ["the options are all the same"]
      : side(
          "option",
          options.map(({ option }) => flagOf(option)),
          options.map(({ values }) => values.map(formatValue)),
        );
  const facts: [string, (run: RunDetails) => string][] = [
    ["best loss", ({ loss }) => formatLoss(loss)],
    ["at step", ({ bestStep }) => (bestStep === null ? "-" : count(bestStep))],
    ["last loss", ({ evaluations }) => formatLoss(evaluations.at(-1)?.loss ?? null)],
    ["to beat", ({ baseline }) => formatLoss(baseline)],
    ["steps", ({ steps }) => count(steps)],
    ["time", ({ seconds }) => (seconds === null ? "-" : clock(seconds))],
  ];
  lines.push(
    "",
    ...side(
      "result",
      facts.map(([name]) => name),
      facts.map(([, of]) => runs.map(of)),
    ),
  );
  const steps = chooseComparedSteps(runs, MOST_ROWS);
  if (steps.length === 0) return lines;
  const losses = steps.map((step) => runs.map((run) => lossAt(run, step)));
  lines.push(
    "",
    ...side(
      "loss at step",
      steps.map(count),
      losses.map((row) => row.map(formatLossAt)),
    ),
  );
  const isExact = losses.flat().every((loss) => loss === undefined || loss.isExact);
  return isExact ? lines : [...lines, "", "~ interpolated between two evaluations of that run"];
}

function formatLossAt(loss: LossAt | undefined): string {
  if (loss === undefined) return "-";
  return `${loss.isExact ? "" : "~"}${nats(loss.loss)}`;
}

/** Largest number of rows of losses; if there are more steps, some are left out. */
const MOST_ROWS = 16;

/** `seqLength` -> `seq-length`, as it is typed. */
const flagOf = (option: string): string =>
  escapeControl(option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

const formatValue = (value: unknown): string =>
  value === null || value === undefined ? "-" : escapeControl(`${value}`);

interface DeleteOptions {
  /** Delete without asking. */
  readonly yes: boolean;
  readonly json: boolean;
}

/** Delete runs, all of them or, when one of them cannot be deleted, none. */
async function deleteRuns(names: readonly string[], { yes, json }: DeleteOptions): Promise<void> {
  if (names.length === 0) {
    throw new InputError("--delete needs the runs to delete", { hint: "npx unrolled runs lists them" });
  }
  const folders = [...new Map(names.map((folder) => [resolve(folder), folder])).values()];
  const bytes = await checkDeletable(folders);
  if (!yes) {
    const what = folders.map(escapeControl).join(", ");
    if (!canAsk()) {
      throw new InputError("--delete asks before it deletes, and there is no terminal to ask on", {
        hint: "--yes deletes without asking",
      });
    }
    if (!(await askToConfirm(`delete ${what} (${formatBytes(bytes)})?`))) {
      note("nothing was deleted");
      return;
    }
  }
  for (const folder of folders) {
    const removal = await deleteRun(folder);
    const place = escapeControl(folder);
    await writeOut(
      json ? `${JSON.stringify(removal)}\n` : `deleted ${place} (${formatBytes(removal.bytes)})\n`,
    );
    if (removal.kept.length > 0) {
      note(`kept in ${place}, since it is no part of a run: ${removal.kept.join(", ")}`);
    }
  }
}
