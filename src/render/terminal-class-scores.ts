/** How well each label is found, as lines for a terminal. */
import stringWidth from "string-width";
import { escapeControl } from "../core/errors.ts";
import { fitTo } from "./text-width.ts";

/** How well a label is found: shares from 0 to 1, and the number of its items. */
export interface ShownClassScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** More labels than this are no table to read; `eval --json` has them all. */
const MOST_LABELS = 60;

const COLUMNS = ["precision", "recall", "F1", "items"] as const;
const WIDTH = 11;
const LEAST_NAME = 6;
const LONGEST_NAME = 28;

/**
 * A table of the labels, each with precision, recall and F1; none where there is no room for it, or too many labels.
 * @param columns of the terminal
 */
export function terminalClassScores(
  labels: readonly string[],
  scores: readonly ShownClassScore[],
  { columns }: { readonly columns: number },
): string[] {
  const room = columns - COLUMNS.length * WIDTH;
  if (room < LEAST_NAME || labels.length > MOST_LABELS) return [];
  const names = labels.map((label) => fitTo(escapeControl(label), Math.min(room, LONGEST_NAME)));
  const width = Math.max("label".length, ...names.map((name) => stringWidth(name)));
  const line = (name: string, cells: readonly string[]) =>
    name + " ".repeat(width - stringWidth(name)) + cells.map((cell) => cell.padStart(WIDTH)).join("");
  return [
    line("label", COLUMNS),
    ...scores.map(({ precision, recall, f1, support }, at) =>
      line(names[at], [precision.toFixed(3), recall.toFixed(3), f1.toFixed(3), String(support)]),
    ),
  ];
}
