/** Advice of caption: words for pictures. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeNpz } from "../../src/io/index.ts";
import { encodePng } from "../../src/io/png.ts";
import { Captioner, type CaptionerSettings } from "../../src/models/index.ts";
import { Rng } from "../../src/nn/index.ts";
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
const features = (count = 12) => ({
  shape: [count, 3],
  values: Float32Array.from({ length: count * 3 }, (_, at) => (at * 5) % 7),
});
const bytes = (side = 8) => ({
  shape: [12, side, side, 3],
  values: new Uint8Array(12 * side * side * 3).map((_, at) => (at * 11) % 251),
});
const names = { shape: [12], values: Array.from({ length: 12 }, (_, index) => `${index}.png`) };

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
        const of = (index: number) => (index === 3 ? [" ", "a picture"] : texts(index));
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
      hint: 'write [{"file": "a.png", "captions": ["...", "..."]}, ...] (.json), such objects on lines (.jsonl), or a table with the columns image and caption (.csv)',
      async follow(met) {
        const folder = pictures();
        await met.command(caption(`${file("{}", "a.json")} ${folder}`, SMALL));
        await works(caption(`${captions()} ${folder}`, SMALL));
        const entries = Array.from({ length: 12 }, (_, at) => ({ file: `${at}.png`, captions: texts(at) }));
        const lines = entries.map((entry) => JSON.stringify(entry)).join("\n");
        await works(caption(`${file(lines, "a.jsonl")} ${folder}`, SMALL));
        const rows = entries.map((entry) => `${entry.file},${entry.captions[0]}`);
        await works(caption(`${file(["image,caption", ...rows].join("\n"), "a.csv")} ${folder}`, SMALL));
      },
    },
    {
      hint: "name the columns image and caption in the first line",
      async follow(met) {
        const folder = pictures();
        const table = (header: string) =>
          file([header, ...Array.from({ length: 12 }, (_, at) => `${at}.png,picture`)].join("\n"), "a.csv");
        await met.command(caption(`${table("one,two")} ${folder}`, SMALL));
        await works(caption(`${table("image,caption")} ${folder}`, SMALL));
      },
    },
    {
      hint: "* files that are neither captions nor pictures passed over",
      async follow(met) {
        const folder = pictures();
        await works(caption(`${captions()} ${folder}`, SMALL));
        writeFileSync(join(folder, "notes.txt"), "about the pictures");
        await met.command(caption(`${captions()} ${folder}`, SMALL));
      },
    },
    {
      hint: "name a file of captions, too: .json, .jsonl or .csv",
      async follow(met) {
        const folder = pictures();
        await met.command(caption(folder, SMALL));
        await works(caption(`${captions()} ${folder}`, SMALL));
      },
    },
    {
      hint: "name one array, or files of pictures",
      async follow(met) {
        const [folder, array] = [pictures(), npz({ x: features() })];
        await met.command(caption(`${captions()} ${folder} ${array}`));
        await works(caption(`${captions()} ${array}`));
        await works(caption(`${captions()} ${folder}`, SMALL));
      },
    },
    {
      hint: "name the folder with the pictures; in * are *",
      async follow(met) {
        await met.command(caption(captions(), SMALL));
        await works(caption(`${captions()} ${pictures()}`, SMALL));
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
    {
      hint: "save an array names beside the pictures, or captions of each picture in their order",
      async follow(met) {
        await met.command(caption(`${captions(10)} ${npz({ x: features() })}`));
        await works(caption(`${captions(10)} ${npz({ x: features(), names })}`));
        await works(caption(`${captions(12)} ${npz({ x: features() })}`));
      },
    },
    {
      hint: "save pictures as bytes [pictures, height, width, 3], or features as [pictures, features] or [pictures, places, features], and perhaps names",
      async follow(met) {
        await met.command(caption(`${captions()} ${npz({ x: features(), y: features() })}`));
        await works(caption(`${captions()} ${npz({ x: bytes() })}`));
        await works(caption(`${captions()} ${npz({ x: features(), names })}`));
        const places = { ...features(), shape: [6, 2, 3] };
        await works(caption(`${captions(6)} ${npz({ x: places })}`, "--val-split 0.3"));
      },
    },
  ],
};
