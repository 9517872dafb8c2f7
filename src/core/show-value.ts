/** How many elements of a list, and characters of a text, a message repeats. */
const LONGEST_LIST = 8;
const LONGEST_TEXT = 60;

/** A value from a caller, for an error message: on one line, short, and without ever throwing itself. */
export function showValue(value: unknown, depth = 2): string {
  if (typeof value === "string") {
    const text = value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}...` : value;
    return JSON.stringify(text);
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return showList(value, depth);
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  if (typeof name !== "string" || name === "Object" || name === "") return "an object";
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}

function showList(list: readonly unknown[], depth: number): string {
  if (depth === 0) return "[...]";
  const shown = Array.from(list.slice(0, LONGEST_LIST), (part) => showValue(part, depth - 1));
  if (list.length > LONGEST_LIST) shown.push("...");
  return `[${shown.join(", ")}]`;
}
