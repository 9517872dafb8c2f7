import { escapeControl } from "../core/errors.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as it is, in an element or in a quoted attribute; control characters become visible, line breaks stay. */
export function escapeHtml(text: string): string {
  return text
    .split("\n")
    .map((line) => escapeControl(line.replaceAll("\t", "  ")))
    .join("\n")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
