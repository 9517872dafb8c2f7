/** `unrolled runs [RUN...]` */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { escapeControl, formatBytes, InputError } from "../core/errors.ts";
import { RUNS } from "../runs/resume.ts";
import { describeRun, differences, isRun, listRuns, type RunSummary } from "../runs/run-list.ts";
import { count } from "./format.ts";
import { note } from "./note.ts";
import { writeOut } from "./output.ts";
import { Status } from "./report.ts";
import { comparisonLines, lossOf } from "./runs-comparison.ts";
import { deleteRuns } from "./runs-delete.ts";
import { type Column, table } from "./table.ts";

const EPILOGUE = `
RUN: the folder of a run, or its name in runs/

Without RUN the runs in runs/ are listed, the newest last; of a folder that is
no run, those in it. With two RUNs or more, what differs between them; a loss
marked ~ lies between two evaluations of that run, on a straight line.

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
    const [given] = command.processedArgs as [string[]];
    const { json = false, yes = false, ...options } = command.opts<Flags>();
    const folders = await Promise.all(given.map(folderOf));
    if (options.delete) {
      await deleteRuns(folders, { yes, json });
      return Status.done;
    }
    if (yes) throw new InputError("--yes needs --delete", { hint: "it answers the question of --delete" });
    const [only] = folders;
    if (folders.length === 0 || (folders.length === 1 && !(await isRun(only)))) {
      await list(only ?? RUNS, given.length > 0, json);
    } else {
      const runs = await Promise.all(folders.map((folder) => describeRun(folder, note)));
      if (json) await writeOut(`${JSON.stringify({ differences: differences(runs), runs })}\n`);
      else await print(comparisonLines(runs, columns()));
    }
    return Status.done;
  };
}

/** The run's folder: the path as given, or the same name in runs/. */
async function folderOf(name: string): Promise<string> {
  const inside = join(RUNS, name);
  return !(await isRun(name)) && (await isRun(inside)) ? inside : name;
}

async function list(folder: string, isNamed: boolean, json: boolean): Promise<void> {
  // No run exists yet, which is not an error.
  const isFirstTime = !isNamed && !existsSync(folder);
  const runs = isFirstTime ? [] : await listRuns(folder, note);
  if (json) {
    await writeOut(runs.map((run) => `${JSON.stringify(run)}\n`).join(""));
  } else if (runs.length === 0) {
    note(`there are no runs in ${folder}/ yet: npx unrolled train text makes one`);
  } else {
    await print(table(columnsOf(runs), columns()));
  }
}

const columns = () => (process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY);

async function print(lines: readonly string[]): Promise<void> {
  await writeOut(`${lines.join("\n")}\n`);
}

function columnsOf(runs: readonly RunSummary[]): Column[] {
  const right = { align: "right" } as const;
  const each = (cell: (run: RunSummary) => string) => runs.map((run) => escapeControl(cell(run)));
  return [
    { head: "run", cells: each(({ name }) => name) },
    { head: "task", cells: each(({ task }) => task), dropAt: 2 },
    { head: "model", cells: each(modelOf), dropAt: 5 },
    { head: "steps", cells: each(({ steps }) => count(steps)), ...right, dropAt: 4 },
    { head: "loss", cells: each(({ loss }) => lossOf(loss)), ...right },
    { head: "to beat", cells: each(({ baseline }) => lossOf(baseline)), ...right, dropAt: 3 },
    { head: "started", cells: each(({ created }) => dateOf(created)), dropAt: 1 },
    { head: "size", cells: each(({ bytes }) => formatBytes(bytes)), ...right, dropAt: 0 },
  ];
}

/** `lstm 2x128` */
function modelOf({ cell, layers, hidden }: RunSummary): string {
  if (cell === null) return "-";
  const name = basename(cell).replace(/\.[cm]?[jt]s$/, "");
  return `${name} ${layers ?? 1}x${hidden ?? "?"}`;
}

/** Date and time in the local time zone: `2026-11-23 09:45`. */
function dateOf(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "-";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
