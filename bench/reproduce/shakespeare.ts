import { reportSeeds } from "./_text.ts";

/**
 * What was chosen by training on the first nine tenths of the training text and validating on its last tenth, so the
 * validation text below decided nothing (docs/training.md). The number of passes is fixed, so the result does not
 * depend on how fast the machine is.
 */
const SETTINGS = { layers: 2, hidden: 384, dropout: 0.4, lr: 4e-3, epochs: 12, seqLength: 64, batchSize: 32 };

/**
 * tinyshakespeare (char-rnn's data/tinyshakespeare/input.txt), validation on its last tenth:
 *
 *     npm run reproduce shakespeare -- path/to/input.txt [SEED...]
 */
export async function reproduce([path, ...seeds]: string[]): Promise<void> {
  if (path === undefined) {
    throw new Error("name the text: npm run reproduce shakespeare -- path/to/input.txt");
  }
  const data = [path];
  await reportSeeds("tinyshakespeare", seeds.length > 0 ? seeds.map(Number) : [1, 2, 3], {
    ...SETTINGS,
    data,
    threads: 2,
  });
}
