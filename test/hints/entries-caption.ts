/** Advice of caption: words for pictures. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeNpz } from "../../src/io/index.ts";
import { encodePng } from "../../src/io/png.ts";
import { Captioner, type CaptionerSettings } from "../../src/models/index.ts";
import { Rng } from "../../src/nn/index.ts";
import { MOST_SYMBOLS } from "../../src/tasks/caption/facts.ts";
import { emptyFolder, file, fresh } from "../cli/unrolled.ts";
import { type Entries, works } from "./harness.ts";

const caption = (data: string, more = "") =>
  `train caption ${data} --hidden 4 --embedding 4 --filters 2 --batch-size 4 --threads 1 --min-count 1 --steps 2 --out ${fresh()} ${more}`;

const png = (index: number, side: number) =>
  encodePng({
    width: side,
    height: side,
    channels: 3,
    data: new Uint8Array(side * side * 3).map((_, at) => (at * 7 + index * 50) % 256),
  });

function pictures(count = 12, side = 8): string {
  const folder = emptyFolder();
  for (let index = 0; index < count; index++) writeFileSync(join(folder, `${index}.png`), png(index, side));
  return folder;
}

const texts = (index: number) => [`picture ${"abcd"[index % 4]}`, "a picture"];
const captions = (count = 12, of = texts) =>
  file(
    JSON.stringify(
      Array.from({ length: count }, (_, index) => ({ file: `${index}.png`, captions: of(index) })),
    ),
    "captions.json",
  );

type Arrays = Record<string, { shape: number[]; values: Float32Array | Uint8Array | string[] }>;
const npz = (arrays: Arrays) => file(writeNpz(new Map(Object.entries(arrays))), "arrays.npz");
const bytes = (side = 8) => ({
  shape: [12, side, side, 3],
  values: new Uint8Array(12 * side * side * 3).map((_, at) => (at * 11) % 251),
});

const SMALL = "--size 8";

const make = (settings: Partial<CaptionerSettings>) =>
  new Captioner({ vocabulary: 5, hidden: 2, ...settings }, { rng: new Rng(1) });

export const CAPTION: Entries = {
  "models/captioner-config.ts": [
    {
      hint: "give features of several places, a larger image, or no attention",
      async follow(met) {
        await met.code(() => make({ features: 3, attention: "dot" }));
        make({ features: 3, places: 2, attention: "dot" });
        await met.code(() => make({ image: [3, 2, 2], attention: "dot" }));
        make({ image: [3, 8, 8], attention: "dot" });
        make({ features: 3 });
      },
    },
  ],
  "tasks/caption": [
    {
      hint: "divided as the captions' file says: * pictures train, * validate, * do neither",
      explains: "why --val-split has no effect",
    },
    {
      hint: "give more pictures, a larger --val-split, or pictures to validate on with --val",
      async follow(met) {
        const few = `${captions(2)} ${pictures(2)}`;
        await met.command(caption(few, SMALL));
        await works(caption(`${captions()} ${pictures()}`, SMALL));
        await works(caption(few, `${SMALL} --val-split 0.5`));
        const [list, folder] = few.split(" ");
        await works(caption(few, `${SMALL} --val ${list} --val ${folder}`));
      },
    },
    {
      hint: "* captions without a word, or of more than * words, left out",
      async follow(met) {
        const of = (index: number) => (index === 3 ? ["word ".repeat(MOST_SYMBOLS + 1)] : texts(index));
        await met.command(caption(`${captions(12, of)} ${pictures()}`, SMALL));
        await works(caption(`${captions()} ${pictures()}`, SMALL));
      },
    },
    {
      hint: "leave --copy-unknown out",
      async follow(met) {
        const out = fresh("captioner");
        const folder = pictures();
        await works(caption(`${captions()} ${folder}`, `${SMALL} --out ${out}`));
        await met.command(`predict ${out} ${join(folder, "1.png")} --copy-unknown`);
        await works(`predict ${out} ${join(folder, "1.png")}`);
      },
    },
    {
      hint: "give larger pictures, or --attention none",
      async follow(met) {
        const data = `${captions()} ${pictures()}`;
        await met.command(caption(data, "--size 2 --attention dot"));
        await works(caption(data, `${SMALL} --attention dot`));
        await works(caption(data, "--size 2 --attention none"));
      },
    },
    {
      hint: "leave --size out, or save pictures of that size",
      async follow(met) {
        await met.command(caption(`${captions()} ${npz({ x: bytes() })}`, "--size 10"));
        await works(caption(`${captions()} ${npz({ x: bytes() })}`));
        await works(caption(`${captions()} ${npz({ x: bytes(10) })}`, "--size 10"));
      },
    },
  ],
};
