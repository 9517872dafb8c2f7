/** Cells that a model may have by name. */
export const BUILT_IN_CELLS = ["rnn", "lstm", "gru"] as const;
export type BuiltInCell = (typeof BUILT_IN_CELLS)[number];

export function isBuiltInCell(cell: string): cell is BuiltInCell {
  return BUILT_IN_CELLS.some((name) => name === cell);
}
