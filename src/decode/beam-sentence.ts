/** The hypotheses of one sentence while it is searched, and what comes out of them. */
import type { FloatArray } from "../backend/backend.ts";
import { InputError } from "../core/errors.ts";
import { type BeamTree, TreeBuilder } from "./beam-tree.ts";
import type { LogProbabilities } from "./log-probabilities.ts";
import { type Candidate, TopCandidates } from "./top-candidates.ts";

/** One of the sequences that a search found. */
export interface Hypothesis {
  /** The symbols without those that start and end the sequence. */
  readonly symbols: Int32Array;
  /** The logarithm of the product of the probabilities of all symbols, in nats; that of the end is among them. */
  readonly logProbability: number;
  /** `logProbability / lp(n)` for n steps: what hypotheses are ranked by. */
  readonly score: number;
  /** Whether the model ended it. False: the search stopped at `maxLength`. */
  readonly ended: boolean;
  /** What the model attended to, [S] for each symbol and, if it ended, for the end. Only if the model says so. */
  readonly weights?: readonly Float32Array[];
}

export interface BeamResult {
  /** The best first: at least one. */
  readonly hypotheses: readonly Hypothesis[];
  /** The number of steps that the search of this sentence took. */
  readonly steps: number;
  /** Everything that was considered, if `trace` asked for it. */
  readonly tree?: BeamTree;
}

/** What all sentences of a search have in common. */
export interface SentenceSettings {
  /** The function that errors name. */
  readonly where: string;
  readonly width: number;
  readonly nBest: number;
  readonly end: number;
  readonly maxLength: number;
  readonly lengthPenalty: number;
  readonly forbidden: Uint8Array | undefined;
}

/** The last symbol of a sequence, and the way back to its first one. Hypotheses share their beginnings. */
interface Node {
  readonly parent: Node | undefined;
  readonly symbol: number;
  readonly logProbability: number;
  /** The number of symbols up to here. */
  readonly steps: number;
  readonly weights: Float32Array | undefined;
  /** In the tree of a trace. */
  readonly id: number;
}

/** What a step computed for all rows. */
export interface StepValues {
  /** The log-probabilities of the symbols that may follow a row of this step. */
  readonly of: (row: number) => Float64Array;
  /** [rows, S] */
  readonly weights: FloatArray | undefined;
  /** S */
  readonly places: number;
}

/** lp(n) = ((5 + n) / 6)^a: Wu et al. 2016, "Google's neural machine translation system", eq. 14. */
export function lengthNorm(steps: number, lengthPenalty: number): number {
  return ((5 + steps) / 6) ** lengthPenalty;
}

/** For the rounding of a power: twice what its last bits can be wrong by. */
const ROUNDING = 1 - 2 ** -48;

/** The search of one sentence. The candidates of a step are chosen among its own rows only, so batches do not matter. */
export class BeamSentence {
  /** Which of the sentences of the search it is. */
  readonly index: number;
  /** Unfinished hypotheses, the most probable first. */
  private live: Node[];
  /** At most nBest, the best first. */
  private readonly finished: { readonly node: Node; readonly score: number }[] = [];
  /** The row of each live hypothesis in the state after the latest step. */
  private rows: number[];
  private steps = 0;
  private readonly settings: SentenceSettings;
  private readonly tree: TreeBuilder | undefined;

  /** @param row the row of this sentence in the state that the model begins with */
  constructor(settings: SentenceSettings, first: number, row: number, isTraced: boolean) {
    this.index = row;
    this.settings = settings;
    this.tree = isTraced ? new TreeBuilder(first) : undefined;
    this.live = [
      { parent: undefined, symbol: first, logProbability: 0, steps: 0, weights: undefined, id: 0 },
    ];
    this.rows = [row];
  }

  /** What the model is to read next: the last symbol of each live hypothesis, and the row that it continues. */
  *next(): Generator<readonly [symbol: number, row: number]> {
    for (const [at, { symbol }] of this.live.entries()) yield [symbol, this.rows[at]];
  }

  get isDone(): boolean {
    return this.live.length === 0 || this.steps === this.settings.maxLength;
  }

