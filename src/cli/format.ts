/** Formats texts for the terminal. */
import { escapeControl } from "../core/errors.ts";
import { breakAnywhere } from "../render/text-width.ts";

export { shellWord } from "../core/shell-word.ts";
export { clock, comparison, count, nats, percent, speed } from "../render/numbers.ts";
export { fitTo, widthOf, wrapWords } from "../render/text-width.ts";

/** Wrap a text to a number of columns. Tabs become two spaces; other control characters are escaped. */
export function linesOf(text: string, columns: number): string[] {
  return showControl(text)
    .split("\n")
    .flatMap((line) => breakAnywhere(line, columns));
}

/** Replace tabs by two spaces and escape all other control characters except line ends. */
export function showControl(text: string): string {
  const lines = text.replaceAll("\t", "  ").split("\n");
  return lines.map(escapeControl).join("\n");
}
