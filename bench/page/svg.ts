/** Pieces that both plots share: they follow the reader's light or dark mode, and fit a phone's width. */

export const WIDTH = 440;

/** Colours of the series in their order, told apart in both modes and by the colour-blind (after Okabe and Ito). */
const SERIES = [
  { light: "#0072b2", dark: "#56b4e9" },
  { light: "#d55e00", dark: "#ff8c42" },
  { light: "#008b68", dark: "#2fd0a5" },
  { light: "#a8538a", dark: "#e39cc6" },
];

const STYLE = `
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px }
.quiet { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.axis { stroke: #59636e; stroke-width: 1 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
${SERIES.map(({ light }, at) => seriesRule(at, light)).join("\n")}
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.quiet { fill: #9198a1 }
.grid { stroke: #3d444d }
.axis { stroke: #9198a1 }
${SERIES.map(({ dark }, at) => seriesRule(at, dark)).join("\n")}
}`;

function seriesRule(at: number, colour: string): string {
  return `.line.s${at} { stroke: ${colour} } .mark.s${at}, text.s${at} { fill: ${colour} }`;
}

/** A whole file. @param title also what a screen reader says */
export function svg(height: number, title: string, body: readonly string[]): string {
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `role="img" aria-label="${escaped(title)}">`;
  return `${[head, `<style>${STYLE}\n</style>`, text(0, 14, title, "title"), ...body, "</svg>"].join("\n")}\n`;
}

export function text(
  x: number,
  y: number,
  words: string,
  kind = "",
  anchor: "start" | "middle" | "end" = "start",
): string {
  const attributes = `${kind && ` class="${kind}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}`;
  return `<text x="${at(x)}" y="${at(y)}"${attributes}>${escaped(words)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line class="${kind}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;
}

/** A coordinate: a tenth of a pixel is enough, and the same on every machine. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
