/** Advice of tag: sequences with a label at every step. */
import { join } from "node:path";
import { writeNpz } from "../../src/io/index.ts";
import { SequenceTagger, type SequenceTaggerSettings } from "../../src/models/index.ts";
import { LSTMCell, Rng } from "../../src/nn/index.ts";
import { file, fresh } from "../cli/unrolled.ts";
import { type Entries, run, works } from "./harness.ts";

const tag = (data: string, more = "") =>
  `train tag ${data} --hidden 4 --batch-size 4 --threads 1 --steps 2 --out ${fresh()} ${more}`;

/** Sequences of two steps with one number, label a or b. */
function table(sequences = 10, label = (index: number) => "ab"[index % 2], columns = "value"): string {
  const rows = Array.from({ length: sequences }, (_, index) =>
    [0, 1].map(
      (t) =>
        `s${index},${label(index)},${columns
          .split(",")
          .map((_, at) => index + t + at)
          .join(",")}`,
    ),
  ).flat();
  return file(`sequence,label,${columns}\n${rows.join("\n")}\n`, "data.csv");
}

const SENTENCES = Array.from("abcdef", (end) => `Ad${end} NAME\nsaw VERB\n\n`).join("");
const conll = (text = SENTENCES) => file(text, "words.conll");

type Arrays = Record<string, { shape: number[]; values: Float32Array | Int32Array }>;
const npz = (arrays: Arrays) => file(writeNpz(new Map(Object.entries(arrays))), "arrays.npz");
const lengths = (...values: number[]) => ({ shape: [values.length], values: Int32Array.from(values) });
const ints = (...values: number[]) => lengths(...values);
const X = { shape: [8, 2], values: Float32Array.from({ length: 16 }, (_, at) => at) };
const Y = ints(0, 1, 0, 1, 0, 1, 0, 1);
const WHOLE = { x: X, y: Y, lengths: lengths(2, 2, 2, 2) };
const HALF = "--val-split 0.5";

/** Two sequences, of which only the first has labels. */
const labelledOnce = () => file("sequence,label,x\na,one,1\na,two,2\nb,,3\nb,,4\n", "once.csv");

const OWN_CELL = join(import.meta.dirname, "../../examples/my-cell.ts");

async function tagger(data: string): Promise<string> {
  const out = fresh("tagger");
  await works(`train tag ${data} --hidden 4 --threads 1 --steps 2 --out ${out}`);
  return out;
}

const make = (settings: Partial<SequenceTaggerSettings>) =>
  new SequenceTagger(
    { vocabulary: 3, classes: 2, hidden: 2, ...settings },
    { rng: new Rng(1), createCell: ((i: number, h: number, o: never) => new LSTMCell(i, h, o)) as never },
  );

