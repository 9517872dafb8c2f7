import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { meanOf, printTable, readArguments, withFolder } from "./_classify.ts";
import { averageSplits, HEADER, measureSplit, rowsOf, type SplitFigures } from "./_numbers.ts";
import { reproduce as convert } from "./convert.ts";

/**
 * Spoken digits (Jackson et al., the free spoken digit dataset), 600 recordings to train on: what
 * `unrolled train classify FOLDER` makes of WAV files with its defaults, beside classifiers of the mean of all frames.
 * Once on the split of the source, whose speakers are known from the training, and once with each speaker left out: trained
 * on all recordings of the other five, asked for the test recordings of the sixth. Nothing was chosen on a test
 * recording. Five seeds:
 *
 *     npm run reproduce digits -- path/to/fsdd [--quick] [--seeds 1,2,3]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, seeds } = readArguments(given, [1, 2, 3, 4, 5]);
  const [path] = paths;
  if (path === undefined) throw new Error("name the folder: npm run reproduce digits -- path/to/fsdd");
  await withFolder(async (folder) => {
    const data = join(folder, "data");
    await convert(["fsdd", path, data]);
    const options = { seeds, quick, folder };
    const split = { name: "source", train: join(data, "train"), test: join(data, "test") };
    console.log("\nthe split of the source");
    printTable([HEADER, ...rowsOf("the defaults", await measureSplit(split, options))]);
    const figures: SplitFigures[] = [];
    const speakers: string[][] = [];
    for (const speaker of listSpeakers(data)) {
      const own = await measureSplit(leaveOut(data, join(folder, speaker), speaker), options);
      figures.push(own);
      const accuracy = meanOf(own.runs.map((run) => run.accuracy));
      speakers.push([speaker, (100 * accuracy).toFixed(1), (100 * own.baselines[0].accuracy).toFixed(1)]);
    }
    console.log("\neach speaker left out: the mean over all six");
    printTable([HEADER, ...rowsOf("the defaults", averageSplits(figures))]);
    console.log("");
    printTable([["left out", "accuracy in %", figures[0].baselines[0].name], ...speakers]);
  });
}

interface Recording {
  readonly part: string;
  readonly digit: string;
  readonly file: string;
  readonly speaker: string;
}

function listRecordings(data: string): Recording[] {
  return ["train", "test"].flatMap((part) =>
    readdirSync(join(data, part)).flatMap((digit) =>
      readdirSync(join(data, part, digit)).map((file) => ({
        part,
        digit,
        file,
        speaker: file.slice(0, file.indexOf("_")),
      })),
    ),
  );
}

const listSpeakers = (data: string): string[] =>
  [...new Set(listRecordings(data).map(({ speaker }) => speaker))].sort();

/** Copies the recordings of both parts into a new folder. */
function leaveOut(data: string, folder: string, left: string) {
  const [train, test] = [join(folder, "train"), join(folder, "test")];
  for (const { part, digit, file, speaker } of listRecordings(data)) {
    if (speaker === left && part !== "test") continue;
    const target = join(speaker === left ? test : train, digit);
    mkdirSync(target, { recursive: true });
    copyFileSync(join(data, part, digit, file), join(target, file));
  }
  return { name: left, train, test };
}
