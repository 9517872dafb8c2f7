/** How commands are declared: what their modules export, their help, and options with strict values. */
import { type Command, Option } from "commander";
import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { checkOption, flagOf, OPTION_GROUPS, type TaskOption } from "../tasks/option-schema.ts";
import { SEARCH_OPTIONS } from "../tasks/search-options.ts";

/** What each command's module exports. */
export interface CommandModule {
  /**
   * Adds arguments, options and help.
   * @param args of the whole command line
   * @returns what the command does after parsing; it resolves to the exit status
   */
  define(command: Command, args: readonly string[]): (() => Promise<number>) | Promise<() => Promise<number>>;
  /** Subcommands, such as `hello` in `unrolled demo hello`. */
  readonly SUBCOMMANDS?: readonly CommandEntry[];
}

/** A command by its name. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Only the command that is used is loaded, so that `sample` starts quickly. */
  readonly load: () => Promise<CommandModule>;
}

/** Shows `--hidden N` instead of `--hidden <N>`, and describes arguments above the options. */
export const HELP = {
  optionTerm: (option: Option) => option.flags.replace(/[<>]/g, ""),
  visibleArguments: () => [],
};

/** Put `--help` and the options that follow under a heading. */
export function groupHelp(command: Command, heading: string): Command {
  command.addHelpOption(command.createOption("-h, --help", "print this help").helpGroup(heading));
  return command.optionsGroup(heading);
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE = /^([+-]?)(nan|inf|infinity)$/i;

/** Decimal numbers; also nan and inf, which the range check then refuses by name. */
export function parseNumber(flag: string): (text: string) => number {
  return (text) => {
    const value = text.trim();
    if (DECIMAL.test(value)) return Number(value);
    const [, sign, name] = NOT_FINITE.exec(value) ?? [];
    if (name === undefined) throw new InputError(`${flag} must be a number, got '${text}'`);
    if (name.toLowerCase() === "nan") return Number.NaN;
    return sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  };
}

export function parseChoice<Name extends string>(
  flag: string,
  names: readonly Name[],
): (text: string) => Name {
  return (text) => {
    const choice = names.find((name) => name === text);
    if (choice !== undefined) return choice;
    const meant = nearest(text, names);
    const expected = names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
    throw new InputError(`${flag} must be ${expected}, got '${text}'`, {
      hint: meant === undefined ? undefined : `did you mean ${meant}?`,
    });
  };
}

/** The name of a file or folder. */
export function parsePath(flag: string, what: "file" | "folder" = "folder"): (text: string) => string {
  return (text) => {
    if (text === "") throw new InputError(`${flag} must name a ${what}, got nothing`);
    return text;
  };
}

export function backendOption(): Option {
  return new Option("--backend <NAME>", "auto, native, wasm or reference (default: auto)").argParser(
    parseChoice("--backend", ["auto", "native", "wasm", "reference"]),
  );
}

/** Of the commands that compute with a run's weights. */
export function weightsOption(): Option {
  return new Option(
    "--weights <FORMAT>",
    "f32, bf16 or int8: smaller is faster and rounds (default: f32)",
  ).argParser(parseChoice("--weights", ["f32", "bf16", "int8"]));
}

/** Of the commands that open a run. */
export function cellOption(): Option {
  return new Option(
    "--cell <FILE>",
    "the run's own cell (default: the file that you named before)",
  ).argParser(parsePath("--cell", "file"));
}

/** Of the commands whose result can be looked at. */
export function pictureOption(): Option {
  return new Option("--picture <FILE>", "write a picture of the result, as SVG").argParser(
    parsePath("--picture", "file"),
  );
}

/** Of the commands that open a run. */
export function taskOption(): Option {
  return new Option(
    "--task <FILE>",
    "the run's own task (default: the file that you named before)",
  ).argParser(parsePath("--task", "file"));
}

/** Add the options of a schema under their headings. */
export function addSchemaOptions(command: Command, schema: Readonly<Record<string, TaskOption>>): void {
  for (const group of OPTION_GROUPS) {
    const options = Object.entries(schema).filter(([, option]) => option.group === group);
    if (options.length === 0 && group !== "Output") continue;
    if (group === "Output") groupHelp(command, "Output:");
    else command.optionsGroup(`${group}:`);
    for (const [name, option] of options) addOption(command, name, option);
  }
}

/** Of the commands that apply a trained model. */
export function addSearchOptions(command: Command): void {
  command.optionsGroup("Search, for models that write sequences:");
  for (const [name, option] of Object.entries<TaskOption>(SEARCH_OPTIONS)) addOption(command, name, option);
  command.optionsGroup("Options:");
}

/** It stays undefined when it is not given: a resumed run keeps its own. */
function addOption(command: Command, name: string, option: TaskOption): void {
  const flag = flagOf(name);
  const ending = option.shownDefault === undefined ? "" : ` (default: ${option.shownDefault})`;
  const help = `${option.text}${ending}`;
  if (option.kind === "flag") {
    command.option(flag, help);
    // Data may ask for a setting that a person does not want.
    if (option.role !== "run") command.addOption(new Option(`--no-${flag.slice(2)}`).hideHelp());
  } else if (option.kind === "number") {
    command.option(`${flag} <${option.value}>`, help, parseNumber(flag));
  } else {
    const value = option.value ?? "NAME";
    const repeats = option.kind === "text" && option.repeats;
    command.option(`${flag} <${value}>`, help, (text, before?: string | string[]) => {
      checkOption(name, option, text);
      return repeats && before !== undefined ? [before, text].flat() : text;
    });
  }
}
