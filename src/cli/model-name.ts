import { basename } from "node:path";
import { escapeControl } from "../core/errors.ts";
import type { TextRun } from "../tasks/text/run-file.ts";

/** `LSTM, 2 layers of 128`, `my-cell, 1 layer of 64`; then what is unusual about it. */
export function modelName({ model, cellFile }: Pick<TextRun, "model" | "cellFile">): string {
  const { cell, layers, hidden, embedding, tied } = model;
  const own = cellFile && escapeControl(basename(cellFile.path).replace(/\.[cm]?[jt]s$/, ""));
  const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}`;
  const vectors = embedding === 0 ? "" : `, on ${tied ? "tied " : ""}vectors of ${embedding}`;
  return `${own ?? cell.toUpperCase()}, ${size}${vectors}`;
}
