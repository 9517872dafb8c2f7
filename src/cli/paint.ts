import { styleText } from "node:util";

export type Style = Extract<Parameters<typeof styleText>[0], string>;

/**
 * Text in colour, where the stream shows colours: styleText follows NO_COLOR, FORCE_COLOR and isTTY. One style at a
 * time, since Node 20 paints a list of them whatever the stream is.
 */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return text === "" ? "" : styleText(style, text, { stream });
}
