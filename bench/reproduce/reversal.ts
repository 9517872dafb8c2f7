import { mkdirSync, writeFileSync } from "node:fs";
import { FIRST_SYMBOL } from "../../src/core/symbols.ts";
import { greedySearch } from "../../src/decode/index.ts";
import { step } from "../../src/index.ts";
import { Seq2Seq } from "../../src/models/index.ts";
import { ids, parameters, Rng, scope } from "../../src/nn/index.ts";
import { adam, clipNorm } from "../../src/optim/index.ts";
import { svgSeries } from "../../src/render/svg-series.ts";
import { chooseEngine, openBackend } from "../../src/tasks/engine.ts";
import { printTable, readArguments } from "./_classify.ts";

const LETTERS = 26;
const HIDDEN = 128;
const ROWS = 64;
const TRAINED = { shortest: 10, longest: 20 };
/** Falls to 0 along a cosine. */
const RATE = 2e-3;

/** Lengths that are asked, and in which trainings at which updates; the last one ends a training. */
const ASKED = [10, 15, 20, 25, 30, 40];
const TRAININGS: readonly (readonly number[])[] = [
  [100, 200, 300, 400, 500],
  [250, 500, 1000, 1500, 2000],
];
const TESTED = 200;
/** Symbols beyond those that are right before a sequence counts as wrong. */
const BEYOND = 5;

const FORMS = {
  attention: { bidirectional: true, attention: "additive" },
  "fixed context": { bidirectional: false, attention: "none" },
} as const;

/**
 * Reversing sequences of 26 letters, GRU of 128 units, trained on lengths 10 to 20: how many of 200 sequences of each length
 * are right from end to end when the model writes by itself, over the updates of 64 sequences each, in trainings of 500 and
 * of 2000 updates. The sequences are drawn anew for each update, and those to test from a generator of their own. Both forms,
 * three seeds; curves into docs/seq2seq:
 *
 *     npm run reproduce reversal [-- --quick] [-- --seeds 1,2,3]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { quick, seeds } = readArguments(given, [1, 2, 3]);
  const trainings = quick ? [[2, 4]] : TRAININGS;
  /** Shares by form, training, look and length, of each seed. */
  const shares = new Map<string, number[]>();
  const jobs = Object.entries(FORMS).flatMap(([name, form]) =>
    trainings.flatMap((looks) => seeds.map((seed) => ({ name, form, looks, seed }))),
  );
  for (const { name, form, looks, seed } of jobs) {
    const began = performance.now();
    for await (const { update, right, loss } of train(form, seed, looks)) {
      for (const [at, length] of ASKED.entries()) {
        const key = keyOf(name, looks, update, length);
        shares.set(key, [...(shares.get(key) ?? []), right[at]]);
      }
      const shown = ASKED.map((length, at) => `${length}: ${(100 * right[at]).toFixed(1)}`).join("  ");
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      console.log(
        `${name}, seed ${seed}, update ${update} of ${looks.at(-1)}: loss ${loss.toFixed(4)}; right in % ${shown}; ${seconds} s`,
      );
    }
  }
  const shareOf: ShareOf = (name, looks, update, length) => {
    const own = shares.get(keyOf(name, looks, update, length))!.map((share) => 100 * share);
    return {
      mean: own.reduce((sum, one) => sum + one, 0) / own.length,
      least: Math.min(...own),
      most: Math.max(...own),
    };
  };
  const rows = [["right in %, mean (least to most); length", ...ASKED.map(String)]];
  for (const name of Object.keys(FORMS)) {
    for (const looks of trainings) {
      for (const update of looks) {
        const cells = ASKED.map((length) => {
          const { mean, least, most } = shareOf(name, looks, update, length);
          return `${mean.toFixed(1)} (${least.toFixed(0)} to ${most.toFixed(0)})`;
        });
        rows.push([`${name}, ${update} of ${looks.at(-1)} updates`, ...cells]);
      }
    }
  }
  printTable(rows);
  if (!quick) drawCurves(shareOf);
}

type ShareOf = (
  name: string,
  looks: readonly number[],
  update: number,
  length: number,
) => { readonly mean: number; readonly least: number; readonly most: number };

const keyOf = (name: string, looks: readonly number[], update: number, length: number): string =>
  `${name}/${looks.at(-1)}/${update}/${length}`;

