/** Recordings and arrays at the command line: trained on, asked for in other forms, and damaged. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeWav, type NpyValues, writeNpy, writeNpz } from "../../src/io/index.ts";
import { emptyFolder, eventsOf, expectRefusal, fresh, unrolledHere } from "./unrolled.ts";

const SMALL = "--hidden 8 --batch-size 8 --lr 0.03 --dropout 0 --threads 1 --json".split(" ");

const tone = (hertz: number, rate: number) =>
  Float32Array.from({ length: 0.12 * rate }, (_, t) => 0.4 * Math.sin((2 * Math.PI * hertz * t) / rate));

/** A recording of two channels, of which the second is silent. */
function encodeStereo(samples: Float32Array, sampleRate: number): Uint8Array {
  const both = Float32Array.from({ length: 2 * samples.length }, (_, at) =>
    at % 2 === 0 ? samples[at / 2] : 0,
  );
  const bytes = encodeWav(both, { sampleRate, encoding: "pcm24" });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint16(22, 2, true);
  view.setUint32(28, 6 * sampleRate, true);
  view.setUint16(32, 6, true);
  return bytes;
}

const array = (values: NpyValues, ...shape: number[]) => ({ shape, values });

let folder: string;
const at = (name: string) => join(folder, name);
const write = (name: string, bytes: Uint8Array) => writeFileSync(at(name), bytes);

beforeAll(() => {
  folder = emptyFolder();
});

describe("recordings", () => {
  let run: string;
  beforeAll(async () => {
    for (let index = 0; index < 20; index++) {
      const [label, hertz] = index % 2 === 0 ? ["low", 300] : ["high", 1800];
      mkdirSync(at(`tones/${label}`), { recursive: true });
      write(`tones/${label}/${index}.wav`, encodeWav(tone(hertz + 9 * index, 8000), { sampleRate: 8000 }));
    }
    run = fresh();
    const { status, stderr } = await unrolledHere([
      ...["train", "classify", at("tones"), "--epochs", "5", "--out", run],
      ...SMALL,
    ]);
    expect([status, stderr.replace(/^note: .*\n/gm, "")]).toEqual([0, ""]);
  });

  test("of another rate, depth and number of channels are heard alike", async () => {
    const sound = tone(1900, 22_050);
    write("stereo.wav", encodeStereo(sound, 22_050));
    write("bytes.wav", encodeWav(tone(1900, 11_025), { sampleRate: 11_025, encoding: "pcm8" }));
    write(
      "quiet.wav",
      encodeWav(
        sound.map((x) => x / 50),
        { sampleRate: 22_050, encoding: "float32" },
      ),
    );
    const files = ["stereo.wav", "bytes.wav", "quiet.wav"].map(at);
    const picture = at("picture.svg");
    const { status, stdout } = await unrolledHere(["predict", run, ...files, "--json", "--picture", picture]);
    expect(status).toBe(0);
    const predictions = eventsOf(stdout) as unknown as { input: string; label: string }[];
    expect(predictions.map(({ input, label }) => [input, label])).toEqual([
      ["stereo.wav", "high"],
      ["bytes.wav", "high"],
      ["quiet.wav", "high"],
    ]);
    expect(readFileSync(picture, "utf8")).toContain("stereo.wav");
  });

  test("that are cut off, empty, or none are refused", async () => {
    const whole = encodeWav(tone(300, 8000), { sampleRate: 8000 });
    const refused = async (bytes: Uint8Array, message: RegExp) => {
      write("bad.wav", bytes);
      expectRefusal(await unrolledHere(["predict", run, at("bad.wav")]), 2, message);
    };
    await refused(whole.subarray(0, 200), /bad\.wav: the chunk "data" claims 1920 bytes, 156 are there/);
    const silent = whole.slice(0, 44);
    new DataView(silent.buffer).setUint32(40, 0, true);
    await refused(silent, /the recording has no samples/);
    await refused(new Uint8Array(0), /this is no WAV file/);
    const text = await unrolledHere(["predict", run, "--text", "1 2 3"]);
    expectRefusal(text, 2, /reads sequences of numbers, and no text — name a file/);
  });
});

