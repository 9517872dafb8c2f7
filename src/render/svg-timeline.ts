/** Labels over time as coloured bands: a picture of its own, which follows the viewer's light or dark theme. */
import { escapeHtml } from "./escape-html.ts";
import { percent } from "./numbers.ts";
import { fitTo, widthOf } from "./text-width.ts";
import {
  coloursOf,
  isRight,
  type Stretch,
  shareRight,
  shorten,
  stretchesOf,
  type Timeline,
  type TimelineSequence,
} from "./timeline.ts";

export interface SvgTimelineOptions {
  /** What is shown, for the title: `validation`. */
  readonly subject?: string;
}

/** More are too many to look at. */
const MOST_SEQUENCES = 12;
const MOST_STEPS = 4000;
const MOST_WORDS = 32;
/** Further labels have the colours of the first ones. */
const COLOURS = 12;

const WIDTH = 960;
const MARGIN = 16;
/** Room at the left for "predicted". */
const NAMES = 74;
const BAND = 20;
const GAP = 3;
const MISTAKES = 5;
/** Of a letter of 12 pixels. */
const LETTER = 6.9;

const LIGHT = [
  "1d5fa8",
  "d97706",
  "2f855a",
  "b83280",
  "6b46c1",
  "0891b2",
  "a16207",
  "e11d48",
  "4d7c0f",
  "7c3f00",
  "475569",
  "0f766e",
];
const DARK = [
  "5ea0ee",
  "f59e42",
  "5cc389",
  "ee7cc0",
  "a78bfa",
  "38c8e8",
  "dbb33c",
  "fb7185",
  "a3d14f",
  "cf935a",
  "94a3b8",
  "3ccfc0",
];

const declare = (colours: readonly string[]) =>
  colours.map((colour, at) => `--c${at}: #${colour};`).join(" ");

const STYLE = `
.tl { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --none: #f4f6f9; --neutral: #d3d9e1; --wrong: #d11a2a; --on: #ffffff; ${declare(LIGHT)} }
@media (prefers-color-scheme: dark) {
  .tl { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #303845; --none: #1c222c; --neutral: #3c4656; --wrong: #ff6b76; --on: #0b0e13; ${declare(DARK)} }
}
.tl .page { fill: var(--page); }
.tl text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.tl .heading { fill: var(--ink); font-size: 15px; font-weight: 600; }
.tl .name { fill: var(--ink); font-weight: 600; }
.tl .word { fill: var(--ink); text-anchor: middle; }
.tl .end { text-anchor: end; }
.tl .middle { text-anchor: middle; }
.tl .inside { fill: var(--on); font-size: 11px; text-anchor: middle; pointer-events: none; }
.tl .inside.dark { fill: var(--ink); }
.tl .none { fill: var(--none); }
.tl .neutral { fill: var(--neutral); }
.tl .wrong { fill: var(--wrong); }
.tl .line { stroke: var(--line); fill: none; }
${LIGHT.map((_, at) => `.tl .c${at} { fill: var(--c${at}); }`).join(" ")}
`;

interface Picture {
  readonly labels: readonly string[];
  readonly classes: readonly string[];
}

/** Where the steps of a sequence begin, in pixels, and where the last one ends: [steps + 1]. */
type Edges = readonly number[];

/**
 * For each sequence a band with the true labels, where they are known, one with the predicted ones, and a line of marks
 * under the steps that are wrong. Of more than 12 sequences the first are shown.
 */
export function svgTimeline(timeline: Timeline, options: SvgTimelineOptions = {}): string {
  const isOfWords = timeline.sequences.some(({ words }) => words !== undefined);
  const { labels, sequences } = shorten(timeline, MOST_SEQUENCES, isOfWords ? MOST_WORDS : MOST_STEPS);
  const classes = coloursOf(labels).map((colour) => (colour < 0 ? "neutral" : `c${colour % COLOURS}`));
  const picture: Picture = { labels, classes };
  const longest = Math.max(1, ...sequences.map(({ predicted }) => predicted.length));
  const parts: string[] = [];
  const heading = options.subject === undefined ? "Labels over time" : `Labels over time: ${options.subject}`;
  let y = MARGIN + 30;
  const legend = drawLegend(picture, y);
  parts.push(...legend.parts);
  y = legend.bottom + 14;
  let right = WIDTH;
  for (const sequence of sequences) {
    const edges = edgesOf(sequence, longest);
    right = Math.max(right, edges[edges.length - 1] + MARGIN);
    const drawn = drawSequence(sequence, edges, y, picture);
    parts.push(...drawn.parts);
    y = drawn.bottom + 18;
  }
  if (timeline.sequences.length > sequences.length) {
    parts.push(
      `<text x="${MARGIN}" y="${y}">and ${timeline.sequences.length - sequences.length} more</text>`,
    );
    y += 18;
  }
  const [width, height] = [Math.ceil(right), Math.ceil(y)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="tl" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(heading)}</title>`,
    `<desc>${escapeHtml(sequences.map((one) => describe(one, labels)).join(" "))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN}" y="${MARGIN + 14}">${escapeHtml(heading)}</text>`,
    ...parts,
    "</svg>",
  ].join("\n");
}

function edgesOf({ predicted, words }: TimelineSequence, longest: number): Edges {
  const left = MARGIN + NAMES;
  const steps = predicted.length;
  if (words === undefined) {
    const scale = (WIDTH - MARGIN - left) / longest;
    return Array.from({ length: steps + 1 }, (_, t) => round(left + t * scale));
  }
  const edges = [left];
  for (const word of words) edges.push(edges.at(-1)! + Math.max(52, widthOf(fitTo(word, 20)) * LETTER + 12));
  return edges;
}