interface Look {
  readonly update: number;
  readonly loss: number;
  /** For each length that is asked, the share that is right. */
  readonly right: readonly number[];
}

async function* train(
  form: (typeof FORMS)[keyof typeof FORMS],
  seed: number,
  looks: readonly number[],
): AsyncGenerator<Look> {
  const backend = openBackend(chooseEngine("auto", () => {}));
  const rng = new Rng(seed);
  const symbols = FIRST_SYMBOL + LETTERS;
  const model = new Seq2Seq(
    {
      cell: "gru",
      hidden: HIDDEN,
      embedding: HIDDEN,
      sourceVocabulary: symbols,
      targetVocabulary: symbols,
      ...form,
    },
    { rng: rng.fork(1), backend },
  );
  const optimizer = adam(parameters(model), { lr: RATE });
  const clip = clipNorm(1);
  const draws = rng.fork(2);
  const drawn = (length: number) => Int32Array.from({ length }, () => FIRST_SYMBOL + draws.integer(LETTERS));
  const updates = looks.at(-1)!;
  for (let update = 1; update <= updates; update++) {
    optimizer.learningRate = (RATE / 2) * (1 + Math.cos((Math.PI * (update - 1)) / updates));
    const { shortest, longest } = TRAINED;
    const sources = Array.from({ length: ROWS }, () =>
      drawn(shortest + draws.integer(longest - shortest + 1)),
    );
    const lengths = sources.map(({ length }) => length);
    const time = Math.max(...lengths);
    const pad = (rows: readonly Int32Array[]) => {
      const all = new Int32Array(ROWS * time);
      for (const [row, values] of rows.entries()) all.set(values, row * time);
      return ids(all, [ROWS, time], backend);
    };
    const { loss } = step(
      () =>
        model.loss(pad(sources), pad(sources.map((source) => source.toReversed())), {
          sourceLengths: lengths,
          targetLengths: lengths,
        }).loss,
      optimizer,
      clip,
    );
    const value = await loss;
    if (!looks.includes(update)) continue;
    const right: number[] = [];
    for (const length of ASKED) right.push(await shareOfRight(model, length));
    yield { update, loss: value, right };
  }
}

/** Of sequences that are the same for every model. */
async function shareOfRight(model: Seq2Seq, length: number): Promise<number> {
  const rng = new Rng(2026).fork(length);
  const { backend } = model.embedding.weight;
  const all = Int32Array.from({ length: TESTED * length }, () => FIRST_SYMBOL + rng.integer(LETTERS));
  const decoder = scope(() => model.decoder(model.encode(ids(all, [TESTED, length], backend))), backend);
  const found = await greedySearch(decoder, { maxLength: length + BEYOND });
  decoder.close();
  const isRight = found.filter(({ hypotheses: [{ symbols, ended }] }, row) => {
    const wanted = all.slice(row * length, (row + 1) * length).reverse();
    return ended && symbols.length === length && wanted.every((symbol, at) => symbol === symbols[at]);
  });
  return isRight.length / TESTED;
}

function drawCurves(shareOf: ShareOf): void {
  const folder = new URL("../../docs/seq2seq/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const [attention, fixed] = Object.keys(FORMS);
  type Step = readonly [label: string, looks: readonly number[], update: number, length: number];
  const panelOf = (title: string, steps: readonly Step[]) => {
    const meanOf = (name: string) =>
      steps.map(([, looks, update, length]) => shareOf(name, looks, update, length).mean);
    return {
      title,
      steps: steps.map(([label]) => label),
      forecast: meanOf(attention),
      naive: meanOf(fixed),
      truth: [],
      fromZero: true,
      names: { forecast: attention, naive: fixed, truth: "" },
    };
  };
  const overUpdates = TRAININGS.flatMap((looks) =>
    [10, 20].map((length) =>
      panelOf(
        `${length} letters reversed, in %, in a training of ${looks.at(-1)} updates`,
        looks.map((update) => [`${update}`, looks, update, length]),
      ),
    ),
  );
  const last = TRAININGS.at(-1)!;
  const overLengths = panelOf(
    `Reversed by length, in %, after ${last.at(-1)} updates on 10 to 20`,
    ASKED.map((length) => [`${length}`, last, last.at(-1)!, length]),
  );
  writeFileSync(
    new URL("reversal.svg", folder),
    svgSeries("Reversing sequences", [...overUpdates, overLengths]),
  );
}
