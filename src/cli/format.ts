/** Texts as people read them. */
import { escapeControl } from "../core/errors.ts";
import { breakAnywhere } from "../render/text-width.ts";

export { shellWord } from "../core/shell-word.ts";
export { clock, comparison, count, nats, percent, speed } from "../render/numbers.ts";
export { fitTo, widthOf, wrapWords } from "../render/text-width.ts";

/** A text in lines of at most so many columns, tabs as two spaces and other control characters escaped. */
export function linesOf(text: string, columns: number): string[] {
  return showControl(text)
    .split("\n")
    .flatMap((line) => breakAnywhere(line, columns));
}

/** A text with tabs as two spaces and control characters escaped, all but line ends. */
export function showControl(text: string): string {
  const lines = text.replaceAll("\t", "  ").split("\n");
  return lines.map(escapeControl).join("\n");
}