  /**
   * Takes the `width` most probable continuations of all live hypotheses. Those that end are finished, the others live on.
   * @param firstRow where the rows of this sentence begin among those of the step
   * @param top an empty heap; with more room than the width if what is pruned is to be traced
   * @returns how many rows it had
   * @throws InputError if the logits of a row are no distribution, and if nothing can follow
   */
  advance(values: StepValues, firstRow: number, top: TopCandidates): number {
    const { width, end, lengthPenalty, forbidden } = this.settings;
    const parents = this.live;
    this.steps++;
    for (const [at, { logProbability }] of parents.entries()) {
      top.add(at, logProbability, values.of(firstRow + at), forbidden);
    }
    const candidates = top.take();
    const norm = lengthNorm(this.steps, lengthPenalty);
    const weightsOf = this.weightReader(values, firstRow);
    [this.live, this.rows] = [[], []];
    for (const [rank, candidate] of candidates.entries()) {
      const { row, symbol, logProbability } = candidate;
      const parent = parents[row];
      const kept = rank < width;
      const score = logProbability / norm;
      const ended = symbol === end;
      const id = this.tree?.add({ parent: parent.id, symbol, logProbability, score, kept, ended }) ?? 0;
      if (!kept) continue;
      const node = {
        ...{ parent, symbol, logProbability, steps: this.steps, id },
        weights: weightsOf(candidate),
      };
      if (ended) this.finish(node, score);
      else {
        this.live.push(node);
        this.rows.push(firstRow + row);
      }
    }
    if (this.live.length === 0 && this.finished.length === 0) throw nothingFollows(this.settings.where);
    this.dropHopeless();
    return parents.length;
  }

  result(): BeamResult {
    const { nBest, lengthPenalty } = this.settings;
    const open = () =>
      this.live.slice(0, nBest).map((node) => ({
        node,
        score: node.logProbability / lengthNorm(node.steps, lengthPenalty),
      }));
    const ended = this.finished.length > 0;
    const best = ended ? this.finished : open();
    const hypotheses = best.map(({ node, score }) => hypothesisOf(node, score, ended));
    const tree = this.tree?.build(best[0].node.id);
    return { hypotheses, steps: this.steps, ...(tree === undefined ? {} : { tree }) };
  }

  /** Of equal scores the earlier one stays before the later one. */
  private finish(node: Node, score: number): void {
    const { finished } = this;
    let at = finished.length;
    while (at > 0 && finished[at - 1].score < score) at--;
    finished.splice(at, 0, { node, score });
    finished.length = Math.min(finished.length, this.settings.nBest);
  }

  /**
   * Gives up hypotheses that cannot come among the nBest any more, which stops the search when none is left. The result
   * is the same as without it:
   *
   * A hypothesis of log-probability p <= 0 can only grow to some p' <= p, since no log-probability is above 0. Its score
   * will be p' / lp(n) for some n <= maxLength. lp grows with n, so p' / lp(n) <= p / lp(n) <= p / lp(maxLength): no
   * continuation exceeds that bound. The bound falls with p alone. So whatever a continuation of a given-up hypothesis
   * would have pushed out of the beam was less probable than it, and could not have come among the nBest either.
   */
  private dropHopeless(): void {
    const { nBest, lengthPenalty, maxLength } = this.settings;
    if (this.finished.length < nBest) return;
    const leastScore = this.finished[nBest - 1].score;
    const most = lengthNorm(maxLength, lengthPenalty);
    // Sorted by p: those that stay come first.
    const stay = this.live.filter(
      ({ logProbability }) => (logProbability / most) * ROUNDING > leastScore,
    ).length;
    this.live.length = stay;
    this.rows.length = stay;
  }

  /** One copy of a row of the weights for all that continue it. */
  private weightReader({ weights, places }: StepValues, firstRow: number) {
    const copies = new Map<number, Float32Array>();
    return ({ row }: Candidate): Float32Array | undefined => {
      if (weights === undefined) return undefined;
      const from = (firstRow + row) * places;
      const copy = copies.get(row) ?? Float32Array.from(weights.subarray(from, from + places));
      copies.set(row, copy);
      return copy;
    };
  }
}

function hypothesisOf(last: Node, score: number, ended: boolean): Hypothesis {
  const symbols = new Int32Array(last.steps - (ended ? 1 : 0));
  const weights = last.weights === undefined ? undefined : new Array<Float32Array>(last.steps);
  for (let node = last; node.parent !== undefined; node = node.parent) {
    if (node.steps <= symbols.length) symbols[node.steps - 1] = node.symbol;
    if (weights !== undefined) weights[node.steps - 1] = node.weights!;
  }
  const { logProbability } = last;
  return { symbols, logProbability, score, ended, ...(weights === undefined ? {} : { weights }) };
}

function nothingFollows(where: string): InputError {
  return new InputError(
    `${where}: no symbol can follow, because all that are not forbidden have the probability 0`,
    { hint: "forbid fewer symbols" },
  );
}

/** A heap for the candidates of one step. @param isTraced whether the best of those that are pruned are wanted too */
export function candidatesOf(width: number, isTraced: boolean): TopCandidates {
  return new TopCandidates(isTraced ? 2 * width : width);
}

/** The values of a step, row by row. */
export function stepValues(
  logs: LogProbabilities,
  logits: Parameters<LogProbabilities["of"]>[0],
  weights: FloatArray | undefined,
  rows: number,
): StepValues {
  return { of: (row) => logs.of(logits, row), weights, places: (weights?.length ?? 0) / rows };
}
