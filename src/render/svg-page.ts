/** Several drawings in one SVG, one below the other, which follows the viewer's light or dark theme. */
import { escapeHtml } from "./escape-html.ts";

/** A drawing of its own size; its elements begin at 0, 0. */
export interface SvgPart {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly elements: readonly string[];
}

const MARGIN = 16;
const GAP = 28;
const LEAST_WIDTH = 360;

/** Every colour has a dark and a light form; strengths become opacity, so that they lie between the page and the colour. */
const STYLE = `
.sp { --page: #ffffff; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --panel: #f4f6f9; --main: #1d5fa8; --other: #c2410c; --on: #ffffff; }
@media (prefers-color-scheme: dark) {
  .sp { --page: #14181f; --ink: #e4e8ee; --soft: #9aa5b4; --line: #303845; --panel: #1c222c; --main: #4d94e8; --other: #f0742e; --on: #0b0e13; }
}
.sp .page { fill: var(--page); }
.sp .panel { fill: var(--panel); }
.sp text { fill: var(--soft); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.sp .label { fill: var(--ink); white-space: pre; }
.sp .heading { fill: var(--ink); font-size: 14px; font-weight: 600; }
.sp .end { text-anchor: end; }
.sp .middle { text-anchor: middle; }
.sp .main { fill: var(--main); }
.sp .strong { fill: var(--main); font-weight: 600; }
.sp .faint { opacity: 0.55; }
.sp .line { stroke: var(--line); fill: none; }
.sp .way { stroke: var(--main); stroke-width: 2; fill: none; }
`;

/**
 * @param title what is shown
 * @param description the same in words, for who does not see the picture
 */
export function svgPage(parts: readonly SvgPart[], title: string, description: string): string {
  const width = Math.ceil(Math.max(LEAST_WIDTH, ...parts.map((part) => part.width + 2 * MARGIN)));
  let y = MARGIN;
  const placed = parts.map((part) => {
    const group = [`<g transform="translate(${MARGIN} ${y})">`, ...part.elements, "</g>"].join("\n");
    y += Math.ceil(part.height) + GAP;
    return group;
  });
  const height = y - GAP + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sp" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeHtml(title)}</title>`,
    `<desc>${escapeHtml(description)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...placed,
    "</svg>",
  ].join("\n");
}

/** To a tenth of a pixel. */
export const pixels = (value: number): number => Math.round(10 * value) / 10;