function drawSequence(
  sequence: TimelineSequence,
  edges: Edges,
  top: number,
  picture: Picture,
): { readonly parts: string[]; readonly bottom: number } {
  const { name, truth, predicted, words } = sequence;
  const share = shareRight(sequence);
  const right = share === undefined ? "" : `: ${percent(share)} right`;
  const parts = [
    `<text class="name" x="${MARGIN}" y="${top + 12}">${escapeHtml(name)}<tspan font-weight="400">${right}</tspan></text>`,
  ];
  let y = top + 20;
  for (const [t, word] of (words ?? []).entries()) {
    const middle = round((edges[t] + edges[t + 1]) / 2);
    parts.push(`<text class="word" x="${middle}" y="${y + 12}">${escapeHtml(fitTo(word, 20))}</text>`);
  }
  if (words !== undefined) y += 18;
  const bands = [
    ...(truth === undefined ? [] : [["truth", truth] as const]),
    ["predicted", predicted] as const,
  ];
  for (const [what, labels] of bands) {
    parts.push(`<text class="end" x="${MARGIN + NAMES - 8}" y="${y + 14}">${what}</text>`);
    // Neighbouring words of one label stay apart, since each is a unit of its own.
    const stretches =
      words === undefined
        ? stretchesOf(labels)
        : Array.from(labels, (label, t): Stretch => ({ label, from: t, to: t + 1 }));
    parts.push(...stretches.flatMap((stretch) => drawStretch(stretch, edges, y, picture)));
    y += BAND + GAP;
  }
  parts.push(...drawMistakes(sequence, edges, y));
  y += MISTAKES + 2;
  if (words === undefined) {
    parts.push(...drawSteps(edges, y));
    y += 14;
  }
  return { parts, bottom: y };
}

function drawStretch(
  { label, from, to }: Stretch,
  edges: Edges,
  y: number,
  { labels, classes }: Picture,
): string[] {
  const [x, width] = [edges[from], round(edges[to] - edges[from])];
  const name = label < 0 ? "no label" : labels[label];
  const steps = to - from === 1 ? `step ${from}` : `steps ${from} to ${to - 1}`;
  const gap = width > 4 ? 1 : 0;
  const rect =
    `<rect class="${label < 0 ? "none" : classes[label]}" x="${x}" y="${y}" width="${round(width - gap)}" height="${BAND}">` +
    `<title>${escapeHtml(`${name}: ${steps}`)}</title></rect>`;
  const room = Math.floor((width - 6) / LETTER);
  const shown = label < 0 || room < 2 ? "" : fitTo(name, room);
  if (shown === "" || (shown !== name && room < 4)) return [rect];
  const dark = classes[label] === "neutral" ? " dark" : "";
  const middle = round(x + width / 2);
  return [rect, `<text class="inside${dark}" x="${middle}" y="${y + 14}">${escapeHtml(shown)}</text>`];
}

function drawMistakes(sequence: TimelineSequence, edges: Edges, y: number): string[] {
  const marks = Array.from(sequence.predicted, (_, t) => (isRight(sequence, t) === false ? 1 : 0));
  return stretchesOf(marks)
    .filter(({ label }) => label === 1)
    .map(({ from, to }) => {
      const width = Math.max(1, round(edges[to] - edges[from] - (edges[to] - edges[from] > 4 ? 1 : 0)));
      return `<rect class="wrong" x="${edges[from]}" y="${y}" width="${width}" height="${MISTAKES - 1}"><title>wrong</title></rect>`;
    });
}

/** Numbers of some steps below a sequence. */
function drawSteps(edges: Edges, y: number): string[] {
  const steps = edges.length - 1;
  const perStep = (edges[steps] - edges[0]) / steps;
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((one) => one * perStep >= 60) ?? 2000;
  return Array.from({ length: Math.ceil(steps / every) }, (_, at) => {
    const place = round((edges[at * every] + edges[at * every + 1]) / 2);
    return `<text class="middle" x="${place}" y="${y + 10}">${at * every}</text>`;
  });
}

function drawLegend({ labels, classes }: Picture, top: number): { parts: string[]; bottom: number } {
  const parts: string[] = [];
  let [x, y] = [MARGIN, top];
  const entries = [
    ...labels.map((label, at) => ({ name: fitTo(label, 24), kind: classes[at] })),
    { name: "wrong", kind: "wrong" },
  ];
  for (const { name, kind } of entries) {
    const width = 16 + Math.ceil(widthOf(name) * LETTER) + 14;
    if (x + width > WIDTH - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + 18];
    const height = kind === "wrong" ? MISTAKES - 1 : 11;
    parts.push(
      `<rect class="${kind}" x="${x}" y="${y + (kind === "wrong" ? 6 : 0)}" width="11" height="${height}"/>`,
      `<text x="${x + 16}" y="${y + 10}">${escapeHtml(name)}</text>`,
    );
    x += width;
  }
  return { parts, bottom: y + 16 };
}

/** In words, for those who do not see the picture. */
function describe(sequence: TimelineSequence, labels: readonly string[]): string {
  const share = shareRight(sequence);
  const stretches = stretchesOf(sequence.predicted).slice(0, 12);
  const named = stretches.map(({ label, from, to }) => `${labels[label] ?? "none"} ${from} to ${to - 1}`);
  const right = share === undefined ? "" : `, ${percent(share)} of the labelled steps right`;
  return `${sequence.name}${right}; predicted: ${named.join(", ")}.`;
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
