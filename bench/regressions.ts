/**
 * Whether a later run is slower than an earlier one. Absolute times drift with the machine's clock and its other work, so a
 * row of ours is judged by its ratio to a peer of the same run, where both runs have one; by its time alone otherwise.
 */

import { isOwn, type Results, type Row, type Table, timesAsFast } from "./results.ts";

/**
 * A ratio that falls by more than this share, and by more than the rounds of either run differ among themselves, is a
 * regression. Ratios of two idle runs on one machine differ by a few percent.
 */
export const RATIO_THRESHOLD = 0.1;

/** The same for a time with nothing beside it: machines drift by 10 to 15 % (bench/README.md). */
export const TIME_THRESHOLD = 0.25;

export interface Comparison {
  benchmark: string;
  table: string;
  contestant: string;
  /** The peer that both ratios refer to; null where a time stands alone. */
  peer: string | null;
  old: Row;
  new: Row;
  /** Speed of the new run in that of the old one, by ratio or by time: below 1 is slower. */
  change: number;
  /** The largest loss that counts as noise. */
  threshold: number;
  regressed: boolean;
}

/** All rows of ours that both runs have at the same workload. */
export function compareResults(old: Results, now: Results): Comparison[] {
  return now.benchmarks.flatMap(({ benchmark, tables }) => {
    const before = old.benchmarks.find((result) => result.benchmark === benchmark)?.tables ?? [];
    return tables.flatMap((table) => {
      const same = before.find(
        ({ name, workload }) => name === table.name && equal(workload, table.workload),
      );
      return same === undefined ? [] : compareTables(benchmark, same, table);
    });
  });
}

/** Own rows that the earlier run has and the later one lost: they failed, or their contestant is gone. */
export function lostRows(old: Results, now: Results): string[] {
  return old.benchmarks.flatMap(({ benchmark, tables }) => {
    const after = now.benchmarks.find((result) => result.benchmark === benchmark)?.tables ?? [];
    return tables.flatMap((table) => {
      const same = after.find(({ name }) => name === table.name);
      if (same === undefined) return [];
      const left = new Set(same.rows.map(({ contestant }) => contestant));
      return table.rows
        .filter((row) => isOwn(row) && !left.has(row.contestant))
        .map(({ contestant }) => `${benchmark} ${table.name} ${contestant}`);
    });
  });
}

function compareTables(benchmark: string, old: Table, now: Table): Comparison[] {
  return now.rows.filter(isOwn).flatMap((row) => {
    const before = old.rows.find(({ contestant }) => contestant === row.contestant);
    if (before === undefined) return [];
    const pair = commonPeer(row, old, now);
    const change =
      pair === undefined
        ? before.summary.median / row.summary.median
        : timesAsFast(row, pair.now) / timesAsFast(before, pair.old);
    const noise = Math.max(spread(before, pair?.old), spread(row, pair?.now));
    const threshold = Math.max(pair === undefined ? TIME_THRESHOLD : RATIO_THRESHOLD, noise);
    const common = { benchmark, table: now.name, contestant: row.contestant, old: before, new: row };
    return [
      { ...common, peer: pair?.now.contestant ?? null, change, threshold, regressed: change < 1 - threshold },
    ];
  });
}

/** The peer that a row is judged by: in both runs, in the same version, on as many threads if there is one; the fastest. */
export function commonPeer(row: Row, old: Table, now: Table): { old: Row; now: Row } | undefined {
  const pairs = now.rows
    .filter((peer) => !isOwn(peer))
    .flatMap((peer) => {
      const before = old.rows.find((other) => other.contestant === peer.contestant);
      return before?.version === peer.version ? [{ old: before, now: peer }] : [];
    });
  const rank = (pair: { now: Row }) => (pair.now.threads === row.threads ? 0 : 1);
  return pairs.toSorted((a, b) => rank(a) - rank(b) || a.old.summary.median - b.old.summary.median)[0];
}

/** Half the range of what the rounds say, as a share of their middle. */
function spread(row: Row, peer: Row | undefined): number {
  const values = row.rounds.map(
    (own, round) => (peer === undefined ? 1 : (peer.rounds[round] ?? peer.summary.median)) / own,
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return (high - low) / (high + low);
}

function equal(a: object, b: object): boolean {
  const words = (value: object) => JSON.stringify(Object.entries(value).toSorted());
  return words(a) === words(b);
}
