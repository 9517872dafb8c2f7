/** How good outputs are by the length of their inputs: as a drawing for SVG, and in the cells of a terminal. */
import { escapeHtml } from "./escape-html.ts";
import { pixels, type SvgPart } from "./svg-page.ts";

/** Inputs of some lengths. */
export interface LengthValue {
  /** From and to, both included. */
  readonly from: number;
  readonly to: number;
  /** Inputs of these lengths. */
  readonly items: number;
  /** From 0 to 100. */
  readonly value: number;
}

const PLOT = { width: 520, height: 130, left: 40, top: 34 };
const TICKS = [0, 25, 50, 75, 100];
const MOST_NAMES = 20;

const nameOf = ({ from, to }: LengthValue): string => (from === to ? `${from}` : `${from}-${to}`);

/** A bar for each of the lengths, from 0 to 100. @param what "BLEU by length of the source" */
export function lengthsPart(values: readonly LengthValue[], what: string): SvgPart {
  const { width, height, left, top } = PLOT;
  const room = width / Math.max(1, values.length);
  const every = Math.ceil(values.length / MOST_NAMES);
  const bottom = top + height;
  return {
    width: left + width,
    height: bottom + 36,
    elements: [
      `<text class="heading" x="0" y="14">${escapeHtml(what)}</text>`,
      `<rect class="panel" x="${left}" y="${top}" width="${width}" height="${height}"/>`,
      ...TICKS.map((tick) => {
        const y = pixels(bottom - (height * tick) / 100);
        return `<path class="line" d="M${left} ${y}h${width}"/><text class="end" x="${left - 6}" y="${y + 4}">${tick}</text>`;
      }),
      ...values.map((value, at) => {
        const size = (height * Math.min(100, Math.max(0, value.value))) / 100;
        const title = `${nameOf(value)}: ${value.value.toFixed(1)}, ${value.items} in all`;
        return `<rect class="main" x="${pixels(left + at * room + 1)}" y="${pixels(bottom - size)}" width="${pixels(Math.max(1, room - 2))}" height="${pixels(Math.max(1, size))}"><title>${escapeHtml(title)}</title></rect>`;
      }),
      ...values.map((value, at) =>
        at % every === 0
          ? `<text class="middle" x="${pixels(left + (at + 0.5) * room)}" y="${bottom + 16}">${nameOf(value)}</text>`
          : "",
      ),
      `<text class="middle" x="${left + width / 2}" y="${bottom + 34}">symbols of the source</text>`,
    ],
  };
}

/** More lines than this are joined. */
const MOST_LINES = 12;

/** A line for each of the lengths, neighbours joined where there are many: the value, and how many there are. */
export function terminalLengths(
  values: readonly LengthValue[],
  what: string,
  { columns, unicode }: { readonly columns: number; readonly unicode: boolean },
): string[] {
  const rows = joinValues(values, MOST_LINES);
  const name = Math.max(0, ...rows.map((row) => nameOf(row).length));
  const bar = Math.min(40, columns - name - 20);
  if (bar < 8 || rows.length < 2) return [];
  const lines = rows.map((row) => {
    const size = Math.round((bar * row.value) / 100);
    const drawn = (unicode ? "█" : "#").repeat(size).padEnd(bar);
    return `${nameOf(row).padStart(name)} ${drawn} ${row.value.toFixed(1).padStart(5)}  of ${row.items}`;
  });
  return [what, ...lines];
}

/** Neighbours together, each counting by its items. */
function joinValues(values: readonly LengthValue[], most: number): LengthValue[] {
  const size = Math.ceil(values.length / most);
  const joined: LengthValue[] = [];
  for (let at = 0; at < values.length; at += size) {
    const group = values.slice(at, at + size);
    const items = group.reduce((sum, value) => sum + value.items, 0);
    const value = group.reduce((sum, one) => sum + one.items * one.value, 0) / Math.max(1, items);
    joined.push({ from: group[0].from, to: group[group.length - 1].to, items, value });
  }
  return joined;
}
