import { escapeControl } from "./errors.ts";

/** The most characters of a text, and elements of a list, that a message shows. */
const LONGEST_TEXT = 60;
const LONGEST_LIST = 8;

/** A caller's value for an error message: short, on one line. Never throws. */
export function showValue(value: unknown, depth = 2): string {
  try {
    return describe(value, depth);
  } catch {
    // A proxy or a getter of the caller threw. Its error is not the one to report.
    return "an object that cannot be read";
  }
}

function describe(value: unknown, depth: number): string {
  if (typeof value === "string") {
    const text = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}...` : value;
    return escapeControl(JSON.stringify(text));
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return escapeControl(String(value));
  if (Array.isArray(value)) return showList(value, depth);
  const { dtype, shape } = value as { dtype?: unknown; shape?: unknown };
  if (typeof dtype === "string" && Array.isArray(shape)) return `a tensor ${showList(shape, depth)}`;
  const name: unknown = value.constructor?.name;
  if (typeof name !== "string" || name === "Object" || name === "") return "an object";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${escapeControl(name)}`;
}

function showList(list: readonly unknown[], depth: number): string {
  if (depth === 0) return "[...]";
  const shown = Array.from(list.slice(0, LONGEST_LIST), (part) => showValue(part, depth - 1));
  if (list.length > LONGEST_LIST) shown.push("...");
  return `[${shown.join(", ")}]`;
}
