/** `unrolled runs [RUN...]` */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Command } from "commander";
import { escapeControl, formatBytes } from "../core/errors.ts";
import {
  describeRun,
  differences,
  isRun,
  listRuns,
  type RunDetails,
  type RunSummary,
} from "../tasks/runs.ts";
import { RUNS } from "../tasks/text/resume.ts";
import { clock, count, nats } from "./format.ts";
import { note } from "./note.ts";
import { writeOut } from "./output.ts";
import { Status } from "./report.ts";
import { type Column, table } from "./table.ts";

const EPILOGUE = `
RUN: the folder of a run, or its name in runs/

Without RUN the runs in runs/ are listed, the newest last; of a folder that is
no run, those in it. With two RUNs or more, what differs between them.

Examples:
  unrolled runs
  unrolled runs text-20261123-094500 mine`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("[RUN...] [options]")
    .description("List the runs, or compare some: their options and their losses.")
    .argument("[RUN...]")
    .optionsGroup("Options:")
    .option("--json", "one JSON object for each run; of a comparison one for all")
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [given] = command.processedArgs as [string[]];
    const { json = false } = command.opts<{ json?: boolean }>();
    const folders = await Promise.all(given.map(folderOf));
    const [only] = folders;
    if (folders.length === 0 || (folders.length === 1 && !(await isRun(only)))) {
      await list(only ?? RUNS, given.length > 0, json);
    } else {
      await compare(await Promise.all(folders.map((folder) => describeRun(folder, note))), json);
    }
    return Status.done;
  };
}

/** A folder as it was named, or in runs/. */
async function folderOf(name: string): Promise<string> {
  const inside = join(RUNS, name);
  return !(await isRun(name)) && (await isRun(inside)) ? inside : name;
}

async function list(folder: string, isNamed: boolean, json: boolean): Promise<void> {
  // Nobody has trained anything yet: that is no mistake.
  const isFirstTime = !isNamed && !existsSync(folder);
  const runs = isFirstTime ? [] : await listRuns(folder, note);
  if (json) {
    await writeOut(runs.map((run) => `${JSON.stringify(run)}\n`).join(""));
  } else if (runs.length === 0) {
    note(`there are no runs in ${folder}/ yet: unrolled train text makes one`);
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

const lossOf = (loss: number | null): string => (loss === null ? "-" : nats(loss));

/** `lstm 2x128` */
function modelOf({ cell, layers, hidden }: RunSummary): string {
  if (cell === null) return "-";
  const name = basename(cell).replace(/\.[cm]?[jt]s$/, "");
  return `${name} ${layers ?? 1}x${hidden ?? "?"}`;
}

/** As a clock here shows it: `2026-11-23 09:45`. */
function dateOf(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "-";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

async function compare(runs: readonly RunDetails[], json: boolean): Promise<void> {
  const different = differences(runs);
  if (json) {
    await writeOut(`${JSON.stringify({ differences: different, runs })}\n`);
    return;
  }
  const heads = runs.map(({ name }) => escapeControl(name));
  const side = (head: string, names: readonly string[], cells: readonly (readonly string[])[]): string[] =>
    table(
      [
        { head, cells: names },
        ...heads.map((name, at) => ({
          head: name,
          cells: cells.map((row) => row[at]),
          align: "right" as const,
        })),
      ],
      columns(),
    );
  // A run by itself has nothing to differ from: all its options are shown.
  const options =
    runs.length === 1
      ? Object.entries(runs[0].options).map(([option, value]) => ({ option, values: [value] }))
      : different;
  const lines =
    options.length === 0
      ? ["the options are all the same"]
      : side(
          "option",
          options.map(({ option }) => flagOf(option)),
          options.map(({ values }) => values.map(shown)),
        );
  const facts: [string, (run: RunDetails) => string][] = [
    ["best loss", ({ loss }) => lossOf(loss)],
    ["at step", ({ bestStep }) => (bestStep === null ? "-" : count(bestStep))],
    ["to beat", ({ baseline }) => lossOf(baseline)],
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
  const steps = sampled([...new Set(runs.flatMap(({ evaluations }) => evaluations.map(({ step }) => step)))]);
  if (steps.length > 0) {
    const lossAt = ({ evaluations }: RunDetails, step: number) =>
      lossOf(evaluations.find((one) => one.step === step)?.loss ?? null);
    lines.push(
      "",
      ...side(
        "loss at step",
        steps.map(count),
        steps.map((step) => runs.map((run) => lossAt(run, step))),
      ),
    );
  }
  await print(lines);
}

/** More rows of losses than this are thinned out. */
const MOST_ROWS = 16;

function sampled(steps: readonly number[]): number[] {
  const sorted = steps.toSorted((a, b) => a - b);
  if (sorted.length <= MOST_ROWS) return sorted;
  const last = sorted.length - 1;
  return Array.from({ length: MOST_ROWS }, (_, row) => sorted[Math.round((row * last) / (MOST_ROWS - 1))]);
}

/** `seqLength` -> `seq-length`, as it is typed. */
const flagOf = (option: string): string =>
  escapeControl(option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

const shown = (value: unknown): string =>
  value === null || value === undefined ? "-" : escapeControl(`${value}`);
