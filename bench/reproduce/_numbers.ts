/** Classifiers of sequences of numbers, trained as a person would train them: with the defaults. */
import { join } from "node:path";
import {
  type ClassifyOptions,
  type Measured,
  meanAndSpread,
  meanOf,
  measureBaselines,
  type NamedFigure,
  testClassifier,
  trainClassifier,
} from "./_classify.ts";

export interface NumberSplit {
  /** What the folders of its runs are called. */
  readonly name: string;
  readonly train: string;
  readonly test: string;
}

export interface SplitFigures {
  /** One for each seed. */
  readonly runs: readonly (Measured & { readonly seconds: number })[];
  readonly baselines: readonly NamedFigure[];
}

/** @param folder where the runs are stored */
export async function measureSplit(
  { name, train, test }: NumberSplit,
  { seeds, quick, folder }: { readonly seeds: readonly number[]; quick: boolean; folder: string },
): Promise<SplitFigures> {
  const runs: (Measured & { seconds: number })[] = [];
  for (const seed of seeds) {
    const out = join(folder, `${name}-${seed}`);
    const limits: ClassifyOptions = quick ? { steps: 5, hidden: 8 } : {};
    const { seconds } = await trainClassifier({ data: [train], seed, out, ...limits });
    runs.push({ ...(await testClassifier(out, [test])), seconds });
  }
  return { runs, baselines: await measureBaselines([train], [test]) };
}

export const HEADER = ["model", "accuracy in %", "macro F1 in %", "s a run"];

/** A row for the network, and one for each baseline. */
export function rowsOf(model: string, { runs, baselines }: SplitFigures): string[][] {
  const shown = (of: (one: Measured) => number) => meanAndSpread(runs.map(of));
  const seconds = meanOf(runs.map((run) => run.seconds)).toFixed(1);
  return [
    [model, shown(({ accuracy }) => accuracy), shown(({ macroF1 }) => macroF1), seconds],
    ...baselines.map(({ name, accuracy, macroF1 }) => [
      name,
      (100 * accuracy).toFixed(2),
      (100 * macroF1).toFixed(2),
      "",
    ]),
  ];
}

/** The mean over splits of one size: for each seed, and for each baseline. */
export function averageSplits(splits: readonly SplitFigures[]): SplitFigures {
  const [{ runs, baselines }] = splits;
  return {
    runs: runs.map((_, at) => ({
      accuracy: meanOf(splits.map((split) => split.runs[at].accuracy)),
      macroF1: meanOf(splits.map((split) => split.runs[at].macroF1)),
      seconds: meanOf(splits.map((split) => split.runs[at].seconds)),
    })),
    baselines: baselines.map(({ name }, at) => ({
      name,
      accuracy: meanOf(splits.map((split) => split.baselines[at].accuracy)),
      macroF1: meanOf(splits.map((split) => split.baselines[at].macroF1)),
    })),
  };
}
