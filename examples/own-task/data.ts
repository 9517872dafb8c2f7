/** A table: each row of a CSV file is a sequence of numbers, and the last column is what is to be predicted. */
import { InputError } from "unrolled";
import { type DataSource, frameItems, type ItemStore, tailSplit } from "unrolled/data";
import { sha256Hex } from "unrolled/io";
import type { DataFacts, Loaded, LoadHooks, LoadRequest, TestRequest } from "unrolled/tasks";
import type { TrendSettings } from "./defaults.ts";
import type { TrendConfig } from "./model.ts";

/** What a model needs to be used without its table. */
export interface TrendFacts {
  /** The mean and the standard deviation of the targets that it was trained on. */
  readonly mean: number;
  readonly deviation: number;
}

export interface Part {
  readonly items: ItemStore<Float32Array>;
  readonly targets: Float32Array;
}

export interface TrendData {
  readonly train: Part;
  readonly validation: Part;
  readonly facts: TrendFacts;
  readonly fingerprint: string;
}

/**
 * The numbers of a line.
 * @param where the line stands, for the error: "table.csv:3"
 * @throws InputError where it holds anything but numbers
 */
export function parseRow(line: string, where: string): number[] {
  const values = line.split(",").map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell)));
  if (values.length >= 2 && values.every(Number.isFinite)) return values;
  throw new InputError(`${where} must hold at least two numbers, got '${line.slice(0, 60)}'`, {
    hint: "put commas between the numbers of a row, and no header above them",
  });
}

/** The built-in table: noisy lines, whose value three steps behind their end is asked for. */
function makeTable(): string {
  let state = 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
  const row = () => {
    const [start, slope, length] = [2 * random(), random(), 6 + Math.floor(8 * (random() + 0.5))];
    const values = Array.from({ length }, (_, t) => start + slope * t + 0.1 * random());
    return [...values, start + slope * (length + 2)].map((value) => value.toFixed(4)).join(",");
  };
  return Array.from({ length: 600 }, row).join("\n");
}

interface Table {
  readonly rows: number[][];
  /** The SHA-256 of the text. */
  readonly fingerprint: string;
}

async function readSource(source: DataSource, hooks: LoadHooks): Promise<Table> {
  return readTable((await source.readText(hooks)).text(), source.description);
}

async function readTable(text: string, name: string): Promise<Table> {
  const lines = text.split(/\r?\n/);
  const rows = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [parseRow(line, `${name}:${index + 1}`)],
  );
  return { rows, fingerprint: await sha256Hex(new TextEncoder().encode(text)) };
}

function partOf(rows: readonly number[][]): Part {
  const items = frameItems(
    rows.map((row) => row.slice(0, -1)),
    1,
  );
  return { items: items.store, targets: Float32Array.from(rows, (row) => row[row.length - 1]) };
}

export async function loadTable(
  request: LoadRequest<TrendSettings, TrendFacts>,
  hooks: LoadHooks,
): Promise<Loaded<TrendSettings, TrendData>> {
  const { source, validation: held, settings, known } = request;
  const table = await (source === undefined
    ? readTable(makeTable(), "the built-in table")
    : readSource(source, hooks));
  const other = held && (await readSource(held, hooks));
  const counts = { rows: table.rows.length };
  request.verify({ fingerprint: table.fingerprint, counts, validation: other?.fingerprint });
  const { train, validation } = tailSplit(table.rows.length, other === undefined ? settings.valSplit : 0);
  const [first, last] = [train, validation].map((indices) =>
    partOf(Array.from(indices, (i) => table.rows[i])),
  );
  const mean = first.targets.reduce((sum, y) => sum + y, 0) / first.targets.length;
  const variance = first.targets.reduce((sum, y) => sum + (y - mean) ** 2, 0) / first.targets.length;
  const facts = known?.facts ?? { mean, deviation: Math.sqrt(variance) || 1 };
  const data = { train: first, validation: other === undefined ? last : partOf(other.rows), facts };
  return { settings, data: { ...data, fingerprint: table.fingerprint } };
}

export async function loadTestTable(
  { source, facts }: TestRequest<TrendSettings, TrendConfig, TrendFacts>,
  hooks: LoadHooks,
): Promise<TrendData> {
  const { rows, fingerprint } = await readSource(source, hooks);
  return { train: partOf([]), validation: partOf(rows), facts, fingerprint };
}

export function describeFacts(data: TrendData): DataFacts<TrendFacts> {
  const rows = data.train.targets.length + data.validation.targets.length;
  return { fingerprint: data.fingerprint, counts: { rows }, facts: data.facts };
}
