import type { Command, Option } from "commander";

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
