/** Rows from `row` on: `each` of them for every one of `count` sequences from `first` on. */
export interface AttentionRun {
  readonly row: number;
  readonly first: number;
  readonly count: number;
  readonly each: number;
}

/** Rows whose sequences follow each other, with equally many rows each, are one call of the kernel. */
export function runsOf(sequences: ArrayLike<number>): AttentionRun[] {
  const runs: AttentionRun[] = [];
  for (let row = 0; row < sequences.length; ) {
    const first = sequences[row];
    let each = 1;
    while (sequences[row + each] === first) each++;
    const last = runs.at(-1);
    if (last !== undefined && last.each === each && last.first + last.count === first) {
      runs[runs.length - 1] = { ...last, count: last.count + 1 };
    } else {
      runs.push({ row, first, count: 1, each });
    }
    row += each;
  }
  return runs;
}
