import { report, trainAndMeasure } from "./_text.ts";

/**
 * tinyshakespeare (char-rnn's data/tinyshakespeare/input.txt), validation on the last tenth, two layers of 256 in
 * 15 minutes:
 *
 *     npm run reproduce shakespeare -- path/to/input.txt [SECONDS]
 */
export async function reproduce([path, seconds = "900"]: string[]): Promise<void> {
  if (path === undefined)
    throw new Error("name the text: npm run reproduce shakespeare -- path/to/input.txt");
  const settings = { layers: 2, hidden: 256, dropout: 0.2, lr: 4e-3, seqLength: 64, batchSize: 32 };
  report(
    "tinyshakespeare",
    await trainAndMeasure({ data: [path], maxSeconds: Number(seconds), ...settings }),
  );
}
