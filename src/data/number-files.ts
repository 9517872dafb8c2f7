/** Sequences of numbers in the files that hold them: tables, npz, npy, recordings. */
import { escapeControl, FormatError, InputError } from "../core/index.ts";
import { type NpyArray, parseNpy } from "../io/npy.ts";
import { parseNpz } from "../io/npz.ts";
import { parseTable } from "../io/table.ts";
import { parseWav, type WavFile } from "../io/wav.ts";
import type { DataFile } from "./data-source.ts";
import { frameItems } from "./items.ts";
import type { AudioFormat, NumberFormat } from "./labelled-numbers.ts";
import { logMelFrames } from "./log-mel.ts";
import { sequencesFromArrays } from "./sequence-arrays.ts";
import { type LabelledSequences, sequencesFromTable } from "./sequence-table.ts";

export type FileKind = "text" | "table" | "json" | "npz" | "npy" | "wav";

const KINDS: Readonly<Record<string, FileKind>> = {
  csv: "table",
  tsv: "table",
  json: "json",
  jsonl: "json",
  ndjson: "json",
  npz: "npz",
  npy: "npy",
  wav: "wav",
};

/** What a file of this name holds: whatever is nothing else is text. */
export function kindOfFile(name: string): FileKind {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  return Object.hasOwn(KINDS, extension) ? KINDS[extension] : "text";
}

/**
 * The sequences of one file, with labels where the file has them.
 * @param format of the model that reads them; undefined: as the file is
 * @throws InputError, FormatError naming what is wrong in the file
 */
export async function readSequences(
  file: DataFile,
  { labelColumn, format }: { readonly labelColumn: string; readonly format: NumberFormat | undefined },
): Promise<LabelledSequences> {
  const { name } = file;
  const features = format?.features;
  const kind = kindOfFile(name);
  if (kind === "table") {
    const table = parseTable(await file.read(), { name });
    return sequencesFromTable(table, { labels: "sequence", labelColumn, features });
  }
  if (kind === "npz") {
    return sequencesFromArrays(parseNpz(await file.read(), name), { name, labels: "sequence", features });
  }
  if (kind === "npy") return oneSequence(name, parseNpy(await file.read(), name), features);
  if (kind === "wav") {
    if (format !== undefined && format.audio === undefined) {
      throw new InputError(`'${escapeControl(name)}' is a recording, and the model was not trained on sound`);
    }
    const recording = parseWav(await file.read(), name);
    return framesOfRecording(name, recording, format?.audio ?? audioFormat(recording.sampleRate));
  }
  throw new InputError(`'${escapeControl(name)}' holds no sequences of numbers`, {
    hint: "give a table (.csv, .tsv), an array (.npy, .npz) or a recording (.wav)",
  });
}

/** An array [steps, features] or [steps] as a file with one sequence. */
function oneSequence(
  name: string,
  { shape, values }: NpyArray,
  known: readonly string[] | undefined,
): LabelledSequences {
  const where = escapeControl(name);
  if ((shape.length !== 1 && shape.length !== 2) || shape.includes(0) || Array.isArray(values)) {
    throw new FormatError(
      where,
      `an array [steps, features] of numbers is needed, got [${shape.join(", ")}]`,
      {
        hint: "save one sequence in each npy file, or all of them in one npz file",
      },
    );
  }
  const [, width = 1] = shape;
  const features = known ?? Array.from({ length: width }, (_, at) => `${at}`);
  if (features.length !== width) {
    throw new FormatError(where, `has ${width} features, the model reads ${features.length}`);
  }
  const bad = (values as Float64Array).findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) {
    throw new FormatError(
      where,
      `step ${Math.floor(bad / width)}, feature ${bad % width} is no finite number`,
    );
  }
  return {
    features,
    items: frameItems([values as Float64Array], width),
    names: [name],
    labels: undefined,
    groups: undefined,
    placeOf: () => where,
  };
}

/** How recordings of a rate become frames: 40 bands of the logarithm of the energy, every hundredth of a second. */
export function audioFormat(rate: number): AudioFormat {
  return { rate, bands: 40, window: 0.025, hop: 0.01, lowest: 20, highest: rate / 2, floor: 1e-6 };
}

/** Names of the bands by their numbers. */
export const bandNames = ({ bands }: AudioFormat): string[] =>
  Array.from({ length: bands }, (_, band) => `mel ${band}`);

/** A recording as a file with one sequence of frames. */
export function framesOfRecording(
  name: string,
  { samples, sampleRate }: Pick<WavFile, "samples" | "sampleRate">,
  audio: AudioFormat,
): LabelledSequences {
  return {
    features: bandNames(audio),
    items: frameItems([logMelFrames(samples, sampleRate, audio)], audio.bands),
    names: [name],
    labels: undefined,
    groups: undefined,
    placeOf: () => escapeControl(name),
  };
}