describe("arrays", () => {
  let run: string;
  const x = Float32Array.from({ length: 60 }, (_, k) => (k < 30 ? 1 : -1) + Math.sin(k));
  const lengths = array(new Int32Array(10).fill(3), 10);
  const y = array(
    ["a", "b"].flatMap((label) => new Array<string>(5).fill(label)),
    10,
  );
  const npz = (arrays: Record<string, { shape: number[]; values: NpyValues }>) =>
    writeNpz(new Map(Object.entries(arrays)) as never);
  beforeAll(async () => {
    write("train.npz", npz({ x: array(x, 30, 2), lengths, y }));
    run = fresh();
    const { status } = await unrolledHere([
      ...["train", "classify", at("train.npz"), "--steps", "2", "--out", run, "--no-bidirectional"],
      ...SMALL,
    ]);
    expect(status).toBe(0);
    // The data would be read from both ends.
    const { settings } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    expect([settings.bidirectional, settings.pooling]).toEqual([false, "max"]);
  });

  test("of another byte order, and column by column, are the same numbers", async () => {
    const step = x.subarray(0, 2);
    const little = writeNpy(array(step, 1, 2) as never);
    const big = little.slice();
    const text = Buffer.from(little).toString("latin1");
    big[text.indexOf("<f4")] = ">".charCodeAt(0);
    for (const from of [little.length - 8, little.length - 4]) big.subarray(from, from + 4).reverse();
    const fortran = Buffer.from(text.replace("False,", "True, "), "latin1");
    const said: string[] = [];
    for (const [name, bytes] of Object.entries({ little, big, fortran })) {
      write(`${name}.npy`, bytes);
      const { stdout, stderr } = await unrolledHere(["predict", run, at(`${name}.npy`)]);
      expect(stderr).toBe("");
      said.push(stdout.slice(stdout.indexOf("\t")));
    }
    expect(said).toEqual([said[0], said[0], said[0]]);
  });

  test("that make no sequences of the model are refused, at a prediction and a training", async () => {
    const refused = async (name: string, bytes: Uint8Array, message: RegExp, command = ["predict", run]) => {
      write(name, bytes);
      expectRefusal(await unrolledHere([...command, at(name)]), 2, message);
    };
    const floats = Buffer.from(writeNpy(array(new Float32Array(2), 1, 2) as never));
    const objects = Buffer.from(floats.toString("latin1").replace("'<f4'", "'|O' "), "latin1");
    await refused("objects.npy", objects, /objects\.npy: .*is a pickle, which could run a program/);
    await refused(
      "nan.npy",
      writeNpy(array(Float32Array.of(1, Number.NaN), 1, 2) as never),
      /nan\.npy: step 0, feature 1 is no finite number/,
    );
    await refused(
      "wide.npy",
      writeNpy(array(new Float32Array(3), 1, 3) as never),
      /wide\.npy: has 3 features, the model reads 2/,
    );
    const none = array(Int32Array.of(...new Array<number>(9).fill(3), 0), 10);
    await refused("empty.npz", npz({ x: array(x, 30, 2), lengths: none, y }), /sequence 9 must have 1 to 3/);
    const train = ["train", "classify"];
    await refused("few.npz", npz({ x: array(x, 30, 2), lengths }), /'few\.npz' has no labels/, train);
    const short = array(["a"], 1);
    await refused(
      "short.npz",
      npz({ x: array(x, 30, 2), lengths, y: short }),
      /y: must have one value/,
      train,
    );
    const other = array(new Array<string>(10).fill("c"), 10);
    await refused(
      "other.npz",
      npz({ x: array(x, 30, 2), lengths, y: other }),
      /other\.npz has the label c, which the model does not know/,
      ["eval", run],
    );
  });
});
