/** Options of the command line from the schema of a task. */
import type { Command } from "commander";
import { checkOption, flagOf, OPTION_GROUPS, type TaskOption } from "../tasks/option-schema.ts";
import { groupHelp } from "./help.ts";
import { numberOf } from "./values.ts";

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

/** It stays undefined when it is not given: a resumed run keeps its own. */
function addOption(command: Command, name: string, option: TaskOption): void {
  const flag = flagOf(name);
  const shown = option.shownDefault === undefined ? "" : ` (default: ${option.shownDefault})`;
  const text = `${option.text}${shown}`;
  if (option.kind === "flag") {
    command.option(flag, text);
  } else if (option.kind === "number") {
    command.option(`${flag} <${option.value}>`, text, numberOf(flag));
  } else {
    const value = option.value ?? "NAME";
    command.option(`${flag} <${value}>`, text, (given) => {
      checkOption(name, option, given);
      return given;
    });
  }
}
