import { printTable, readArguments, withFolder } from "./_classify.ts";
import { HEADER, measureSplit, rowsOf } from "./_numbers.ts";
import { reproduce as convert } from "./convert.ts";

/**
 * Japanese vowels (Kudo, Toyama and Shimbo 1999): which of nine men speaks, from 12 cepstrum coefficients a step. What
 * `unrolled train classify train.npz` makes of it with its defaults, on the split of the source, beside classifiers of the
 * mean of all steps. Five seeds:
 *
 *     npm run reproduce vowels -- path/to/japanese-vowels [--quick] [--seeds 1,2,3]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, seeds } = readArguments(given, [1, 2, 3, 4, 5]);
  const [path] = paths;
  if (path === undefined)
    throw new Error("name the folder: npm run reproduce vowels -- path/to/japanese-vowels");
  await withFolder(async (folder) => {
    await convert(["japanese-vowels", path, folder]);
    const split = { name: "run", train: `${folder}/train.npz`, test: `${folder}/test.npz` };
    printTable([HEADER, ...rowsOf("the defaults", await measureSplit(split, { seeds, quick, folder }))]);
  });
}
