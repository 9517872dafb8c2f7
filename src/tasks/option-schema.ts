/**
 * Options of a task, each declared once. From a schema come the flags and their help, the checks of what was given,
 * the checks of a run.json, and the names of differences when a run is resumed.
 */
import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Range } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** Headings of `--help`, in their order. */
export const OPTION_GROUPS = [
  "Model",
  "Data",
  "How long",
  "Training",
  "Run",
  "Machine",
  "Search",
  "Output",
] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

/**
 * What an option decides: the shapes of the weights and what they stand for (`model`), what is read (`data`), the
 * result of a training (`training`), or none of these (`run`). A resumed run keeps the first three.
 */
export type OptionRole = "model" | "data" | "training" | "run";

interface OptionBase {
  readonly group: OptionGroup;
  readonly role: OptionRole;
  /** What it is, in a line of `--help`. */
  readonly text: string;
  /** What `--help` shows as the default; nothing where it is undefined. */
  readonly shownDefault?: string | number;
  /** Whether `null` is a value of a run's settings: "not set". */
  readonly nullable?: boolean;
  /** The value that runs have which were made before there was this option. */
  readonly before?: string | number | boolean | null;
}

/** `--hidden N` */
export interface NumberOption extends OptionBase {
  readonly kind: "number";
  /** Stands for the value in `--help`: N, X, P. */
  readonly value: string;
  /** The values that a person may give. */
  readonly range: Range;
}

/** `--optimizer NAME` */
export interface ChoiceOption extends OptionBase {
  readonly kind: "choice";
  readonly value?: string;
  readonly choices: readonly string[];
  /** Other values that are accepted, as the file of a cell; `hint` names them in errors. */
  readonly orElse?: { readonly text: string; readonly hint: string; fits(value: string): boolean };
}

/** `--out DIR` */
export interface TextOption extends OptionBase {
  readonly kind: "text";
  readonly value: string;
  /** What it names: an empty value is refused. Undefined: any text. */
  readonly names?: "file" | "folder";
  /** Whether it may be given several times; in code a list, then. */
  readonly repeats?: boolean;
}

/** `--bidirectional` */
export interface FlagOption extends OptionBase {
  readonly kind: "flag";
}

export type TaskOption = NumberOption | ChoiceOption | TextOption | FlagOption;

/** One declaration for each option, under its name in code: `batchSize` is `--batch-size`. */
export type OptionSchema<Options> = { readonly [Name in keyof Options & string]-?: TaskOption };

/** `batchSize` -> `--batch-size` */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * @param name of the option, as in the schema
 * @throws InputError naming the flag, what it must be and what it was
 */
export function checkOption(name: string, option: TaskOption, value: unknown): void {
  const flag = flagOf(name);
  if (option.kind === "number") {
    if (option.range.fits(value)) return;
    throw new InputError(`${flag} must be ${option.range.text}, got ${showValue(value)}`);
  }
  if (option.kind === "flag") {
    if (typeof value === "boolean") return;
    throw new InputError(`${flag} must be true or false, got ${showValue(value)}`);
  }
  if (option.kind === "text" && option.repeats && Array.isArray(value) && value.length > 0) {
    for (const one of value) checkOption(name, { ...option, repeats: false }, one);
    return;
  }
  if (typeof value !== "string") throw new InputError(`${flag} must be a text, got ${showValue(value)}`);
  if (option.kind === "text") {
    if (value !== "" || option.names === undefined) return;
    throw new InputError(`${flag} must name a ${option.names}, got nothing`);
  }
  checkChoice(flag, option, value);
}

function checkChoice(flag: string, { choices, orElse }: ChoiceOption, value: string): void {
  if (choices.includes(value) || orElse?.fits(value)) return;
  const meant = nearest(value, choices);
  const names = choices.length === 1 ? choices[0] : `one of ${choices.join(", ")}`;
  throw new InputError(
    `${flag} must be ${names}${orElse === undefined ? "" : ` ${orElse.text}`}, got '${value}'`,
    {
      hint: meant === undefined ? orElse?.hint : `did you mean ${meant}?`,
    },
  );
}

/**
 * Check every option that has a value.
 * @throws InputError naming the first that is wrong, and for a name that is no option
 */
export function checkOptions(schema: Readonly<Record<string, TaskOption>>, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(schema, name)) throw new InputError(`there is no option ${showValue(name)}`);
    if (value !== undefined) checkOption(name, schema[name], value);
  }
}

/** The options of a schema that were given a value. */
export function pickOptions<Options extends object>(
  schema: OptionSchema<Options>,
  options: Readonly<Record<string, unknown>>,
): Partial<Options> {
  const entries = Object.keys(schema).map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<Options>;
}

/**
 * The settings of a file: every option of the schema with a value that a person could have given; other names are left
 * out. An option that is younger than the file has the value that it had before.
 * @throws InputError naming the setting that is missing or wrong
 */
export function parseSettings<Settings extends object>(
  schema: OptionSchema<Settings>,
  values: Readonly<Record<string, unknown>>,
): Settings {
  const settings: Record<string, unknown> = {};
  for (const [name, option] of Object.entries<TaskOption>(schema)) {
    const value = values[name] === undefined ? option.before : values[name];
    if (value === undefined) throw new InputError(`${name} is missing`);
    if (!(value === null && option.nullable)) checkOption(name, option, value);
    settings[name] = value;
  }
  return settings as Settings;
}

/** Names of options whose values differ, of those that decide something. */
export function findDifferingOptions<Settings extends object>(
  schema: OptionSchema<Settings>,
  given: Partial<Settings>,
  stored: Settings,
): (keyof Settings & string)[] {
  const names = Object.keys(given) as (keyof Settings & string)[];
  return names.filter((name) => schema[name].role !== "run" && given[name] !== stored[name]);
}
