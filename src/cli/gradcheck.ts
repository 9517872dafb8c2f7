/** `unrolled gradcheck` */
import type { Command } from "commander";
import { LAYER_CHECKS } from "../demos/gradcheck/layers.ts";
import { type CheckResult, type LayerCheck, runChecks, TOLERANCE } from "../demos/gradcheck/run.ts";
import { Status, writeOut } from "./output.ts";
import { paint } from "./terminal.ts";

export function define(command: Command): () => Promise<number> {
  command
    .usage("[options]")
    .description(
      "Compare the gradients of every layer with central differences, element by element, in float64 on the " +
        "reference backend. The exit status is 1 when one of them is wrong.",
    )
    .option("--json", "one JSON object per line on stdout")
    .addHelpText("after", "\nExamples:\n  npx unrolled gradcheck");

  return () => gradcheck(LAYER_CHECKS, command.opts<{ json?: boolean }>().json ?? false);
}

/** Check these layers, show it, and resolve to the exit status. */
export async function gradcheck(checks: readonly LayerCheck[], json: boolean): Promise<number> {
  const widest = Math.max(...checks.map(({ name }) => name.length), "layer".length);
  const failed: CheckResult[] = [];
  let checked = 0;
  if (!json) await writeOut(`${"layer".padEnd(widest)}  elements    error\n`);
  for await (const result of runChecks(checks)) {
    checked++;
    if (!result.passed) failed.push(result);
    await writeOut(json ? `${JSON.stringify({ event: "check", ...result })}\n` : formatRow(result, widest));
  }
  const end = { event: "end", checked, failed: failed.length, tolerance: TOLERANCE };
  await writeOut(json ? `${JSON.stringify(end)}\n` : `\n${describeResult(checked, failed)}\n`);
  return failed.length === 0 ? Status.done : Status.failed;
}

function formatRow({ name, checked, error, worst, passed }: CheckResult, widest: number): string {
  const result = passed
    ? paint("green", "ok", process.stdout)
    : paint("red", `WRONG in ${worst}`, process.stdout);
  const numbers = `${String(checked).padStart(8)}  ${error.toExponential(1).padStart(7)}`;
  return `${name.padEnd(widest)}  ${numbers}  ${result}\n`;
}

function describeResult(checked: number, failed: readonly CheckResult[]): string {
  if (failed.length === 0) return `all ${checked} agree with central differences to ${TOLERANCE}`;
  const names = failed.map(({ name }) => name).join("; ");
  return `${failed.length} of ${checked} are off by more than ${TOLERANCE}: ${names}`;
}
