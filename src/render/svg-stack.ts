/** Pictures below each other in one. */
import { InputError } from "../core/errors.ts";
import { escapeHtml } from "./escape-html.ts";

const SIZE = /^<svg [^>]*width="(\d+(?:\.\d+)?)" height="(\d+(?:\.\d+)?)"/;

/**
 * One SVG of several, which keep their styles and titles.
 * @param svgs pictures of this package, each with a width and a height in pixels
 * @param title of all, for who does not see them
 */
export function svgStack(svgs: readonly string[], title: string): string {
  let [width, height] = [0, 0];
  const placed = svgs.map((svg) => {
    const found = SIZE.exec(svg);
    if (found === null) throw new InputError("svgStack: a picture must begin with its width and height");
    const nested = svg.replace("<svg ", `<svg y="${height}" `);
    width = Math.max(width, Number(found[1]));
    height += Number(found[2]);
    return nested;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${escapeHtml(title)}</title>`,
    ...placed,
    "</svg>",
  ].join("\n");
}
