import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { FUNCTION, OBJECT, type Range, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import type { Task } from "./task.ts";

const NAME: Range = {
  text: "a name of letters, digits and dashes",
  fits: (value) => typeof value === "string" && /^[a-z][a-z0-9-]{0,31}$/.test(value),
};

/** What a task has to have, and what it may have. */
const REQUIRED: Partial<Record<keyof Task, Range>> = {
  name: NAME,
  summary: TEXT,
  words: OBJECT,
  help: OBJECT,
  options: OBJECT,
  complete: FUNCTION,
  unit: FUNCTION,
  load: FUNCTION,
  loadTest: FUNCTION,
  facts: FUNCTION,
  configure: FUNCTION,
  parse: FUNCTION,
  build: FUNCTION,
  plan: FUNCTION,
  loss: FUNCTION,
  evaluation: FUNCTION,
  score: FUNCTION,
  baselines: FUNCTION,
  view: OBJECT,
};

const OPTIONAL: Partial<Record<keyof Task, Range>> = {
  standardOf: FUNCTION,
  leastConfig: FUNCTION,
  settingsOf: FUNCTION,
  trainingBytes: FUNCTION,
  leastParameters: FUNCTION,
  isRandom: FUNCTION,
  guess: FUNCTION,
  check: FUNCTION,
  differences: FUNCTION,
  carried: FUNCTION,
  parts: { text: "a list of names", fits: (value) => Array.isArray(value) && value.every(TEXT.fits) },
  language: OBJECT,
  sample: FUNCTION,
  predict: FUNCTION,
  predictFile: FUNCTION,
  readsWholeFile: FUNCTION,
  details: FUNCTION,
  start: FUNCTION,
  adopt: FUNCTION,
  picture: FUNCTION,
  predictionPicture: FUNCTION,
  checks: FUNCTION,
};

/**
 * A task that somebody else has written.
 * @param where what holds it, for messages
 * @throws InputError naming the member that is missing, wrong or unknown
 */
export function checkTask(where: string, value: object): Task {
  const members = value as Record<string, unknown>;
  for (const [name, range] of Object.entries(REQUIRED)) {
    if (range.fits(members[name])) continue;
    const got = members[name] === undefined ? "none" : showValue(members[name]);
    throw new InputError(`${where}: the task's ${name} must be ${range.text}, got ${got}`);
  }
  for (const [name, range] of Object.entries(OPTIONAL)) {
    if (members[name] === undefined || range.fits(members[name])) continue;
    throw new InputError(
      `${where}: the task's ${name} must be ${range.text}, got ${showValue(members[name])}`,
    );
  }
  const known = [...Object.keys(REQUIRED), ...Object.keys(OPTIONAL)];
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, known);
    throw new InputError(`${where}: a task has no member ${showValue(unknown)}`, {
      hint: meant === undefined ? undefined : `did you mean ${meant}?`,
    });
  }
  return value as Task;
}
