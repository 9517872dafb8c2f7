/**
 * Pairs of your own: an encoder and a decoder with attention learn them, and a beam search writes what they have learned.
 *
 *     npx node examples/translate-pairs.ts                 numbers in words to digits
 *     npx node examples/translate-pairs.ts my-pairs.tsv    a source, a tab and a target on each line
 */
import { readFile } from "node:fs/promises";
import { Rng, scope, step } from "unrolled";
import { encodePairs, learnPairTokens, PairBatches, sentencePairs, splitPairs } from "unrolled/data";
import { beamSearch } from "unrolled/decode";
import { Seq2Seq } from "unrolled/models";
import { ids, parameters } from "unrolled/nn";
import { adam, clipNorm } from "unrolled/optim";

const UNITS = "zero one two three four five six seven eight nine".split(" ");
const TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

function inWords(value: number): string {
  const [hundreds, rest] = [Math.floor(value / 100), value % 100];
  const tens = TENS[Math.floor(rest / 10) - 2];
  const low = [...UNITS, ...TEENS][rest] ?? (rest % 10 === 0 ? tens : `${tens}-${UNITS[rest % 10]}`);
  if (hundreds === 0) return low!;
  return `${UNITS[hundreds]} hundred${rest === 0 ? "" : ` and ${low}`}`;
}

const [path] = process.argv.slice(2);
const lines = path === undefined ? [] : (await readFile(path, "utf8")).trim().split(/\r?\n/);
const rows = path === undefined ? null : lines.map((line) => line.split("\t"));
const numbers = Array.from({ length: 1000 }, (_, value) => value);
const pairs = sentencePairs(
  rows?.map(([source = ""]) => source) ?? numbers.map(inWords),
  rows?.map(([, target = ""]) => target) ?? numbers.map(String),
);

// All pairs of one source are on one side; the symbols are those of the pairs to train on.
const split = splitPairs(pairs, 0.1, { seed: 1 });
const pick = (texts: readonly string[]) => Array.from(split.train, (index) => texts[index]!);
const source = learnPairTokens(pick(pairs.sources), { kind: "char" });
const target = learnPairTokens(pick(pairs.targets), { kind: "char" });
const batches = new PairBatches(encodePairs(pairs, { source, target, indices: split.train }), {
  batchSize: 32,
});

const rng = new Rng(1);
const sizes = { sourceVocabulary: source.size, targetVocabulary: target.size, hidden: 64 };
const model = new Seq2Seq({ ...sizes, attention: "additive", bidirectional: true }, { rng });
const optimizer = adam(parameters(model), { lr: 3e-3 });
for (let update = 0; update < 300; update++) {
  const batch = batches.fill(update);
  const { loss } = step(
    () =>
      model.loss(
        ids(batch.source, [batch.rows, batch.sourceTime]),
        ids(batch.target, [batch.rows, batch.targetTime]),
        { sourceLengths: batch.sourceLengths, targetLengths: batch.targetLengths },
      ).loss,
    optimizer,
    clipNorm(1),
  );
  if (update % 100 === 99) console.log(`step ${update + 1}: loss ${(await loss).toFixed(3)}`);
}

// Sources that it has not seen, one after the other; many at once are faster.
let right = 0;
for (const [place, index] of split.validation.entries()) {
  const symbols = source.encode(pairs.sources[index]!);
  const decoder = scope(() => model.decoder(model.encode(ids(symbols, [1, symbols.length]))));
  const [found] = await beamSearch(decoder, { width: 3, maxLength: 50, lengthPenalty: 1 });
  decoder.close();
  const written = target.decode(found!.hypotheses[0]!.symbols);
  if (written === pairs.targets[index]) right++;
  if (place < 5) console.log(`${pairs.sources[index]} -> ${written} (it is ${pairs.targets[index]})`);
}
console.log(`of ${split.validation.length} others ${right} are right`);