export const TAG: Entries = {
  "data/read-step-sequences.ts": [
    {
      hint: "count the columns from 0, or from the end with -1",
      async follow(met) {
        await met.command(tag(conll(), "--label-column NAME"));
        await works(tag(conll(), "--label-column 1"));
        await works(tag(conll(), "--label-column -1"));
      },
    },
  ],
  "data/step-sequences.ts": [
    {
      hint: "give files of one kind, with the same columns",
      async follow(met) {
        await met.command(tag(`${table()} ${table(10, undefined, "value,other")}`));
        await works(tag(`${table()} ${table()}`));
      },
    },
  ],
  "data/step-inputs.ts": [
    {
      hint: "give data with the numbers that the model was trained on, in their order",
      async follow(met) {
        const run = await tagger(`${npz(WHOLE)} ${HALF}`);
        await met.command(`predict ${run} ${npz({ x: { ...X, shape: [2, 2, 2, 2] } })}`);
        await works(`predict ${run} ${npz({ x: X, lengths: lengths(4, 4) })}`);
      },
    },
  ],
  "models/sequence-tagger-config.ts": [
    {
      hint: "leave embedding out for * features",
      async follow(met) {
        await met.code(() => make({ cell: "own", embedding: 0 }));
        make({ cell: "own" });
      },
    },
  ],
  "models/tagger-stream.ts": [
    {
      hint: "a stream has no end: train the model in one direction, with a delay where labels need later steps",
      async follow(met) {
        await met.code(() => make({ bidirectional: true }).stream());
        make({ delay: 2 }).stream().dispose();
      },
    },
    {
      hint: "make a new one",
      async follow(met) {
        const model = make({ cell: "own" });
        const stream = model.stream();
        stream.dispose();
        await met.code(() => stream.step(1));
        model.stream().step(1);
      },
    },
  ],
  "tasks/tag": [
    {
      hint: "leave one of them out",
      async follow(met) {
        await met.command(tag(table(), "--set video"));
        await works(tag(table()));
        await works(tag("", "--set lookahead"));
      },
    },
    {
      hint: "give more labelled sequences, a larger --val-split, or data to validate on with --val",
      async follow(met) {
        const few = (index: number) => (index % 10 === 0 ? "ab"[(index / 10) % 2] : "");
        await met.command(tag(table(60, few), "--val-split 0.02"));
        await works(tag(table(60), "--val-split 0.02"));
        await works(tag(table(60, few), "--val-split 0.5"));
        await works(tag(table(60, few), `--val ${table(4)}`));
      },
    },
    {
      hint: "leave --embedding out",
      async follow(met) {
        await met.command(tag(table(), "--embedding 4"));
        await works(tag(table()));
      },
    },
    {
      hint: "the label of a step is the symbol * steps later, so it is asked for * steps later (--delay *); --delay 0 shows what a network does that cannot look ahead",
      async follow(met) {
        await met.command(tag(""));
        await works(tag("", "--delay 0"));
      },
    },
    {
      hint: "give more sequences, a larger --val-split, or data to validate on with --val",
      async follow(met) {
        await met.command(tag(table(2)));
        await works(tag(table(10)));
        await works(tag(table(2), HALF));
        await works(tag(table(2), `--val ${table(4)}`));
      },
    },
    {
      hint: "a table has them in its column label, an npz file in its array y; or name another --label-column",
      async follow(met) {
        await met.command(tag(npz({ x: X, lengths: WHOLE.lengths }), HALF));
        await works(tag(npz(WHOLE), HALF));
        await works(tag(table()));
        const other = file("sequence,what,x\na,1,2\na,2,3\nb,1,1\nb,2,1\n", "other.csv");
        await works(tag(other, `${HALF} --label-column what`));
      },
    },
    {
      hint: "its labels are *; --skip-unknown of eval leaves such steps out",
      async follow(met) {
        const run = await tagger(table());
        const other = table(4, (index) => "ac"[index % 2]);
        await met.command(`eval ${run} ${other}`);
        await works(`eval ${run} ${other} --skip-unknown`);
      },
    },
    {
      hint: "a cell of your own reads in one direction, and may have a --delay",
      async follow(met) {
        await met.command(tag(table(), `--cell ${OWN_CELL} --bidirectional`));
        await works(tag(table(), `--cell ${OWN_CELL} --delay 1`));
      },
    },
    {
      hint: "a bidirectional model reads all later steps anyway: leave --delay out",
      async follow(met) {
        await met.command(tag(table(), "--bidirectional --delay 2"));
        await works(tag(table(), "--bidirectional"));
      },
    },
    {
      hint: "a cell of your own: --cell ./my-cell.ts",
      async follow(met) {
        await met.command(tag(table(), "--cell transformer"));
      },
    },
    {
      hint: "give more labelled sequences, or a smaller --val-split",
      async follow(met) {
        // Which of the sequences is validated on depends on the seed.
        for (let seed = 1; ; seed++) {
          const line = (more: string) => tag(labelledOnce(), `${more} --seed ${seed}`);
          const { stderr } = await run(line(HALF));
          if (!stderr.includes("smaller --val-split")) continue;
          await met.command(line(HALF));
          await works(tag(table(), `--seed ${seed}`));
          return;
        }
      },
    },
    {
      hint: "name a table (.csv, .tsv) or a file of arrays (.npz)",
      async follow(met) {
        const run = await tagger(table());
        await met.command(`predict ${run} --text "1 2"`);
        await works(`predict ${run} ${table()}`);
        const arrays = await tagger(`${npz(WHOLE)} ${HALF}`);
        await works(`predict ${arrays} ${npz(WHOLE)}`);
      },
    },
  ],
};
