/** A table: each row of a CSV file is a sequence of numbers, and the last column is what is to be predicted. */
import { frameItems, type ItemStore, tailSplit } from "unrolled/data";
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

/** @throws Error naming the line that is no list of numbers */
export function parseRow(line: string, number: number): number[] {
  const values = line.split(",").map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell)));
  if (values.length >= 2 && values.every(Number.isFinite)) return values;
  throw new Error(`line ${number} must hold at least two numbers between commas, got '${line.slice(0, 60)}'`);
}

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
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

async function readTable(text: string): Promise<{ rows: number[][]; fingerprint: string }> {
  const lines = text.split(/\r?\n/);
  const rows = lines.flatMap((line, index) => (line.trim() === "" ? [] : [parseRow(line, index + 1)]));
  return { rows, fingerprint: await sha256(text) };
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
  const table = await readTable(source === undefined ? makeTable() : (await source.readText(hooks)).text());
  const other = held && (await readTable((await held.readText(hooks)).text()));
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
  const { rows, fingerprint } = await readTable((await source.readText(hooks)).text());
  return { train: partOf([]), validation: partOf(rows), facts, fingerprint };
}

export function describeFacts(data: TrendData): DataFacts<TrendFacts> {
  const rows = data.train.targets.length + data.validation.targets.length;
  return { fingerprint: data.fingerprint, counts: { rows }, facts: data.facts };
}
