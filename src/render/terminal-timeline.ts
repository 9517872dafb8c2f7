/** Labels over time in the cells of a terminal. */
import { escapeControl } from "../core/errors.ts";
import { percent } from "./numbers.ts";
import { fitTo, widthOf } from "./text-width.ts";
import { coloursOf, isRight, shareRight, shorten, type Timeline, type TimelineSequence } from "./timeline.ts";

export interface TerminalTimelineOptions {
  /** Of the terminal; a line is never longer. */
  readonly columns: number;
  /** Whether the terminal shows characters beyond ASCII in these drawings. */
  readonly unicode: boolean;
  /** Whether bands are coloured. Default false: letters stand for the labels. */
  readonly colors?: boolean;
  /** Sequences that are shown at most. Default 3. */
  readonly most?: number;
}

/** Below this there is no room for a band. */
const LEAST_COLUMNS = 40;
const NAMES = 10;
const MOST_STEPS = 4000;
/** A step is never wider. */
const WIDEST = 2;

/** Numbers of the 256 colours of terminals that are told apart on light and on dark ground. */
const COLOURS = [33, 208, 35, 170, 99, 44, 178, 203, 106, 137, 103, 37];
const NEUTRAL = 245;

/**
 * Lines without a line break: for each sequence its true labels, where they are known, the predicted ones, and marks
 * under the columns with a mistake; then what the letters stand for. None where there are too few columns.
 */
export function terminalTimeline(timeline: Timeline, options: TerminalTimelineOptions): string[] {
  const { columns, unicode, colors = false, most = 3 } = options;
  if (columns < LEAST_COLUMNS || timeline.sequences.length === 0) return [];
  const { labels, sequences } = shorten(timeline, most, MOST_STEPS);
  const letters = lettersOf(labels, unicode);
  const numbers = coloursOf(labels);
  const paint = (label: number, text: string) => {
    if (!colors || label < 0) return text;
    const colour = numbers[label] < 0 ? NEUTRAL : COLOURS[numbers[label] % COLOURS.length];
    return `\u001b[38;5;${colour}m${text}\u001b[39m`;
  };
  const lines = sequences.flatMap((sequence) => drawSequence(sequence, columns, { letters, paint, unicode }));
  return [...lines, ...legend(labels, letters, columns, paint)];
}

interface Style {
  readonly letters: readonly string[];
  readonly unicode: boolean;
  paint(label: number, text: string): string;
}

function drawSequence(sequence: TimelineSequence, columns: number, style: Style): string[] {
  const { name, truth, predicted } = sequence;
  const share = shareRight(sequence);
  const right = share === undefined ? "" : `: ${percent(share)} right`;
  const cells = cellsOf(predicted.length, columns - NAMES);
  const band = (labels: ArrayLike<number>) =>
    cells.map(({ at }) => style.paint(labels[at], labels[at] < 0 ? " " : style.letters[labels[at]])).join("");
  const marks = cells.map(({ from, to }) => {
    for (let t = from; t < to; t++) if (isRight(sequence, t) === false) return style.unicode ? "▔" : "^";
    return " ";
  });
  const lines = [fitTo(`${escapeControl(name)}${right}`, columns)];
  if (truth !== undefined) lines.push(`${"truth".padEnd(NAMES)}${band(truth)}`);
  lines.push(`${"predicted".padEnd(NAMES)}${band(predicted)}`);
  if (truth !== undefined) lines.push(`${" ".repeat(NAMES)}${marks.join("")}`.trimEnd());
  return lines;
}

/** The steps that each column stands for, and the one of them that it shows. */
function cellsOf(steps: number, room: number): { from: number; to: number; at: number }[] {
  if (steps === 0) return [];
  const count = Math.min(room, steps * WIDEST);
  return Array.from({ length: count }, (_, column) => {
    const from = Math.floor((column * steps) / count);
    const to = Math.max(from + 1, Math.floor(((column + 1) * steps) / count));
    return { from, to, at: Math.floor((from + to - 1) / 2) };
  });
}

/** A letter for each label: one of its own name where that is free. */
function lettersOf(labels: readonly string[], unicode: boolean): string[] {
  const colours = coloursOf(labels);
  const neutral = unicode ? "·" : ".";
  const others = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const taken = new Set<string>();
  return labels.map((label, at) => {
    if (colours[at] < 0) return neutral;
    const own = Array.from(label.replace(/^[BIES]-/, "")).filter((letter) => /^[\p{L}\p{N}]$/u.test(letter));
    // Inside an entity the letter of its beginning, but small.
    const isInside = /^[IE]-/.test(label);
    const shown = own
      .filter((letter) => widthOf(letter) === 1)
      .map((letter) => (isInside ? letter.toLowerCase() : letter));
    const letter = [...shown, ...shown.map((one) => one.toUpperCase()), ...others].find(
      (one) => !taken.has(one),
    );
    if (letter === undefined) return "?";
    taken.add(letter);
    return letter;
  });
}

function legend(
  labels: readonly string[],
  letters: readonly string[],
  columns: number,
  paint: Style["paint"],
): string[] {
  const lines: string[] = [];
  let [line, width] = ["", 0];
  for (const [at, label] of labels.entries()) {
    const entry = fitTo(`${letters[at]} ${escapeControl(label)}`, columns);
    const wide = widthOf(entry);
    if (width > 0 && width + 3 + wide > columns) {
      lines.push(line);
      [line, width] = ["", 0];
    }
    const [before, gap] = width === 0 ? ["", 0] : [`${line}   `, 3];
    [line, width] = [`${before}${paint(at, entry)}`, width + gap + wide];
  }
  return line === "" ? lines : [...lines, line];
}
