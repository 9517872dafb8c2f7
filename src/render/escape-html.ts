import { escapeControl } from "../core/errors.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes a text for an element or a quoted attribute. Control characters are shown as such, line breaks stay. */
export function escapeHtml(text: string): string {
  return text
    .split("\n")
    .map((line) => escapeControl(line.replaceAll("\t", "  ")))
    .join("\n")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
