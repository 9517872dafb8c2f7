import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Text for stderr in colour, where stderr shows colours: styleText follows NO_COLOR, FORCE_COLOR and isTTY. */
export function paint(style: Style, text: string): string {
  return text === "" ? "" : styleText(style, text, { stream: process.stderr });
}
