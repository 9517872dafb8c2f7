import { report, trainAndMeasure } from "./_text.ts";

/** What `npm start` reaches: a minute on the bundled corpus, three seeds. */
export async function reproduce(): Promise<void> {
  for (const seed of [1, 2, 3]) report(`seed ${seed}`, await trainAndMeasure({ maxSeconds: 60, seed }));
}
