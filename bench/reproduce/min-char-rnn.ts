import { cpus } from "node:os";
import { runJob } from "../../src/core/index.ts";
import { baselinesJob } from "../../src/demos/min-char-rnn/entropy.ts";
import { STEPS } from "../../src/demos/min-char-rnn/model.ts";
import { readProgramText } from "../../src/demos/min-char-rnn/text.ts";
import { MinCharTraining } from "../../src/demos/min-char-rnn/training.ts";
import { createWasmBackend } from "../../src/index.ts";

/** What the lecture's notebook printed for its text, and the band in which a seed is to be. */
const TARGETS = [
  { n: 1000, printed: 91.8, band: [90, 95] },
  { n: 2000, printed: 74.4, band: [73, 79] },
  { n: 5000, printed: 59.2, band: [58, 63] },
  { n: 10_000, printed: 54.5, band: [54, 60] },
  { n: 50_000, printed: 48.5, band: [48, 54] },
  { n: 100_000, printed: 46.2, band: [46, 51] },
] as const;

const SEEDS = [1, 2, 3];

/**
 * The smooth loss of Karpathy's min-char-rnn.py on the text of the lecture's notebook (173 different characters),
 * three seeds beside what the notebook printed, some two minutes:
 *
 *     npm run reproduce min-char-rnn -- path/to/input.txt [ITERATIONS]
 */
export async function reproduce([path, limit]: string[]): Promise<void> {
  if (path === undefined)
    throw new Error("name the text: npm run reproduce min-char-rnn -- path/to/input.txt");
  const backend = createWasmBackend();
  if (backend === undefined) throw new Error("the WebAssembly kernels cannot be read here");
  const corpus = await readProgramText(path, { onProgress: () => {}, onNote: (note) => console.error(note) });
  const vocabulary = corpus.vocabulary.size;
  const targets = TARGETS.filter(({ n }) => limit === undefined || n <= Number(limit));
  const { unigram, bigram } = runJob(baselinesJob(corpus.ids, vocabulary));
  console.log(`${cpus()[0].model}; ${backend.name} ${backend.instructions}`);
  console.log(
    `${corpus.characters} characters, ${vocabulary} different; 25 of them cost ${(STEPS * Math.log(vocabulary)).toFixed(1)} ` +
      `at a guess, ${(STEPS * unigram).toFixed(1)} by the frequency of letters, ${(STEPS * bigram).toFixed(1)} by that of pairs`,
  );
  const found: number[][] = [];
  for (const seed of SEEDS) {
    const training = new MinCharTraining(corpus.ids, vocabulary, { seed, backend });
    const losses: number[] = [];
    const started = performance.now();
    for (const { n } of targets) {
      while (training.n <= n) await training.iterate();
      losses.push(training.smoothLoss);
    }
    const perIteration = ((performance.now() - started) / training.n) * 1000;
    console.log(`seed ${seed}: ${training.n} iterations, ${perIteration.toFixed(0)} us each`);
    found.push(losses);
    training.dispose();
  }
  console.log(
    `\n${["iteration", "band", "notebook", ...SEEDS.map((seed) => `seed ${seed}`)].map(cell).join("")}`,
  );
  for (const [index, { n, printed, band }] of targets.entries()) {
    const [low, high] = band;
    const losses = found.map((all) => all[index]);
    const worse = losses.some((loss) => loss > high) ? "  ABOVE" : "";
    const better = losses.some((loss) => loss < low) ? "  below" : "";
    const cells = [String(n), `${low}-${high}`, printed.toFixed(1), ...losses.map((loss) => loss.toFixed(2))];
    console.log(`${cells.map(cell).join("")}${worse}${better}`);
  }
}

const cell = (text: string): string => text.padStart(11);
