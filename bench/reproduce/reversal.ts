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
const UPDATES = 2000;
const RATE = 2e-3;

/** Lengths that are asked, and at which updates. */
const ASKED = [10, 15, 20, 25, 30, 40];
const LOOKS = [100, 200, 300, 400, 500, 750, 1000, 1500, 2000];
const TESTED = 200;
/** Symbols beyond those that are right before a sequence counts as wrong. */
const BEYOND = 5;

const FORMS = {
  attention: { bidirectional: true, attention: "additive" },
  "fixed context": { bidirectional: false, attention: "none" },
} as const;

/**
 * Reversing sequences of 26 letters, GRU of 128 units, trained on lengths 10 to 20: how many of 200 sequences of each length
 * are right from end to end when the model writes by itself, over the updates of 64 sequences each. The sequences are drawn
 * anew for each update, and those to test from a generator of their own; the learning rate stays as it is, so that the curve
 * is that of one training. Both forms, three seeds; curves into docs/seq2seq:
 *
 *     npm run reproduce reversal [-- --quick] [-- --seeds 1,2,3]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { quick, seeds } = readArguments(given, [1, 2, 3]);
  const looks = quick ? [2, 4] : LOOKS;
  /** Shares by form, look and length, of each seed. */
  const shares = new Map<string, number[]>();
  for (const [name, form] of Object.entries(FORMS)) {
    for (const seed of seeds) {
      const began = performance.now();
      for await (const { update, right, loss } of train(form, seed, looks)) {
        for (const [at, length] of ASKED.entries()) {
          const key = keyOf(name, update, length);
          shares.set(key, [...(shares.get(key) ?? []), right[at]]);
        }
        const shown = ASKED.map((length, at) => `${length}: ${(100 * right[at]).toFixed(1)}`).join("  ");
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        console.log(
          `${name}, seed ${seed}, update ${update}: loss ${loss.toFixed(4)}; right in % ${shown}; ${seconds} s`,
        );
      }
    }
  }
  const meanOf = (name: string, update: number, length: number) => {
    const own = shares.get(keyOf(name, update, length))!;
    return (100 * own.reduce((sum, one) => sum + one, 0)) / own.length;
  };
  const rows = [["right in %, length", ...ASKED.map(String)]];
  for (const name of Object.keys(FORMS)) {
    for (const update of looks) {
      rows.push([
        `${name}, ${update} updates`,
        ...ASKED.map((length) => meanOf(name, update, length).toFixed(1)),
      ]);
    }
  }
  printTable(rows);
  if (!quick) drawCurves(looks, meanOf);
}

const keyOf = (name: string, update: number, length: number): string => `${name}/${update}/${length}`;

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
  for (let update = 1; update <= Math.min(UPDATES, looks.at(-1)!); update++) {
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

function drawCurves(
  looks: readonly number[],
  meanOf: (name: string, update: number, length: number) => number,
): void {
  const folder = new URL("../../docs/seq2seq/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const [attention, fixed] = Object.keys(FORMS);
  const panelOf = (
    title: string,
    steps: readonly (readonly [label: string, update: number, length: number])[],
  ) => ({
    title,
    steps: steps.map(([label]) => label),
    forecast: steps.map(([, update, length]) => meanOf(attention, update, length)),
    naive: steps.map(([, update, length]) => meanOf(fixed, update, length)),
    truth: [],
    fromZero: true,
    names: { forecast: attention, naive: fixed, truth: "" },
  });
  const overUpdates = [10, 20].map((length) =>
    panelOf(
      `Sequences of ${length} letters reversed, in %, over the updates`,
      looks.map((update) => [`${update}`, update, length]),
    ),
  );
  const last = looks.at(-1)!;
  const overLengths = panelOf(
    `Sequences reversed, in %, by length, after ${last} updates on 10 to 20`,
    ASKED.map((length) => [`${length}`, last, length]),
  );
  writeFileSync(
    new URL("reversal.svg", folder),
    svgSeries("Reversing sequences", [...overUpdates, overLengths]),
  );
}
