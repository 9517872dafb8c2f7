/** Advice of translate: sequences from sequences. */
import { file, fresh } from "../cli/unrolled.ts";
import { type Entries, works } from "./harness.ts";

const translate = (data: string, more = "") =>
  `train translate ${data} --hidden 4 --embedding 4 --batch-size 4 --threads 1 --min-count 1 --steps 2 --out ${fresh()} ${more}`;

const texts = (
  pairs: number,
  of: (index: number) => string = (index) => "abcde".slice(index % 4) + "ab"[index % 2],
) => file(Array.from({ length: pairs }, (_, at) => `${at}${of(at)}\t${of(at)}`).join("\n"), "pairs.tsv");

async function translator(more = "", data = texts(20)): Promise<string> {
  const out = fresh("translator");
  await works(
    `train translate ${data} --hidden 4 --embedding 4 --min-count 1 --threads 1 --steps 1 --out ${out} ${more}`,
  );
  return out;
}

export const TRANSLATE: Entries = {
  "tasks/translate": [
    {
      hint: "leave one of them out",
      async follow(met) {
        await met.command(translate(texts(20), "--set dates"));
        await works(translate(texts(20)));
        await works(translate("", "--set dates"));
      },
    },
    {
      hint: "give more pairs with different sources, a larger --val-split, or pairs to validate on with --val",
      async follow(met) {
        await met.command(translate(texts(2)));
        await works(translate(texts(20)));
        await works(translate(texts(2), "--val-split 0.5"));
        await works(translate(texts(2), `--val ${texts(2)}`));
      },
    },
    {
      hint: "--tokens is word instead of char, which fits this data better: both sides are sentences of words",
      async follow(met) {
        const sentences = texts(20, (index) => ` the dog sees ${["a cat", "no one"][index % 2]}`);
        await met.command(translate(sentences));
        await works(translate(sentences, "--tokens char"));
      },
    },
    {
      hint: "* more than * symbols on a side and left out: --max-length",
      async follow(met) {
        const pairs = texts(20, (index) => (index === 3 ? "abcdefghijklm" : "abc"));
        await met.command(translate(pairs, "--max-length 9"));
        await works(translate(pairs, "--max-length 20"));
      },
    },
    {
      hint: "leave --copy-unknown out, or train with --attention additive",
      async follow(met) {
        const run = await translator("--attention none");
        await met.command(`predict ${run} --text abc --copy-unknown`);
        await works(`predict ${run} --text abc`);
        await works(`predict ${await translator("--attention additive")} --text abc --copy-unknown`);
      },
    },
    {
      hint: "leave --min-count out; --vocab-size says how many symbols there are",
      async follow(met) {
        await met.command(translate(texts(20), "--tokens bpe"));
        await works(
          `train translate ${texts(20)} --tokens bpe --vocab-size 270 --hidden 4 --threads 1 --steps 1 --out ${fresh()}`,
        );
      },
    },
    {
      hint: "leave --no-readout out",
      async follow(met) {
        await met.command(translate(texts(20), "--tie-weights --no-readout"));
        await works(translate(texts(20), "--tie-weights"));
      },
    },
    {
      hint: "give one --text with a --beam above 1, or use a model with attention",
      async follow(met) {
        const run = await translator("--attention none");
        const lines = file("abc\n", "lines.txt");
        const picture = `${fresh("picture")}.svg`;
        await met.command(`predict ${run} ${lines} --picture ${picture}`);
        await works(`predict ${run} --text abc --beam 3 --picture ${picture}`);
        await works(`predict ${await translator()} ${lines} --picture ${picture}`);
      },
    },
    {
      hint: "*: * without text, whose translation is empty",
      explains: "it says that an empty line has a line in the output, too",
    },
    {
      hint: "*: * cut to the * symbols that this model reads",
      explains: "how many symbols a model reads was decided when it was trained",
    },
    {
      hint: "*: * whose translation did not end: --max-length",
      async follow(met) {
        const run = await translator();
        const lines = file("abc\n", "lines.txt");
        // A model that has learned nothing ends by chance.
        await met.command(`predict ${run} ${lines} --beam 1 --max-length 1`);
        await works(`predict ${run} ${lines} --beam 1 --max-length 100`);
      },
    },
  ],
};
